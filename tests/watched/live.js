// A quarter's drill, as people do it: finds on the overview what is overdue, begins its drill, watches it on a wide screen and on a telephone, answers
// what its runbook asks, reads it without a script, stops it, reads its report, and gives what it found to somebody.

const { url, DESKTOP, PHONE, WITHOUT_SCRIPT, page, shown, seen, holds, main } = require("./browser.js");
const { finds_the_overdue_one, reads_its_report, assigns_a_finding, is_kept_again } = require("./pages.js");

/** Chooses on the pages that begin drills; ends at the live page. */
async function begins(desk, phone) {
  await desk.getByRole("link", { name: /Drill it now/ }).first().click();
  await desk.getByText("The most that it can cost").waitFor();
  await desk.getByRole("link", { name: /Choose another scenario/ }).click();
  await seen(desk, "3-choice-desktop");
  await desk.getByRole("radio", { name: /asked/ }).check();
  await desk.getByRole("button", { name: "Show what it would do" }).click();
  await desk.getByText("The most that it can cost").waitFor();
  await desk.getByLabel("Your name").fill("Ann");
  await desk.getByLabel("Why").fill("third quarter");
  await seen(desk, "3-plan-desktop");
  await phone.goto(desk.url());
  await seen(phone, "3-plan-phone");
  await desk.getByRole("button", { name: "Begin the drill" }).press("Enter");
  await desk.waitForURL(/\/drills\/[^/]+\/live$/);
}

/** Answers, while others watch. */
async function answers(desk, phone, plain) {
  await phone.goto(desk.url());
  const yes = desk.getByRole("button", { name: "yes", exact: true });
  await yes.waitFor();
  const elapsed = desk.locator("#lv-clock dd").first();
  const comment = desk.getByLabel(/Comment/);
  await comment.fill("it is");
  const before = await elapsed.textContent();
  await desk.waitForFunction((before) => document.querySelector("#lv-clock dd").textContent !== before, before);
  await comment.pressSequentially(" so");
  holds("what is typed stays while the page moves on", (await comment.inputValue()) === "it is so");
  holds("the page keeps the focus", await comment.evaluate((field) => field === document.activeElement));
  holds("the picture is drawn", (await desk.locator("#lv-picture svg:visible path").count()) > 2);
  await seen(desk, "4-question-desktop");
  await phone.getByRole("button", { name: "yes", exact: true }).waitFor();
  await seen(phone, "4-question-phone");

  await plain.goto(desk.url());
  holds("without a script everything is there", (await plain.getByText("Confirm the switch").count()) > 0);
  holds("without a script the question can be answered", await plain.getByRole("button", { name: "yes", exact: true }).isVisible());
  holds("while a question is open it does not load itself again", (await plain.locator("meta[http-equiv=refresh]").count()) === 0);
  await shown(plain, "4-question-no-script");

  await desk.getByLabel("Your name").fill("Ann");
  await yes.click();
  // The next step asks as well, and who answers is somebody else.
  await phone.getByRole("checkbox", { name: "The status page" }).check();
  await phone.getByLabel("Your name").fill("Bob");
  await seen(phone, "4-ticks-phone");
  await phone.getByRole("button", { name: "Tick off" }).tap();
  // What is ticked is not asked again, and the rest is.
  await desk.getByRole("checkbox", { name: "The status page" }).waitFor({ state: "detached" });
  await desk.getByRole("checkbox", { name: "The chat of the team" }).waitFor();
}

/** Stops it, once it has shown whether the promise is kept. */
async function stops(desk, phone, plain) {
  await desk.waitForFunction(() => Number(/in force for (\d+) s/.exec(document.getElementById("lv-faults").textContent)?.[1]) >= 8);
  await desk.getByText("Stop this drill").click();
  await seen(desk, "5-stop-desktop");
  await desk.getByRole("button", { name: "Stop it now" }).click();
  await phone.getByText(/Verdict: /).waitFor();
  await desk.getByText(/Verdict: /).waitFor();
  await plain.goto(desk.url());
  holds("without a script one sees how it went", await plain.getByText(/Verdict: /).isVisible());
  holds("the step that was answered is done or was taken back", await desk.locator("#lv-steps li", { hasText: "Confirm the switch" }).getByText(/done|taken back/).isVisible());
  await seen(desk, "5-ended-desktop");
  await seen(phone, "5-ended-phone");
}

main(async (browser) => {
  const [desk, phone, plain] = await Promise.all([DESKTOP, PHONE, WITHOUT_SCRIPT].map((screen) => page(browser, screen)));
  await finds_the_overdue_one(desk, phone, plain);
  await begins(desk, phone);
  await answers(desk, phone, plain);
  await stops(desk, phone, plain);
  await reads_its_report(desk, phone, plain);
  await assigns_a_finding(desk, phone, plain);
  await is_kept_again(desk);
  holds("the pages are those of the server that was asked for", desk.url().startsWith(url));
});
