//! Where requests went and who refused what: each once met and once missed, by drills of the lab's own gateway.

use crate::support::{Project, Run};
use serde_json::Value;

const INVENTORY: &str = "\
version: 1
providers:
  first:
    dialect: azure-openai
    residency: eu
    simulation: &guarded {first_token_p50: 20ms, first_token_p95: 30ms, tail_share: 0%, tokens: 200/s, refuses: [{user: intern}, {contains: payroll}]}
  second: {dialect: openai, residency: eu, simulation: *guarded}
  open:
    dialect: openai
    residency: eu
    simulation: &open {first_token_p50: 20ms, first_token_p95: 30ms, tail_share: 0%, tokens: 200/s}
  abroad: {dialect: openai, residency: us, simulation: *open}
services:
  chat: {criticality: recoverable, providers: [first, second, abroad], objectives: &promised {rto: 2500ms, slo: {first_token: 500ms}, deadline: 3s, success: 90%, stable_for: 5s, lag_max: 500ms, residency: [eu]}}
  loose: {criticality: recoverable, providers: [first, open, abroad], objectives: *promised}
environments:
  lab: {embedded: true, gateway: &gateway {try_timeout: 2s, breaker: {failures: 3, cooldown: 500ms, probes: 1}}}
  keeps: {embedded: true, gateway: {try_timeout: 2s, breaker: {failures: 3, cooldown: 500ms, probes: 1}, residency: kept}}
";

/// The primary is down, and for a while its first standby too.
fn scenario(service: &str, standby: &str) -> String {
    format!(
        "version: 1
scenario: both-down
title: Both in the EU are down
service: {service}
traffic: {{rate: 20/s, request: chat-stream}}
timeline:
  baseline: 1500ms
  faults:
    - {{at: 0s, on: first, fault: {{status: {{code: 503}}}}, for: 8s}}
    - {{at: 0s, on: {standby}, fault: {{status: {{code: 503}}}}, for: 1s}}
  watch: 500ms
parity:
  - {{name: no right, prompt: \"What is our refund policy?\", user: intern, expect: refused}}
  - {{name: the policy, prompt: \"Show me the payroll.\", expect: refused}}
  - {{name: a right, prompt: \"What is our refund policy?\", user: agent, expect: answered}}
"
    )
}

fn drilled(environment: &str, service: &str, standby: &str) -> (Project, Run) {
    let project = Project::empty();
    project.write("runbooks/inventory.yaml", INVENTORY).write("scenarios/both-down.yaml", &scenario(service, standby));
    let run = project.lifeboat(&["run", "scenarios/both-down.yaml", "--env", environment, "--seed", "2a", "--out", "drill"]);
    (project, run)
}

fn objective(verdict: &Value, name: &str) -> String {
    let all = verdict["objectives"].as_array().unwrap();
    all.iter().find(|objective| objective["name"] == name).unwrap_or_else(|| panic!("{verdict}"))["verdict"].as_str().unwrap().to_owned()
}

/// At the same time, for each takes ten seconds.
#[test]
fn where_requests_went_and_who_refused_is_met_and_missed() {
    std::thread::scope(|scope| {
        scope.spawn(a_route_outside_is_refused_before_the_call_and_refusals_are_alike);
        a_gateway_that_goes_abroad_and_a_standby_without_refusals_are_missed_with_what_shows_it();
    });
}

fn a_route_outside_is_refused_before_the_call_and_refusals_are_alike() {
    let (project, run) = drilled("keeps", "chat", "second");
    run.exits_with(0);
    let verdict = project.json("drill/verdict.json");
    assert_eq!((objective(&verdict, "residency"), objective(&verdict, "parity")), ("met".into(), "met".into()), "{verdict}");
    let residency = &verdict["residency"];
    assert_eq!((&residency["outside"], &residency["unseen"]), (&serde_json::json!([]), &0.into()), "{residency}");
    assert!(residency["attempts"].as_u64().unwrap() > 100, "{residency}");
    assert!(verdict["measures"]["bad"].as_u64().unwrap() > 10, "users lost requests, and that was promised: {verdict}");
    let policy = &verdict["parity"][1];
    assert_eq!(
        (&policy["name"], &policy["primary"][0]["by"], &policy["standby"][0]["by"]),
        (&"the policy".into(), &"first".into(), &"second".into())
    );
    assert!(policy["standby"][0]["times"].as_u64().unwrap() >= 3, "{policy}");
    let report = project.lifeboat(&["report", "drill"]);
    report.exits_with(0).says("Where requests went").says("What primary and standby refuse").says("requests go to eu only");
    // What was judged is judged again, from the history alone.
    project.lifeboat(&["judge", "drill"]).exits_with(0);
}

fn a_gateway_that_goes_abroad_and_a_standby_without_refusals_are_missed_with_what_shows_it() {
    let (project, run) = drilled("lab", "loose", "open");
    run.exits_with(1);
    let verdict = project.json("drill/verdict.json");
    assert_eq!(
        (objective(&verdict, "residency"), objective(&verdict, "rto")),
        ("missed".into(), "met".into()),
        "users felt little: {verdict}"
    );
    let outside = &verdict["residency"]["outside"][0];
    assert_eq!((&outside["provider"], &outside["residency"]), (&"abroad".into(), &"us".into()));
    assert!(outside["attempts"].as_u64().unwrap() > 5 && outside["first_request"].is_u64(), "{outside}");
    let first = outside["first_ms"].as_f64().unwrap();
    assert!((-50.0..2000.0).contains(&first), "nothing went there before the fault: {outside}");
    assert_eq!(objective(&verdict, "parity"), "missed", "{verdict}");
    let report = project.lifeboat(&["report", "drill"]);
    report.exits_with(0).says("residency-missed").says("parity-missed").says("reached abroad (us), the first, request ");
    report.says("Take the provider out of the routes of this service");
    // A provider that says nothing of itself cannot be held against it.
    project.edit("runbooks/inventory.yaml", "abroad: {dialect: openai, residency: us,", "abroad: {dialect: openai,");
    let checked = project.lifeboat(&["check"]);
    checked.says("the provider `abroad` says no residency").says("write `residency: …` to `abroad`");
}
