// What a person does with the pages before and after a drill: the overview, the schedule that is overdue, the report, a finding that gets an owner.

const { url, shown, seen, holds } = require("./browser.js");

/** Finds what is overdue, on each screen; the wide one stays at its schedule. */
async function finds_the_overdue_one(desk, phone, plain) {
  for (const [here, screen] of [[desk, "desktop"], [phone, "phone"], [plain, "no-script"]]) {
    const look = here === plain ? shown : seen;
    await here.goto(`${url}/`);
    await here.getByRole("heading", { name: /is overdue/ }).waitFor();
    await look(here, `1-overview-${screen}`);
    await here.getByRole("link", { name: "chat-quarterly", exact: true }).first().click();
    await here.getByRole("heading", { level: 1, name: "chat-quarterly" }).waitFor();
    holds(`the schedule says that it is overdue (${screen})`, await here.getByText(/overdue/).first().isVisible());
    await look(here, `2-overdue-${screen}`);
  }
  await desk.goto(`${url}/schedules`);
  await seen(desk, "2-schedules-desktop");
  // The first stop of the keyboard leads past the navigation.
  await desk.keyboard.press("Tab");
  holds("the keyboard can skip the navigation", (await desk.evaluate(() => document.activeElement.textContent)) === "Skip to the content");
  await desk.goto(`${url}/`);
}

/** Reads the report of the drill that has just ended, with and without a script; `desk` and `phone` are at its live page. */
async function reads_its_report(desk, phone, plain) {
  for (const [here, screen] of [[desk, "desktop"], [phone, "phone"], [plain, "no-script"]]) {
    await here.getByRole("link", { name: "Read the report" }).click();
    await here.waitForURL(/\/drills\/20[^/]+$/);
    await here.getByRole("heading", { name: "Report" }).waitFor();
    const report = here.frameLocator("iframe.report");
    await report.getByRole("heading", { level: 1 }).waitFor();
    holds(`the report has the reason (${screen})`, (await report.getByText("third quarter").count()) > 0);
    holds(`the page knows that the drill is over (${screen})`, (await here.getByText("This drill runs now").count()) === 0);
    await here.locator("iframe.report").scrollIntoViewIfNeeded();
    await (here === plain ? shown : seen)(here, `6-report-${screen}`);
  }
  await desk.goto(`${url}/drills`);
  holds("the drill is in the list", (await desk.locator("main a[href^='/drills/20']").count()) > 0);
  await seen(desk, "6-drills-desktop");
}

/** Gives a finding to somebody, on a telephone. */
async function assigns_a_finding(desk, phone, plain) {
  await desk.goto(`${url}/findings`);
  await seen(desk, "7-findings-desktop");
  await phone.goto(`${url}/findings`);
  const card = phone.locator("main ul.findings > li").first();
  await card.locator("summary").tap();
  await card.getByLabel("Owner").fill("Ann");
  await card.getByLabel("Until").fill("2099-01-31");
  await seen(phone, "7-finding-phone");
  await card.getByRole("button", { name: "Save" }).tap();
  await phone.getByText("With Ann, until 2099-01-31").first().waitFor();
  await seen(phone, "7-assigned-phone");
  await plain.goto(`${url}/findings?owner=Ann`);
  holds("without a script the finding has its owner", await plain.getByText("With Ann, until 2099-01-31").first().isVisible());
  await shown(plain, "7-assigned-no-script");
}

/** What was overdue was drilled. */
async function is_kept_again(desk) {
  await desk.goto(`${url}/`);
  await desk.getByText("Nothing is overdue.").waitFor();
  await seen(desk, "8-overview-desktop");
}

module.exports = { finds_the_overdue_one, reads_its_report, assigns_a_finding, is_kept_again };
