// What both scripts share: a browser, pages whose every complaint is told, a look for what keeps people out, and screenshots.

const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [url, executablePath, shots] = process.argv.slice(2);
const wrong = [];

const DESKTOP = { name: "desktop", viewport: { width: 1200, height: 900 } };
const PHONE = { name: "phone", viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true };
const WITHOUT_SCRIPT = { name: "without a script", viewport: { width: 390, height: 844 }, javaScriptEnabled: false };

/** A page of its own; whatever the browser complains of is wrong. */
async function page(browser, { name, ...options }) {
  const context = await browser.newContext(options);
  const opened = await context.newPage();
  opened.setDefaultTimeout(40000);
  opened.on("console", (message) => message.text().includes("favicon") || message.type() !== "error" || /404 .*Not Found/.test(message.text()) || wrong.push(`${name}: ${message.text()}`));
  opened.on("pageerror", (error) => wrong.push(`${name}: ${error.message}`));
  return opened;
}

/** What axe finds, whether it is wider than the screen; and a screenshot. */
async function seen(page, what) {
  await page.screenshot({ path: path.join(shots, `${what}.png`), fullPage: true });
  const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide[0] > wide[1]) wrong.push(`${what} is ${wide[0]} px wide, the screen ${wide[1]} px`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, help, nodes } of violations) wrong.push(`${what}: ${id}: ${help}: ${nodes.slice(0, 2).map((node) => node.html.slice(0, 200)).join(" | ")}`);
}

/** Says that something holds, or that it does not. */
function holds(what, is) {
  if (!is) wrong.push(`not so: ${what}`);
}

/** Runs all of it, prints what is wrong, and ends with 0 where nothing is. */
function main(all) {
  (async () => {
    const browser = await chromium.launch({ executablePath });
    try {
      await all(browser);
    } catch (error) {
      wrong.push(String(error.stack || error));
    }
    await browser.close();
    wrong.forEach((line) => console.log(line));
    console.log(wrong.length > 0 ? "wrong" : "all is well");
    process.exitCode = wrong.length > 0 ? 1 : 0;
  })();
}

module.exports = { url, DESKTOP, PHONE, WITHOUT_SCRIPT, page, seen, holds, main };
