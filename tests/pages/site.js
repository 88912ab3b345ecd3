// Looks at a server's pages. Arguments: its address, the browser, paths of pages as JSON, beginnings of paths that somebody else answers.
//
// Each page is validated as HTML, asked for without script, and looked at on a wide and a narrow screen, in light and in dark: its landmarks, whether
// it is wider than the screen, what axe finds, what the browser complains of. Then every link is followed. Prints a line for what is wrong.

const fs = require("node:fs");
const { chromium } = require("playwright-core");
const { HtmlValidate, StaticConfigLoader } = require("html-validate");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [base, executablePath, listed, others] = process.argv.slice(2);
const paths = JSON.parse(listed);
const SCREENS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 }, only: ["color-contrast"] },
  { name: "phone", colorScheme: "light", viewport: { width: 390, height: 844 } },
  { name: "phone in the dark", colorScheme: "dark", viewport: { width: 390, height: 844 }, only: ["color-contrast"] },
];
// A telephone number stands as it was written; the style sheet keeps it in one line.
const rules = { "long-title": "off", "no-trailing-whitespace": "off", "tel-non-breaking": "off" };
const wrong = [];
const MOST = 400;

async function asked(path) {
  const answer = await fetch(base + path, { headers: { accept: "text/html" }, redirect: "manual" });
  return { status: answer.status, kind: answer.headers.get("content-type") ?? "", text: await answer.text() };
}

/** What a validator of HTML says. */
async function valid(validator, path, text) {
  const report = await validator.validateString(text, path);
  for (const { messages } of report.results) messages.slice(0, 5).forEach((each) => wrong.push(`${path}:${each.line}:${each.column} ${each.ruleId}: ${each.message}`));
}

/** The page as somebody sees it who has no script. */
async function bare(page, path) {
  await page.goto(base + path);
  const counts = {};
  for (const name of ["h1", "main", "body > header", "body > footer", "nav[aria-label='Main']", "a[aria-current='page']"]) counts[name] = await page.locator(name).count();
  for (const [name, count] of Object.entries(counts)) {
    const least = name.includes("aria-current") ? 0 : 1;
    if (count > 1 || count < least) wrong.push(`${path}: ${name} is there ${count} times`);
  }
  if (!(await page.locator("h1").isVisible())) wrong.push(`${path}: nothing is to be seen without script`);
}

async function looked(page, path, screen) {
  const says = (what) => wrong.push(`${path}, ${screen.name}: ${what}`);
  page.removeAllListeners("console");
  page.on("console", (message) => message.type() === "error" && says(`the browser says ${message.text()}`));
  page.removeAllListeners("dialog");
  page.on("dialog", (dialog) => says(`it says ${dialog.message()}`));
  page.removeAllListeners("request");
  page.on("request", (request) => request.url().startsWith(base) || request.url().startsWith("data:") || says(`it asks for ${request.url()}`));
  await page.goto(base + path);
  const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide[0] > wide[1]) says(`it is ${wide[0]} px wide, the screen ${wide[1]} px`);
  await page.evaluate(axe);
  // A report within a page lets nothing run in it; it is looked at by itself.
  const options = { resultTypes: ["violations"], iframes: false, ...(screen.only && { runOnly: screen.only }) };
  const { violations } = await page.evaluate((options) => window.axe.run(document, options), options);
  for (const { id, help, nodes } of violations) says(`${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
}

/** Follows the links of all pages, each once. */
async function followed(pages) {
  const links = new Map();
  for (const [path, text] of pages) {
    for (const [, href] of text.matchAll(/<a [^>]*href="([^"]*)"/g)) {
      const target = href.replaceAll("&amp;", "&");
      if (/^(https?:|mailto:|tel:)/.test(target)) continue;
      const [way, part] = target.split("#");
      if (way === "" && part && !text.includes(`id="${part}"`)) wrong.push(`${path}: there is no #${part}`);
      if (way !== "") links.set(new URL(way, base + path).href.slice(base.length), path);
    }
  }
  const skip = (path) => JSON.parse(others).some((begin) => path.startsWith(begin) || (begin.startsWith("*") && path.endsWith(begin.slice(1))));
  let count = 0;
  for (const [target, path] of [...links].filter(([target]) => !skip(target)).slice(0, MOST)) {
    count += 1;
    const { status } = await asked(target);
    if (status >= 400) wrong.push(`${path}: the link to ${target} leads to ${status}`);
  }
  return count;
}

(async () => {
  const browser = await chromium.launch({ executablePath });
  const validator = new HtmlValidate(new StaticConfigLoader({ extends: ["html-validate:recommended"], rules, root: true }));
  const pages = new Map();
  const scriptless = await (await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })).newPage();
  for (const path of paths) {
    const { status, kind, text } = await asked(path);
    if (status !== 200 || !kind.startsWith("text/html")) wrong.push(`${path}: ${status}, ${kind}`);
    pages.set(path, text);
    await valid(validator, path, text);
    await bare(scriptless, path);
  }
  await Promise.all(SCREENS.map(async (screen) => {
    const { name, only, ...options } = screen;
    const context = await browser.newContext(options);
    const page = await context.newPage();
    for (const path of paths) await looked(page, path, screen);
    await context.close();
  }));
  await browser.close();
  const links = await followed(pages);
  wrong.forEach((line) => console.log(line));
  console.log(`pages: ${paths.length}, links: ${links}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
})();
