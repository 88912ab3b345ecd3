// Validates every page of a folder, the first argument, offline. Prints a line for what is wrong with one; ends with exit code 0 where nothing is.

const fs = require("node:fs");
const path = require("node:path");
const { HtmlValidate, StaticConfigLoader } = require("html-validate");

const rules = {
  // The picture's patterns take their colours from variables, which only a style can.
  "no-inline-style": "off",
  // A title is as long as the scenario's.
  "long-title": "off",
  "no-trailing-whitespace": "off",
};

(async () => {
  const validator = new HtmlValidate(new StaticConfigLoader({ extends: ["html-validate:recommended"], rules, root: true }));
  const folder = process.argv[2];
  const pages = fs.readdirSync(folder).filter((name) => name.endsWith(".html"));
  let wrong = 0;
  for (const name of pages) {
    const report = await validator.validateString(fs.readFileSync(path.join(folder, name), "utf8"), name);
    for (const { messages } of report.results) {
      wrong += messages.length;
      messages.slice(0, 10).forEach((each) => console.log(`${name}:${each.line}:${each.column} ${each.ruleId}: ${each.message}`));
    }
  }
  console.log(`pages: ${pages.length}`);
  process.exitCode = wrong > 0 ? 1 : 0;
})();
