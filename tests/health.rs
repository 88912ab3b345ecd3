//! After every drill it is shown by traffic that users are served well again; where that could not be shown, the drill says so in its first line
//! and exits 4.

use crate::support::{Project, Run};
use serde_json::Value;

fn run(project: &Project, more: &[&str]) -> Run {
    project.lifeboat(&[&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"], more].concat())
}

/// What is known of the health at the end.
fn health(project: &Project) -> Vec<Value> {
    project.events("drill").iter().filter_map(|event| event.get("health").cloned()).collect()
}

#[test]
fn a_service_that_stays_broken_after_the_drill_is_said_in_the_first_line() {
    let project = Project::quick();
    // The only key is revoked, for good, and nobody replaces it.
    project.edit("runbooks/inventory.yaml", "providers: [first, second]", "providers: [first]");
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: {revoke: {propagation: 0s}}");
    project.edit("scenarios/quick.yaml", "service: chat\n", "service: chat\nobjectives: {gate: restore}\n");
    let run = run(&project, &[]);
    run.exits_with(4);
    assert!(run.stdout.starts_with("NOT HEALED    health is not proven: 0 of the last 20 requests of chat"), "{}", run.stdout);
    let [seen] = &health(&project)[..] else { panic!("one workload") };
    assert_eq!((&seen["workload"], &seen["state"]), (&"chat".into(), &"unproven".into()));
    let verdict = project.json("drill/verdict.json");
    assert_eq!(verdict["unproven"], seen["detail"]);
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    let first = report.lines().skip(1).find(|line| !line.is_empty()).unwrap();
    assert!(first.starts_with("**Not healed: health after the drill is not proven."), "{first}");
    project.lifeboat(&["judge", "drill"]).says("NOT HEALED");
}

#[test]
fn a_gateway_that_has_not_gone_back_and_serves_well_is_healthy() {
    let project = Project::quick();
    run(&project, &[]).exits_with(0);
    let [seen] = &health(&project)[..] else { panic!("one workload") };
    assert_eq!(seen["detail"], "chat is served well: 20 of its last 20 requests after the heal were good");
    assert!(project.json("drill/verdict.json").get("unproven").is_none());
}

#[test]
fn without_traffic_after_the_heal_a_few_requests_are_sent_to_see_it() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "  watch: 1s\n", "  watch: 0s\n");
    run(&project, &[]).exits_with(0);
    let [seen] = &health(&project)[..] else { panic!("one workload") };
    assert_eq!(seen["state"], "proven", "{seen}");
    // None of them is in the history: every request that was due has its end, and no other has.
    let events = project.events("drill");
    let ended = events.iter().filter(|event| event.get("request").is_some() || event.get("shed").is_some()).count() as u64;
    assert_eq!(events.last().unwrap()["finished"]["requests"].as_u64(), Some(ended));
}

#[test]
fn where_nothing_was_broken_nothing_is_to_be_shown() {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "lag_max: 200ms", "lag_max: 1us");
    run(&project, &[]).exits_with(3);
    assert_eq!(health(&project), Vec::<Value>::new());
}
