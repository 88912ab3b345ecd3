//! Whole drills, by the binary, as a user runs them: the shipped scenarios say what they must, and the instrument agrees with the reference
//! gateway's own record.

use crate::support::{Project, Run};
use serde_json::Value;

/// A moment of the history in nanoseconds since the drill's origin.
fn moment(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// What the reference gateway recorded itself: when the primary's breaker opened for the first time after the fault was in force.
fn breaker_opened_ms(events: &[Value]) -> f64 {
    let fault = events.iter().find_map(|event| event.get("fault_confirmed")).expect("a fault was confirmed");
    let (from, to) = (moment(&fault["lo"]), fault["hi"].as_f64().unwrap());
    let opened =
        events.iter().filter_map(|event| event.get("gateway")).find(|moved| moved["breaker"] == "open" && moment(&moved["at"]) > to);
    (moment(&opened.expect("the gateway gave the primary up")["at"]) - from) / 1e6
}

fn judged_the_same(project: &Project, drill: &str, code: i32) -> Run {
    let again = project.lifeboat(&["judge", drill, "--format", "json"]);
    again.exits_with(code);
    assert_eq!(
        again.stdout,
        std::fs::read_to_string(project.path(drill).join("verdict.json")).unwrap(),
        "a stored history gives the same verdict"
    );
    again
}

#[test]
fn the_shipped_outage_is_met_and_the_gateways_own_record_lies_in_the_interval() {
    let project = Project::shipped();
    project.lifeboat(&["run", "scenarios/azure-outage.yaml", "--seed", "2a", "--out", "drill"]).exits_with(0).says("met");
    let (verdict, events) = (project.json("drill/verdict.json"), project.events("drill"));
    assert_eq!(verdict["verdict"], "met");
    let cutover = &verdict["measures"]["cutover"];
    let opened = breaker_opened_ms(&events);
    let (lo, hi) = (cutover["lo_ms"].as_f64().unwrap(), cutover["hi_ms"].as_f64().unwrap());
    assert!(lo < opened && opened <= hi, "the gateway stayed on the standby from {opened} ms on, outside of ({lo}, {hi}]");
    assert!(hi - lo <= verdict["resolution_ms"].as_f64().unwrap());
    judged_the_same(&project, "drill", 0);
    let text = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    let requests = events.iter().filter(|event| event.get("request").is_some()).count();
    let per_request: usize =
        text.lines().filter(|line| line.contains("\"request\":{") || line.contains("\"served\":{")).map(|line| line.len() + 1).sum();
    assert!(per_request / requests <= 250, "{} bytes a request", per_request / requests);
}

#[test]
fn a_breaker_too_slow_for_the_objective_is_missed() {
    let project = Project::shipped();
    let arguments = ["run", "scenarios/azure-outage.yaml", "--env", "lab-slow-breaker", "--seed", "2a", "--out", "drill"];
    project.lifeboat(&arguments).exits_with(1).says("missed");
    let verdict = project.json("drill/verdict.json");
    assert_eq!(verdict["verdict"], "missed");
    assert!(verdict["measures"]["cutover"]["lo_ms"].as_f64().unwrap() >= 10_000.0);
    judged_the_same(&project, "drill", 1);
}

#[test]
fn a_fault_on_a_provider_that_serves_nothing_is_inconclusive_and_says_why() {
    let project = Project::shipped();
    let run = project.lifeboat(&["run", "scenarios/fault-on-idle-provider.yaml", "--seed", "2a", "--out", "drill"]);
    run.exits_with(3).says("inconclusive").says("the fault touched no request");
    let verdict = project.json("drill/verdict.json");
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"void".into(), &"fault_not_effective".into()));
    judged_the_same(&project, "drill", 3);
}

#[test]
fn every_fault_of_the_model_can_be_drilled_and_bites() {
    let faults = [
        "refuse",
        "reset",
        "{status: {code: 503}}",
        "{status: {code: 429, retry_after: 24h}}",
        "credential-revoked",
        "{stall: {}}",
        "{latency: {latency: 2s}}",
    ];
    // Each waits for most of its ten seconds, so some wait together; more than a few would make each other late.
    for some in faults.chunks(4) {
        std::thread::scope(|scope| {
            for fault in some {
                scope.spawn(move || bites(fault));
            }
        });
    }
}

fn bites(fault: &str) {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "fault: blackhole", &format!("fault: {fault}"));
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    run.exits_with(0).says("met");
    let events = project.events("drill");
    let healed = events.iter().find_map(|event| event.get("fault_healed")).unwrap();
    assert!(moment(&healed["touched"]) > 0.0, "{fault} touched nothing");
    let verdict = project.json("drill/verdict.json");
    let (cutover, opened) = (&verdict["measures"]["cutover"], breaker_opened_ms(&events));
    let (lo, hi) = (cutover["lo_ms"].as_f64().unwrap(), cutover["hi_ms"].as_f64().unwrap());
    // A gateway that rescues every request within the service level has cut over for its users before its breaker opens.
    assert!(opened > lo || lo == 0.0, "{fault}: the breaker opened at {opened} ms, before ({lo}, {hi}]");
}
