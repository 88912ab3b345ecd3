//! Drills with several workloads: each asks a service of its own, is held against objectives of its own, and has a verdict of its own.

use crate::support::Project;
use serde_json::Value;

/// Two services with the same primary and different patience: probes that bear two seconds, and batches that bear next to nothing.
const BESIDE: &str = "\
traffic:
  - workload: probes
    rate: 50/s
    request: chat-stream
  - workload: batches
    service: batch
    rate: 40/s
    objectives: {rto: 400ms, gate: cutover}
  - workload: crowd
    judged: false
    rate: 20/s
    arrivals: poisson
";

fn project() -> Project {
    let project = Project::quick();
    let batch = "  batch:\n    criticality: recoverable\n    providers: [first, second]\n    \
                 objectives: {slo: {complete: 250ms}, deadline: 1s, success: 95%, stable_for: 5s, lag_max: 200ms}\nenvironments:";
    project.edit("runbooks/inventory.yaml", "environments:", batch);
    project.edit("scenarios/quick.yaml", "traffic: {rate: 50/s, request: chat-stream}\n", BESIDE);
    // A breaker opens after forty failures of half a second each: later than the batches' 400 ms, sooner than the probes' two seconds.
    project.environment("tight", "gateway: {try_timeout: 500ms, breaker: {failures: 40, cooldown: 2s, probes: 1}}");
    project
}

#[test]
fn one_workload_is_met_and_another_missed_and_the_drill_is_missed() {
    let project = project();
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "tight", "--seed", "7", "--out", "drill"]);
    run.exits_with(1).says("verdict       missed").says("probes to chat: met").says("batches to batch: missed");
    let verdict = project.json("drill/verdict.json");
    let each = verdict["workloads"].as_array().unwrap();
    let told: Vec<[&str; 3]> = each.iter().map(|of| ["name", "service", "verdict"].map(|key| of[key].as_str().unwrap())).collect();
    assert_eq!(told, [["probes", "chat", "met"], ["batches", "batch", "missed"]], "pure load is not judged");
    assert_eq!(verdict["verdict"], "missed");
    assert_eq!(verdict["terms"], each[0]["terms"], "all else is the first's");
    // Every request is in the history, each under its workload.
    let events = project.events("drill");
    let finished = &events.last().unwrap()["finished"];
    let due: Vec<u64> = finished["by_workload"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect();
    let ended = |place: u64| {
        let of = |event: &&Value| event["request"]["id"].as_u64().is_some_and(|id| id >> 40 == place);
        events.iter().filter(of).count() as u64
    };
    assert_eq!(due, [ended(0), ended(1), ended(2)]);
    assert_eq!(finished["requests"], due.iter().sum::<u64>());
    for (place, of) in each.iter().enumerate() {
        assert_eq!(of["evidence"]["requests"], due[place]);
        assert!(of["evidence"]["touched"].as_u64().unwrap() > 0);
    }
    let again = project.lifeboat(&["judge", "drill", "--format", "json"]);
    again.exits_with(1);
    assert_eq!(again.stdout, std::fs::read_to_string(project.path("drill/verdict.json")).unwrap());
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    for words in ["## Workload probes to chat: met", "## Workload batches to batch: missed", "### crowd to chat, load only"] {
        assert!(report.contains(words), "{words}\n{report}");
    }
}

#[test]
fn a_trace_is_played_as_it_was_recorded() {
    let project = Project::quick();
    // Fifty a second, each up to 12 ms late, for a little longer than the drill.
    let moment = |number: u64| number * 20 + number * 7919 % 13;
    let row = |number: u64| format!("2023-11-16 18:17:{:02}.{:03}0000,374,44\n", moment(number) / 1000, moment(number) % 1000);
    let rows: String = (0..520).map(row).collect();
    project.write("traces/calls.csv", &format!("TIMESTAMP,ContextTokens,GeneratedTokens\n{rows}"));
    project.edit("scenarios/quick.yaml", "rate: 50/s", "trace: traces/calls.csv");
    let dry = project.lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"]);
    dry.exits_with(0).says("trace chat-stream at 50").says("as in traces/calls.csv, 500 requests in 10 s");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]).exits_with(0).says("met");
    let events = project.events("drill");
    let mut due: Vec<(u64, u64)> =
        events.iter().filter_map(|event| Some((event["request"]["id"].as_u64()?, event["request"]["due"].as_u64()?))).collect();
    due.sort_unstable();
    assert!(due.len() >= 500, "{}", due.len());
    let zero = due[0].1;
    assert!(due.iter().all(|(number, due)| due - zero == moment(*number) * 1_000_000), "every request was due when its row says");
    let widest = (1..520).map(|number| moment(number) - moment(number - 1)).max().unwrap();
    assert_eq!(events[0]["started"]["gaps"][0], widest * 1_000_000);
    // The history names the trace and keeps none of its rows; the verdict needs neither.
    let trace = &events[0]["started"]["plan"]["workloads"]["each"][0]["workload"]["trace"];
    assert_eq!((trace["file"].as_str(), trace["requests"].as_u64()), (Some("traces/calls.csv"), Some(500)));
    assert_eq!(trace["rows_sha256"].as_str().unwrap().len(), 64);
    std::fs::remove_file(project.path("traces/calls.csv")).unwrap();
    let again = project.lifeboat(&["judge", "drill", "--format", "json"]);
    again.exits_with(0);
    assert_eq!(again.stdout, std::fs::read_to_string(project.path("drill/verdict.json")).unwrap());
}

#[test]
fn what_several_workloads_would_do_is_said_beforehand() {
    let project = project();
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "tight", "--dry-run"]);
    run.exits_with(0).says("probes to chat: jittered chat-stream at 50/s, 500 requests in 10 s").says("batches: cutover within 400 ms");
    run.says("crowd: none, it is only load");
    project.environment("small", "carries: 55/s");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "small", "--dry-run"]).exits_with(0).says("jittered chat at 20/s");
    project.environment("strict", "allow: {max_rate: 100/s}");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "strict", "--dry-run"]);
    run.exits_with(2).says("110/s of all workloads together is more than the 100/s");
}
