//! How much of its primary's load a standby bears: traffic climbs in steps at a standby of a known capacity, stops at the knee, and falls back.
//! Beside it everything is asked of both providers (`dual_run:`), of whom one answers.

use crate::support::{Project, Run};
use serde_json::Value;

/// The standby takes some 100 ms for an answer and works on four at once, so it bears some 40 a second; up to eight more wait.
fn project() -> Project {
    let project = Project::quick();
    project.edit(
        "runbooks/inventory.yaml",
        "second: {dialect: openai, simulation: *quick}",
        "second: {dialect: openai, price: {input: 1 USD, output: 2 USD}, simulation: {first_token_p50: 100ms, first_token_p95: 110ms, \
         tail_share: 0%, tokens: 100000/s, capacity: {concurrent: 4, queue: 8}}}",
    );
    project.edit(
        "scenarios/quick.yaml",
        "rate: 50/s, request: chat-stream",
        "rate: 25/s, request: chat-stream, steps: {peak: 100/s, called: \"Tuesday's peak\", shares: [30%, 80%, 120%], each: 2s, after: 7s}",
    );
    project.edit("scenarios/quick.yaml", "fault: blackhole, for: 7500ms", "fault: refuse, for: 18500ms");
    project
}

fn drilled(project: &Project, promised: &str) -> (Run, Value, Vec<Value>) {
    project.edit("scenarios/quick.yaml", "service: chat\n", &format!("service: chat\nobjectives: {{capacity: {promised}}}\n"));
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    (run, project.json("drill/verdict.json"), project.events("drill"))
}

fn objective<'v>(verdict: &'v Value, name: &str) -> Option<&'v str> {
    let objectives = verdict["objectives"].as_array().unwrap();
    objectives.iter().find(|objective| objective["name"] == name).map(|objective| objective["verdict"].as_str().unwrap())
}

fn paced(events: &[Value]) -> Vec<(Option<u64>, &str)> {
    events.iter().filter_map(|event| event.get("paced")).map(|paced| (paced["step"].as_u64(), paced["rate"].as_str().unwrap())).collect()
}

#[test]
fn a_standby_that_bears_what_was_promised_meets_it_and_is_not_asked_for_more_than_it_bears() {
    let project = project();
    let (run, verdict, events) = drilled(&project, "30%");
    assert_eq!(objective(&verdict, "capacity"), Some("met"), "{}\n{verdict:#}", run.stdout);
    run.exits_with(0);
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    for told in ["You can fail over 30 % of ", " (30/s of 100/s); 80 % was too much.", "the step of 120 % was not sent"] {
        assert!(report.contains(told), "{told}\n{report}");
    }
    // At the knee it falls back to what was borne; the last step is never sent.
    assert_eq!(paced(&events), [(Some(0), "30/s"), (Some(1), "80/s"), (None, "30/s")]);
    let capacity = &verdict["measures"]["capacity"];
    let bearing: Vec<&str> = capacity["steps"].as_array().unwrap().iter().map(|step| step["bearing"].as_str().unwrap()).collect();
    assert_eq!((bearing, &capacity["borne"], &capacity["broken"]), (vec!["held", "broken"], &0.3.into(), &0.8.into()));
    // Its line is 8 long, worked off in 200 ms; the last request of the step that was late is 250 ms more.
    let recovered = capacity["recovery"]["hi_ms"].as_f64().unwrap();
    assert!(recovered < 2_000.0, "it recovered only after {recovered} ms");
    // What was too much on purpose is not held against the recovery.
    for name in ["rto", "stability"] {
        assert_eq!(objective(&verdict, name), Some("met"), "{name}: {verdict:#}");
    }
}

#[test]
fn a_standby_that_bears_less_than_promised_misses_it_and_what_was_asked_beside_is_told_with_its_cost() {
    let project = project();
    project.edit("runbooks/inventory.yaml", "gateway: {try_timeout", "gateway: {dual_run: standby, try_timeout");
    let (run, verdict, _) = drilled(&project, "80%");
    assert_eq!(objective(&verdict, "capacity"), Some("missed"), "{}\n{verdict:#}", run.stdout);
    run.exits_with(1);
    // The primary answered 37 requests of the baseline, and each was asked of the standby too; who answered is told all the same.
    let (dual, baseline) = (&verdict["measures"]["dual_run"], &verdict["evidence"]);
    let asked = dual["asked"].as_u64().unwrap();
    assert!(asked >= baseline["baseline"].as_u64().unwrap(), "{asked} of {baseline}");
    // Now and then the gateway tries the primary once more, and then the standby may be full.
    assert!(dual["shadow"] == "second" && dual["failed"].as_u64().unwrap() <= 5, "{dual}");
    let median = &dual["median_ms"];
    assert!(median[0].as_f64().unwrap() >= 90.0 && median[1].is_number(), "the standby takes 100 ms: {median}");
    assert_eq!(objective(&verdict, "rto"), Some("met"), "what is mirrored is no answer, and no cutover: {verdict:#}");
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    for told in [
        "was missed: at least 30 %, less than 80 %",
        "went to both: second was asked beside the provider that answered",
        "Asking it as well cost ",
        "How much of the load the standby can take",
    ] {
        assert!(report.contains(told), "{told}\n{report}");
    }
}

#[test]
fn a_climb_that_can_prove_nothing_is_found_beforehand() {
    let says = |from: &str, to: &str, message: &str| {
        let project = project();
        project.edit("scenarios/quick.yaml", "service: chat\n", "service: chat\nobjectives: {capacity: 80%}\n");
        project.edit("scenarios/quick.yaml", from, to);
        project.lifeboat(&["check"]).exits_with(2).says(message);
    };
    says("after: 7s", "after: 3s", "the climb begins 3 s after the fault, before the RTO of 2 s and the hold of 5 s are over");
    says("for: 18500ms", "for: 14s", "hint: let the fault last `for: 18s` or longer");
    says("each: 2s", "each: 1s", "the later half of the first step has 15 requests, and 20 are needed to say anything");
    says("[30%, 80%, 120%]", "[30%, 70%]", "the steps end below the 80% that were promised");
    says("[30%, 80%, 120%]", "[30%, 30%]", "this step is no higher than the one before it");
    says(
        ", steps: {peak: 100/s, called: \"Tuesday's peak\", shares: [30%, 80%, 120%], each: 2s, after: 7s}",
        "",
        "a capacity is judged of traffic that climbs in steps",
    );
}
