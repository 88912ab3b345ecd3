// What all of these scripts share: a browser, pages whose every complaint is told, a look for what keeps people out, and screenshots.

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
  opened.setDefaultTimeout(30000);
  opened.on("console", (message) => message.type() !== "error" || wrong.push(`${name}, ${opened.url()}: ${message.text()}`));
  opened.on("pageerror", (error) => wrong.push(`${name}, ${opened.url()}: ${error.message}`));
  return opened;
}

/** Whether it is wider than the screen, and a screenshot. */
async function shown(page, what) {
  await page.screenshot({ path: path.join(shots, `${what}.png`), fullPage: true });
  const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide[0] > wide[1]) wrong.push(`${what} is ${wide[0]} px wide, the screen ${wide[1]} px`);
}

/** The same, and what axe finds. */
async function seen(page, what) {
  await shown(page, what);
  await page.evaluate(axe);
  // A report within a page lets nothing run in it; `tests/pages` looks at reports by themselves.
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], iframes: false }));
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
      for (const [at, context] of browser.contexts().entries()) {
        for (const left of context.pages()) await left.screenshot({ path: path.join(shots, `failed-${at}.png`), fullPage: true }).catch(() => {});
      }
    }
    await browser.close();
    wrong.forEach((line) => console.log(line));
    console.log(wrong.length > 0 ? "wrong" : "all is well");
    process.exitCode = wrong.length > 0 ? 1 : 0;
  })();
}

module.exports = { url, DESKTOP, PHONE, WITHOUT_SCRIPT, page, shown, seen, holds, main };
