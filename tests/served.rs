//! What counts as served, in whole drills: streams that end early without a word, other models than the one that was asked for, and every
//! kind of request through the reference gateway.

use crate::support::{Project, python};
use serde_json::Value;
use std::path::Path;

/// The requests of a drill.
fn requests(events: &[Value]) -> impl Iterator<Item = &Value> {
    events.iter().filter_map(|event| event.get("request"))
}

/// How many requests ended so.
fn count(events: &[Value], why: &str) -> usize {
    requests(events).filter(|request| request["why"] == why).count()
}

#[test]
fn a_stream_that_ends_early_is_believed_by_openais_client_and_by_no_verdict() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "fault: blackhole, for: 7500ms", "fault: {end-early: {after: 2}}, for: 20s");
    let python = python("clients", "tests/clients/requirements.txt").join("python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/silent_client.py");
    let command = serde_json::json!([python, script, "client.txt"]);
    let env = r#"{URL: "${proxy.first.url}", KEY: "${credential.first}", PYTHONDONTWRITEBYTECODE: "1", NO_PROXY: "*"}"#;
    let step = format!("name: Ask as a user does, run: {{command: {command}, env: {env}}}, timeout: 19s, on_failure: stop");
    project.runbook("with-the-fault", &[&step]);
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "2a", "--out", "drill"]);
    run.exits_with(1).says("missed");
    // The client was given half of its words, no reason for the end, and raised nothing.
    assert_eq!(std::fs::read_to_string(project.path("client.txt")).unwrap(), "ferry storm | None");
    let events = project.events("drill");
    let silent = count(&events, "silently-truncated");
    let truncated = requests(&events).filter(|request| request["outcome"] == "truncated").count();
    // 50 a second for 20 s, less what a busy machine may be late with at both ends.
    assert!(silent > 900 && silent == truncated, "{silent} of {truncated}");
    let verdict = project.json("drill/verdict.json");
    assert_eq!((&verdict["verdict"], &verdict["measures"]["truncated"]), (&"missed".into(), &truncated.into()));
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    // A request that was due just before the fault, or just before its end, may be truncated too.
    let rows = report.lines().filter(|line| ["| before", "| in flight", "| during", "| after"].iter().any(|part| line.starts_with(part)));
    let counted: usize = rows.filter_map(|row| row.split('|').nth(6)?.trim().parse::<usize>().ok()).sum();
    assert_eq!(counted, truncated, "{report}");
}

#[test]
fn a_cap_on_truncated_answers_is_missed_by_a_fault_that_truncates_some() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: {end-early: {after: 2, probability: 4%}}");
    project.edit("scenarios/quick.yaml", "timeline:\n", "objectives: {truncated: 0}\ntimeline:\n");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "2a", "--out", "drill"]).exits_with(1).says("truncated");
    assert!(count(&project.events("drill"), "silently-truncated") > 0);
}

#[test]
fn another_model_is_no_service_where_one_is_expected() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: wrong-model");
    project.edit("scenarios/quick.yaml", "request: chat-stream", "request: chat-stream, expect: {model: gpt-4o}");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "2a", "--out", "drill"]).exits_with(1).says("missed");
    let events = project.events("drill");
    assert!(count(&events, "wrong-model") > 300, "50 a second for 7.5 s");
    assert!(requests(&events).any(|request| request["outcome"] == "ok"));
}

/// The primary hangs; each kind of request finds its way to the standby.
#[test]
fn every_kind_of_request_is_cut_over_by_the_reference_gateway() {
    let kinds = [
        "responses-stream, expect: {model: gpt-4o, tool: repeat}",
        "responses, expect: {json: true}",
        "embeddings, expect: {model: text-3}",
        "chat, expect: {tool: repeat}",
    ];
    let drills: Vec<_> = kinds
        .into_iter()
        .map(|kind| {
            std::thread::spawn(move || {
                let project = Project::quick();
                let (file, models) = ("runbooks/inventory.yaml", "models: {chat: gpt-4o, embeddings: text-3}");
                project.edit(file, "{dialect: openai,", &format!("{{dialect: openai, {models},"));
                project.edit(file, "dialect: azure-openai\n", &format!("dialect: azure-openai\n    {models}\n"));
                project.edit("scenarios/quick.yaml", "request: chat-stream", &format!("request: {kind}"));
                let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "2a", "--out", "drill"]);
                assert_eq!(run.code, Some(0), "{kind}\n{}\n{}", run.stdout, run.stderr);
                let events = project.events("drill");
                let good = requests(&events).filter(|request| request["outcome"] == "ok").count();
                assert!(good > 350, "{kind}: {good} of 500");
            })
        })
        .collect();
    for drill in drills {
        drill.join().unwrap();
    }
}
