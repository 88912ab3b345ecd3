// Begins a drill of the lab on its page, watches it on a wide screen and on a telephone, answers what its runbook asks, reads it without a script,
// stops it, and reads how it went.

const { url, DESKTOP, PHONE, WITHOUT_SCRIPT, page, seen, holds, main } = require("./browser.js");

main(async (browser) => {
  const desk = await page(browser, DESKTOP);
  await desk.goto(`${url}/drills/new`);
  await desk.getByRole("radio", { name: /asked/ }).check();
  await desk.getByRole("button", { name: "Show what it would do" }).click();
  await desk.getByText("The most that it can cost").waitFor();
  await seen(desk, "plan");
  await desk.getByLabel("Your name").fill("Ann");
  await desk.getByLabel("Why").fill("third quarter");
  await desk.getByRole("button", { name: "Begin the drill" }).click();
  await desk.waitForURL(/\/drills\/[^/]+\/live$/);

  const phone = await page(browser, PHONE);
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
  await seen(desk, "question");
  await phone.getByRole("button", { name: "yes", exact: true }).waitFor();
  await seen(phone, "question-on-a-phone");

  const plain = await page(browser, WITHOUT_SCRIPT);
  await plain.goto(desk.url());
  holds("without a script everything is there", (await plain.getByText("Confirm the switch").count()) > 0);
  holds("without a script the question can be answered", await plain.getByRole("button", { name: "yes", exact: true }).isVisible());
  holds("while a question is open it does not load itself again", (await plain.locator("meta[http-equiv=refresh]").count()) === 0);

  await desk.getByLabel("Your name").fill("Ann");
  await yes.click();
  // The next step asks as well, and who answers is somebody else.
  await phone.getByRole("checkbox", { name: "The status page" }).check();
  await phone.getByLabel("Your name").fill("Bob");
  await phone.getByRole("button", { name: "Tick off" }).tap();
  await desk.getByRole("checkbox", { name: "The chat of the team" }).waitFor();
  holds("what is ticked is not asked again", (await desk.getByRole("checkbox").count()) === 1);

  await desk.getByText("Stop this drill").click();
  await desk.getByRole("button", { name: "Stop it now" }).click();
  await phone.getByText(/Verdict: /).waitFor();
  await desk.getByText(/Verdict: /).waitFor();
  await plain.goto(desk.url());
  holds("without a script one sees how it went", await plain.getByText(/Verdict: /).isVisible());
  holds("the step that was answered is done or was taken back", await desk.locator("#lv-steps li", { hasText: "Confirm the switch" }).getByText(/done|taken back/).isVisible());
  await seen(desk, "ended");
  await seen(phone, "ended-on-a-phone");
  holds("its report is one click away", (await desk.getByRole("link", { name: "Read the report" }).getAttribute("href")).startsWith("/drills/"));
});
