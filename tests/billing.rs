//! Price and billing scenarios: each that is shipped, on a quick lab, once met and once missed. The question is whether an alert fires and traffic moves
//! before the budget is gone.

use crate::support::{Project, Run};
use serde_json::Value;

/// Answers of the quick lab have some twenty tokens of prompts and eight of their own: some 0.0001 USD each at these prices.
const PRICE: &str = "price: {input: 2.50 USD, output: 10 USD}, simulation:";

/// A shipped scenario on the quick lab, with its runbook where it has one.
fn quick(scenario: &str, runbook: &str, edits: &[(&str, &str)]) -> Project {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "simulation: *quick", &PRICE.replace("simulation:", "simulation: *quick"));
    project.edit(
        "runbooks/inventory.yaml",
        "    simulation: &quick",
        "    price: {input: 2.50 USD, output: 10 USD}\n    simulation: &quick",
    );
    let objectives = "objectives: {rto: 2500ms, slo: {first_token: 900ms}, deadline: 2s, success: 90%, stable_for: 5s, lag_max: 500ms}";
    project.edit(
        "runbooks/inventory.yaml",
        "objectives: {rto: 2s, slo: {first_token: 250ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}",
        objectives,
    );
    project.edit(
        "runbooks/inventory.yaml",
        "providers: [first, second]",
        "providers: [first, second]\n    business: {revenue_per_request: 0.0005 USD}",
    );
    project.edit("runbooks/inventory.yaml", "try_timeout: 300ms", "try_timeout: 1s");
    let local = |text: &str| {
        let names =
            [("azure-swedencentral", "first"), ("openai-eu", "second"), ("support-chat", "chat"), ("owner: ai-platform-oncall\n", "")];
        let times =
            [("baseline: 4s", "baseline: 1500ms"), ("for: 24s", "for: 8s"), ("watch: 4s", "watch: 300ms"), ("watch: 8s", "watch: 300ms")];
        let rest = [
            ("rto: 12s", "rto: 2500ms"),
            ("rate: 20/s", "rate: 25/s"),
            ("standby over 2s", "standby over 500ms"),
            ("escalate: [{after: 12s, to: ai-platform-lead}]\n", ""),
        ];
        names.into_iter().chain(times).chain(rest).fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    project.write("scenarios/quick.yaml", &local(scenario));
    if !runbook.is_empty() {
        project.write("runbooks/move-off-a-dear-provider.yaml", &local(runbook));
    }
    for (from, to) in edits {
        let file =
            if project.holds("scenarios/quick.yaml", from) { "scenarios/quick.yaml" } else { "runbooks/move-off-a-dear-provider.yaml" };
        project.edit(file, from, to);
    }
    project
}

const RUNBOOK: &str = include_str!("../runbooks/move-off-a-dear-provider.yaml");
const PRICE_RISE: &str = include_str!("../scenarios/price/price-rise.yaml");
const BILLING_SPIKE: &str = include_str!("../scenarios/price/billing-spike.yaml");
const QUOTA_DRAINED: &str = include_str!("../scenarios/price/quota-drained.yaml");
const SPEND_CEILING: &str = include_str!("../scenarios/price/spend-ceiling.yaml");

/// What a drill left.
struct Drilled {
    project: Project,
    run: Run,
    verdict: Value,
    report: String,
}

impl Drilled {
    fn decision(&self, objective: &str) -> &str {
        let objectives = self.verdict["objectives"].as_array().unwrap_or_else(|| panic!("{:?}\n{:#}", self.run, self.verdict));
        let found = objectives.iter().find(|each| each["name"] == objective);
        found.and_then(|each| each["verdict"].as_str()).unwrap_or_else(|| panic!("no {objective} in {:#}", self.verdict))
    }

    fn spend(&self) -> &Value {
        &self.verdict["measures"]["spend"]
    }

    fn says(&self, text: &str) -> &Self {
        assert!(self.report.contains(text), "the report does not say {text:?}:\n{}", self.report);
        self
    }
}

fn drill(project: Project) -> Drilled {
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    let verdict = project.json("drill/verdict.json");
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    Drilled { project, run, verdict, report }
}

/// Drills of these projects beside each other: they mostly wait.
fn drills<const N: usize>(projects: [Project; N]) -> [Drilled; N] {
    let threads = projects.map(|project| std::thread::spawn(move || drill(project)));
    threads.map(|thread| thread.join().unwrap())
}

#[test]
fn traffic_moves_before_the_budget_is_gone_or_a_ceiling_keeps_it() {
    // A raised answer costs 0.0002 USD: the runbook begins after some fifteen, within a second.
    let early = ("spend: 0.03 USD", "spend: 0.003 USD");
    let [rise, spike, quota, ceiling] = drills([
        quick(PRICE_RISE, RUNBOOK, &[early, ("spend: 0.06 USD", "spend: 0.02 USD")]),
        quick(BILLING_SPIKE, RUNBOOK, &[early, ("spend: 0.10 USD", "spend: 0.04 USD")]),
        quick(QUOTA_DRAINED, "", &[("requests: 100", "requests: 20")]),
        quick(SPEND_CEILING, "", &[("spent: 49.98 USD", "spent: 49.998 USD"), ("spend: 0.06 USD", "spend: 0.02 USD")]),
    ]);
    for drilled in [&rise, &spike, &quota, &ceiling] {
        drilled.run.exits_with(0);
        assert_eq!((drilled.verdict["verdict"].as_str(), drilled.decision("rto")), (Some("met"), "met"), "{:#}", drilled.verdict);
    }
    for drilled in [&rise, &spike, &ceiling] {
        assert_eq!((drilled.decision("spend"), &drilled.spend()["moved"]), ("met", &Value::Bool(true)), "{:#}", drilled.spend());
    }
    // By hand: what a raised answer cost is half as much again as before, and a spike bills three times as much.
    let each = |drilled: &Drilled, part: &str| {
        let bill = drilled.spend()["bills"].as_array().unwrap().iter().find(|bill| bill["provider"] == "first").unwrap()[part].clone();
        let dollars: f64 = bill["at_most"].as_str().unwrap().trim_end_matches(" USD").parse().unwrap();
        dollars / bill["answers"].as_f64().unwrap()
    };
    for (drilled, factor) in [(&rise, 1.5), (&spike, 3.0)] {
        let ratio = each(drilled, "during") / each(drilled, "before");
        // Prompts differ by a word or two; answers under way when the fault came have the old price.
        assert!((ratio / factor - 1.0).abs() < 0.1, "{ratio} instead of {factor}: {:#}", drilled.spend());
    }
    rise.says("## Margin at the old and the new price").says("at the new price").says("The runbook move-off-a-dear-provider began");
    rise.says("A request earns 0.0005 USD, as the inventory says.");
    quota.says("quota-drained after 20 requests");
    // Every answer that was billed is in the history with its tokens, so that the bill can be reckoned again.
    let served = rise.project.events("drill").iter().filter(|event| event["served"]["tokens"].is_array()).count();
    let counted: u64 = rise.spend()["bills"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bill| bill["before"]["answers"].as_u64().unwrap() + bill["during"]["answers"].as_u64().unwrap())
        .sum();
    assert!(served as u64 >= counted && counted > 100, "{served} of {counted}");
    let refused =
        quota.project.events("drill").iter().filter(|event| event["served"]["by"] == "first" && event["served"]["status"] == 429).count();
    assert!(refused >= 5, "the breaker opens after five, not after {refused}");
}

#[test]
fn an_alert_that_comes_too_late_a_standby_of_the_same_account_and_a_ceiling_above_the_budget_miss() {
    let both = "\n    - {at: 0s, on: second, fault: {quota-drained: {}}, for: 8s}\n  watch";
    let [rise, spike, quota, ceiling] = drills([
        quick(PRICE_RISE, RUNBOOK, &[("spend: 0.06 USD", "spend: 0.003 USD")]),
        quick(
            BILLING_SPIKE,
            "",
            &[("runbook: runbooks/move-off-a-dear-provider.yaml", "runbook: none"), ("spend: 0.10 USD", "spend: 0.01 USD")],
        ),
        quick(QUOTA_DRAINED, "", &[("requests: 100", "requests: 20"), ("\n  watch", both)]),
        quick(SPEND_CEILING, "", &[("spent: 49.98 USD", "spent: 49.992 USD"), ("spend: 0.06 USD", "spend: 0.003 USD")]),
    ]);
    for drilled in [&rise, &spike, &quota, &ceiling] {
        drilled.run.exits_with(1);
        assert_eq!(drilled.verdict["verdict"], "missed", "{:#}", drilled.verdict);
    }
    for drilled in [&rise, &spike, &ceiling] {
        assert_eq!(drilled.decision("spend"), "missed", "{:#}", drilled.spend());
        drilled.says("budget-gone-unnoticed").says("budget-exceeded");
    }
    // Nobody was failed, and nobody moved: that is a miss, and no reason for doubt.
    assert_eq!((spike.decision("rto"), &spike.spend()["moved"]), ("missed", &Value::Bool(false)));
    spike.says("No alert came, and no runbook began.");
    rise.says("when the budget was gone already");
    assert_eq!(quota.decision("rto"), "missed");
}

#[test]
fn a_ceiling_without_a_price_is_refused_before_anything_is_sent() {
    let project = quick(SPEND_CEILING, "", &[]);
    project.edit(
        "runbooks/inventory.yaml",
        "    price: {input: 2.50 USD, output: 10 USD}\n    simulation: &quick",
        "    models: {chat: nobody-knows}\n    simulation: &quick",
    );
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "drill"]);
    run.says("the price of `first` is not known, so its `spend-ceiling` could not be counted").says("hint: add `price:");
    assert!(run.code != Some(0), "{run:?}");
    let check = quick(&PRICE_RISE.replace("factor: 1.5", "factor: 0.5"), RUNBOOK, &[]).lifeboat(&["check"]);
    check.says("`0.5` is not a factor from 1.001 to 1000");
    quick(&PRICE_RISE.replace("price-rise:", "price_rise:"), RUNBOOK, &[])
        .lifeboat(&["check"])
        .says("`price_rise` is not a fault")
        .says("did you mean `price-rise`");
}
