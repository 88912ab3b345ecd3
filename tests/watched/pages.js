// What a person does with the pages around a drill: the overview, a report, the overdue schedule, a finding that gets an owner.

const { url, DESKTOP, PHONE, page, seen, holds, main } = require("./browser.js");

main(async (browser) => {
  for (const screen of [DESKTOP, PHONE]) {
    const here = await page(browser, screen);
    await here.goto(`${url}/`);
    await seen(here, `overview on ${screen.name}`);
    // The one that is overdue is told on the overview, and leads to its page.
    await here.getByRole("heading", { name: /overdue/i }).first().waitFor();
    await here.getByRole("link", { name: "chat-quarterly" }).first().click();
    await here.getByRole("heading", { level: 1 }).waitFor();
    await seen(here, `the overdue schedule on ${screen.name}`);
    await here.goto(`${url}/findings`);
    await seen(here, `findings on ${screen.name}`);
  }
  const desk = await page(browser, DESKTOP);
  await desk.goto(`${url}/drills`);
  await desk.locator("main a[href^='/drills/20']").first().click();
  await desk.getByRole("heading", { level: 1 }).waitFor();
  await seen(desk, "report");
  await desk.goto(`${url}/findings`);
  const form = desk.locator("main form", { has: desk.getByLabel("Owner") }).first();
  const opener = desk.locator("main details", { has: form }).first().locator("summary").first();
  if (await opener.count()) await opener.click();
  await form.getByLabel("Owner").fill("Ann");
  await form.getByRole("button", { name: "Save" }).click();
  await desk.goto(`${url}/findings`);
  holds("the finding has its owner", (await desk.content()).includes("Ann"));
});
