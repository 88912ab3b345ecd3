//! The team's own prompts stand nowhere: each of them is marked, and every output of a drill is searched for the marks. The same drill sends the
//! primary's key to its standby, which is told.

use crate::support::{Leaks, Project, Served};
use std::collections::BTreeMap;
use std::process::Command;

const INVENTORY: &str = "\
version: 1
providers:
  first:
    dialect: azure-openai
    simulation: &quick {first_token_p50: 20ms, first_token_p95: 30ms, tail_share: 0%, tokens: 200/s}
  second: {dialect: openai, simulation: *quick}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 1500ms, slo: {first_token: 500ms}, deadline: 3s, success: 90%, stable_for: 5s, lag_max: 500ms}
  # Asked by nobody here; its file is copied all the same.
  beside:
    criticality: optional
    providers: [first, second]
    parity: [{name: beside, prompt: \"MARK-beside Herr Schmidt, born 1950\"}]
environments:
  lab: {embedded: true, gateway: {try_timeout: 2s, breaker: {failures: 3, cooldown: 500ms, probes: 1}, credentials: primary}}
";

const SCENARIO: &str = "\
version: 1
scenario: regulated
title: What users ask is theirs
service: chat
traffic:
  - {workload: chat, rate: 20/s, request: chat-stream}
  - workload: application
    rate: 2/s
    judged: false
    request: http
    path: /chat/completions
    body: '{\"model\":\"gpt-4o\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"MARK-body Frau Meier, born 1970\"}]}'
    expect: {status: 200, contains: \"MARK-answer nobody says that\"}
timeline:
  baseline: 1500ms
  faults: [{at: 0s, on: first, fault: {status: {code: 503}}, for: 6600ms}]
  watch: 300ms
parity:
  - {name: diagnosis, prompt: \"MARK-prompt Frau Meier has the flu.\", body: {metadata: {note: \"MARK-parameter of Frau Meier\"}}}
";

/// Each of the team's texts, by where it stands.
fn marks() -> BTreeMap<String, String> {
    let each = [
        ("a body", "MARK-body Frau Meier, born 1970"),
        ("an expectation", "MARK-answer nobody says that"),
        ("a probe", "MARK-prompt Frau Meier has the flu."),
        ("a probe's parameter", "MARK-parameter of Frau Meier"),
        ("another service's probe", "MARK-beside Herr Schmidt, born 1950"),
    ];
    each.map(|(whose, text)| (whose.to_owned(), text.to_owned())).into()
}

#[test]
fn no_prompt_is_in_any_output_and_a_leaked_key_is_told() {
    let project = Project::empty();
    project.write("runbooks/inventory.yaml", INVENTORY).write("scenarios/regulated.yaml", SCENARIO);
    let mut run = project.command(&["run", "scenarios/regulated.yaml", "--seed", "2a", "--out", "drills/one"]);
    let run = project.run(run.env("LIFEBOAT_LOG", "trace"));
    assert!(matches!(run.code, Some(1 | 3)), "the standby refuses the primary's key: {run:?}");
    let leaks = Leaks::of(&marks());
    let mut found = leaks.below(&project.path("drills/one"));
    found.extend(leaks.in_bytes("stdout", run.stdout.as_bytes()));
    found.extend(leaks.in_bytes("stderr", run.stderr.as_bytes()));
    let history = std::fs::read_to_string(project.path("drills/one/history.jsonl")).unwrap();
    assert!(history.contains("[prompt ") && history.contains(" of 35 characters]"), "what stands there instead");
    assert!(history.contains("parity_probed"), "it was asked");
    let copy = std::fs::read_to_string(project.path("drills/one/inputs/scenarios/regulated.yaml")).unwrap();
    assert!(copy.contains("workload: application") && copy.contains("[prompt "), "{copy}");
    for format in ["md", "html", "json", "verdict", "junit", "oscal", "otlp", "grafana", "slack", "teams", "svg"] {
        let told = project.lifeboat(&["report", "drills/one", "--format", format]);
        found.extend(leaks.in_bytes(format, (told.stdout + &told.stderr).as_bytes()));
    }
    for arguments in [&["judge", "drills/one", "--format", "json"][..], &["verify", "drills/one"], &["list"], &["bundle", "drills/one"]] {
        let told = project.lifeboat(arguments);
        found.extend(leaks.in_bytes(arguments[0], (told.stdout + &told.stderr).as_bytes()));
    }
    if project.path(".lifeboat").exists() {
        found.extend(leaks.below(&project.path(".lifeboat")));
    }
    let unpack = "mkdir bundle; zstd -dc drills/one.lifeboat.tar.zst | tar x -C bundle --no-same-owner; chmod -R go= bundle";
    assert!(Command::new("sh").args(["-ec", unpack]).current_dir(project.path(".")).status().unwrap().success());
    found.extend(leaks.below(&project.path("bundle")));
    let served = Served::start(&project, &[]);
    for path in ["/", "/drills/one", "/api/v1/drills", "/api/v1/drills/one", "/metrics"] {
        found.extend(leaks.in_bytes(path, served.ask("GET", path, &[], "").body.as_bytes()));
    }
    assert!(found.is_empty(), "{}", found.iter().map(|leak| format!("{leak}\n")).collect::<String>());
    let report = project.lifeboat(&["report", "drills/one"]);
    report.says("key-leaked").says("The primary's key (that of first, ").says("reached second: ");
    let leaked = &project.json("drills/one/verdict.json")["leaked_keys"][0];
    assert_eq!((&leaked["of"], &leaked["to"], &leaked["of_primary"]), (&"first".into(), &"second".into(), &true.into()), "{leaked}");
}

#[test]
fn who_wants_to_keep_prompts_says_so() {
    let project = Project::empty();
    let shorter = SCENARIO
        .replace("version: 1\n", "version: 1\nkeep: prompts\n")
        .replace("contains: \"MARK-answer nobody says that\"", "contains: \"\"");
    project.write("runbooks/inventory.yaml", INVENTORY).write("scenarios/regulated.yaml", &shorter.replace(", contains: \"\"", ""));
    // It breaks off after its first line, which is all that is asked about.
    let run = project.lifeboat(&["run", "scenarios/regulated.yaml", "--dry-run"]);
    run.exits_with(0);
    project.write("runbooks/inventory.yaml", &INVENTORY.replace("environments:\n", "evidence: {keep: prompts}\nenvironments:\n"));
    project.lifeboat(&["check"]).exits_with(0);
    project.write("scenarios/regulated.yaml", &shorter.replace("keep: prompts", "keep: everything"));
    project.lifeboat(&["check"]).exits_with(2).says("write `prompts`");
}
