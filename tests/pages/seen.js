// Looks at the pages of a folder, the first argument, in the browser that the second names: on a wide screen, in the dark, on a narrow screen, on
// paper, and without scripts. Prints a line for what is wrong with one; ends with exit code 0 where nothing is.

const fs = require("node:fs");
const path = require("node:path");
const zlib = require("node:zlib");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [folder, executablePath] = process.argv.slice(2);
const SCREENS = [
  { name: "light", colorScheme: "light", viewport: { width: 1200, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1200, height: 900 }, only: ["color-contrast"] },
  { name: "narrow", colorScheme: "light", viewport: { width: 380, height: 800 } },
];
const wrong = [];

/** A page on a screen; whatever it asks for besides itself, and whatever the browser complains of, is wrong. */
async function opened(browser, file, screen, more = {}) {
  const { name, only, ...options } = screen;
  const context = await browser.newContext({ ...options, ...more, offline: true });
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const says = (what) => wrong.push(`${path.basename(file)}, ${name}: ${what}`);
  page.on("request", (request) => request.url().split("#")[0] === url || says(`it asks for ${request.url()}`));
  page.on("console", (message) => says(`the browser says ${message.text()}`));
  page.on("dialog", (dialog) => says(`it says ${dialog.message()}`));
  await page.goto(url);
  return { context, page, says };
}

/** What axe finds, and whether the page is wider than the screen. */
async function looked(browser, file, screen) {
  const { context, page, says } = await opened(browser, file, screen);
  const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide[0] > wide[1]) says(`it is ${wide[0]} px wide, the screen ${wide[1]} px`);
  const landmarks = await page.evaluate(() => ["header", "nav", "main", "footer", "h1"].filter((name) => document.querySelectorAll(name).length !== 1));
  if (landmarks.length > 0) says(`not once: ${landmarks}`);
  await page.evaluate(axe);
  const options = { resultTypes: ["violations"], ...(screen.only && { runOnly: screen.only }) };
  const { violations, passes } = await page.evaluate((options) => window.axe.run(document, options), options);
  for (const { id, help, nodes } of violations) says(`${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
  if (!passes.some(({ id }) => id === "color-contrast")) says("no contrast was measured");
  await context.close();
}

/** How many words each page of a PDF shows. */
function words(pdf) {
  const text = pdf.toString("latin1");
  const object = (number) => {
    const begin = text.search(new RegExp(`(^|\\n)${number} 0 obj`));
    const stream = text.indexOf("stream\n", begin) + "stream\n".length;
    return zlib.inflateSync(pdf.subarray(stream, text.indexOf("\nendstream", stream))).toString("latin1");
  };
  const pages = [...text.matchAll(/\/Type \/Page\n[^]*?\/Contents (\d+) 0 R/g)];
  return pages.map(([, contents]) => (object(contents).match(/\bT[jJ]\b/g) ?? []).length);
}

async function printed(browser, file) {
  for (const format of ["A4", "Letter"]) {
    const { context, page, says } = await opened(browser, file, { name: format, colorScheme: "dark" }, { javaScriptEnabled: false });
    const shown = words(await page.pdf({ format, preferCSSPageSize: false }));
    // Texts of 5,000 letters take their room.
    const most = path.basename(file).startsWith("hostile") ? 60 : 14;
    if (shown.length < 1 || shown.length > most) says(`${shown.length} pages`);
    if (shown.some((count) => count < 3)) says(`a page is blank: ${shown}`);
    await context.close();
  }
}

(async () => {
  const browser = await chromium.launch({ executablePath });
  const files = fs.readdirSync(folder).filter((name) => name.endsWith(".html")).map((name) => path.join(folder, name));
  for (const file of files) {
    for (const screen of SCREENS) await looked(browser, file, screen);
    await printed(browser, file);
  }
  await browser.close();
  wrong.forEach((line) => console.log(line));
  console.log(`pages: ${files.length}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
})();
