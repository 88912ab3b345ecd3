//! Runbooks by the binary: what starts them, and what becomes of steps that are slow, fail, talk too much, or leave something behind.

use crate::support::{Project, pid_in, wait_gone};
use serde_json::Value;

const CTRL_C: i32 = 2;

const DRILL: [&str; 7] = ["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--yes"];

/// Runs the quick drill until stderr says `until`, and stops it there: its events.
fn events_until(project: &Project, until: &str) -> Vec<Value> {
    let mut drill = project.start(&DRILL);
    drill.until(until).signal(CTRL_C);
    drill.finish().exits_with(4);
    project.stopped_cleanly("drill", "person")
}

fn of_kind<'e>(events: &'e [Value], kind: &'static str) -> Vec<&'e Value> {
    events.iter().filter_map(|event| event.get(kind)).collect()
}

fn said(step: &Value) -> (&str, &str) {
    (step["end"].as_str().unwrap(), step.get("output").map_or("", |output| output.as_str().unwrap()))
}

#[test]
fn steps_are_bounded_repeated_cut_cleaned_up_and_keep_no_secret() {
    let project = Project::quick();
    let last = "name: Last, run: [\"true\"], timeout: 20s";
    project.runbook(
        "with-the-fault",
        &[
            "name: Slow, run: [sleep, \"600\"], timeout: 200ms, on_failure: continue",
            "name: Fails, run: [sh, -c, \"echo try >> tries; echo no luck >&2; exit 4\"], timeout: 20s, retries: 2, retry_after: 10ms, on_failure: continue",
            "name: Talks, run: [sh, -c, \"echo begin; yes word | head -c 5000000; echo end\"], timeout: 20s",
            // What it left is named by what it is by then: until the child has become `sleep` it is a `sh`.
            "name: Leaves a child, run: [sh, -c, 'sleep 600 & echo $! > child; until grep -qx sleep /proc/$!/comm; do :; done; echo left'], timeout: 20s",
            "name: Arguments, run: [sh, -c, 'printf \"%s\\n\" \"$@\" > arguments', sh, \"${root}\", \"it's \\\"$HOME\\\" *\"], timeout: 20s",
            "name: Secret, run: {command: [sh, -c, 'echo key \"$KEY\"; exit 1'], env: {KEY: \"${credential.first}\"}}, timeout: 20s, on_failure: continue",
            "name: Secret address, http: {get: \"http://127.0.0.1:1/${credential.second}\"}, timeout: 20s, on_failure: continue",
            "name: Absent, run: [no-such-program], timeout: 20s, on_failure: continue",
            last,
        ],
    );
    let events = events_until(&project, "9/9 done");
    let finished = of_kind(&events, "step_finished");
    assert_eq!(finished.len(), 9);
    assert_eq!(said(finished[0]), ("timed-out", "not done within 200 ms; it was asked to end (SIGTERM) and did"));
    assert_eq!(said(finished[1]), ("failed", "`sh` ended with exit code 4\nno luck"));
    assert_eq!(std::fs::read_to_string(project.path("tries")).unwrap(), "try\ntry\ntry\n");
    let attempts: Vec<u64> = of_kind(&events, "step_started")
        .iter()
        .filter(|step| step["step"] == 1)
        .map(|step| step["attempt"].as_u64().unwrap_or(1))
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    let (end, output) = said(finished[2]);
    assert!(end == "done" && output.starts_with("begin\nword\n") && output.ends_with("word\nend"), "{output}");
    assert!(output.contains("the middle is left out") && output.len() < 2200, "{output}");
    let (end, output) = said(finished[3]);
    assert!(end == "done" && output.starts_with("left\nnote: 1 program that it left running was ended with it: sleep;"), "{output}");
    wait_gone(pid_in(&project.path("child")));
    let arguments = std::fs::read_to_string(project.path("arguments")).unwrap();
    let root = project.path("").canonicalize().unwrap().display().to_string();
    assert_eq!(arguments.lines().collect::<Vec<_>>(), [root.as_str(), "it's \"$HOME\" *"]);
    assert!(said(finished[5]).1.contains("key [the credential of first, "), "{}", finished[5]);
    assert_eq!(said(finished[6]).0, "failed");
    assert_eq!(said(finished[7]), ("failed", "`no-such-program` cannot be started: there is no such program"));
    let history = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    assert!(!history.contains("sk-lab-"), "a key stands in the history");
}

#[test]
fn a_failure_may_undo_what_was_done_or_stop_and_undo_later() {
    let step = |name: &str| format!("name: {name}, run: [\"true\"], timeout: 20s, undo: {{run: [\"true\"]}}");
    for (what, healed_first) in [("undo", false), ("stop", true)] {
        let project = Project::quick();
        let failing = format!("name: Fails, run: [\"false\"], timeout: 20s, on_failure: {what}, undo: {{run: [\"true\"]}}");
        project.runbook("with-the-fault", &[&step("One"), &step("Two"), &failing, &step("Never")]);
        let events = events_until(&project, if healed_first { "3/4 failed" } else { "undo      1/4 done" });
        let place = |kind: &str| events.iter().position(|event| event.get(kind).is_some()).unwrap();
        // A step that is known to have failed has done nothing, so nothing of it is taken back.
        let undone: Vec<u64> = of_kind(&events, "step_undone").iter().map(|undone| undone["step"].as_u64().unwrap()).collect();
        assert_eq!(undone, [1, 0], "on_failure: {what}");
        assert_eq!(place("fault_healed") < place("step_undone"), healed_first, "on_failure: {what}");
        assert_eq!(of_kind(&events, "step_started").len(), 3, "the fourth is never begun");
    }
}

#[test]
fn a_step_that_may_have_worked_is_taken_back_even_if_its_last_try_failed() {
    let project = Project::quick();
    let step = "name: Unsure, run: [sh, -c, \"test -e once && exit 1; touch once; sleep 600\"], timeout: 1s, retries: 1, retry_after: 10ms, undo: {run: [rm, once]}";
    project.runbook("with-the-fault", &[step]);
    let events = events_until(&project, "undo      1/1 done");
    assert_eq!(said(of_kind(&events, "step_finished")[0]).0, "failed");
    assert!(!project.path("once").exists());
}

#[test]
fn a_question_without_anybody_to_ask_starts_nothing() {
    let project = Project::quick();
    project.runbook(
        "with-the-fault",
        &["name: Ask, confirm: \"Does ${standby} serve?\", timeout: 20s", "name: Last, run: [\"true\"], timeout: 20s"],
    );
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--out", "nobody"]);
    run.exits_with(2).says("error: the runbook asks a person, and there is no terminal\n\nhint: run it on a terminal");
    assert!(!project.path("nobody").exists(), "a drill was begun");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"]).exits_with(0).says("runbook     answer");
    let events = events_until(&project, "2/2 done");
    let finished = of_kind(&events, "step_finished");
    assert_eq!(said(finished[0]), ("done", "Does second serve? yes, because of --yes; nobody was asked"));
}

#[test]
fn people_who_are_not_there_take_as_long_as_the_runbook_says_and_nobody_calls_that_measured() {
    let project = Project::quick();
    project.runbook(
        "on-detection",
        &[
            "name: Ask, confirm: {question: \"Go on?\", reaction: {p50: 300ms, p95: 900ms}}, timeout: 20s",
            "name: Never answered, confirm: {question: \"Quick?\", reaction: 600s, default: no}, timeout: 300ms, on_failure: continue",
            "name: Last, run: [\"true\"], timeout: 20s",
        ],
    );
    project.edit("runbooks/answer.yaml", "start: on-detection\n", "start: on-detection\nreaction: 700ms\n");
    let events = events_until(&project, "3/3 done");
    let at = |kind: &str, place: usize| events.iter().filter(|event| event.get(kind).is_some()).nth(place).unwrap()["t"].as_u64().unwrap();
    let modelled = of_kind(&events, "reaction_modelled");
    let lengths: Vec<u64> = modelled.iter().map(|event| event["length"].as_u64().unwrap()).collect();
    assert_eq!((lengths[0], lengths[2], modelled.len()), (700_000_000, 600_000_000_000, 3));
    assert_eq!((modelled[0].get("step"), &modelled[1]["step"]), (None, &0.into()));
    // A timer rounds to the millisecond; how late it is beyond that is the machine's business.
    assert!(at("step_started", 0) - at("runbook_started", 0) >= 699_000_000);
    assert!(at("step_finished", 0) - at("step_started", 0) + 1_000_000 >= lengths[1], "{lengths:?}");
    let finished = of_kind(&events, "step_finished");
    assert_eq!(said(finished[0]), ("done", "Go on? yes, because of --yes; nobody was asked"));
    assert_eq!(said(finished[1]), ("failed", "Quick? no, because nobody answered in time"));
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    assert!(report.contains("| people react: modelled, not measured | 0.70 s, drawn from the seed |"), "{report}");
    assert!(report.contains("of their reactions were modelled, and none was measured"), "{report}");
}

#[test]
fn a_runbook_starts_as_it_says() {
    let cases = [
        ("on-detection", "3 failures in a row: seen in the traffic"),
        ("with-the-fault", "the fault"),
        ("by-hand", "started with the fault; nobody was asked, because of --yes"),
    ];
    for (start, because) in cases {
        let project = Project::quick();
        project.runbook(start, &["name: Only, run: [\"true\"], timeout: 20s"]);
        let events = events_until(&project, "1/1 done");
        let place = |kind: &str| events.iter().position(|event| event.get(kind).is_some()).unwrap();
        assert!(place("fault_confirmed") < place("runbook_started"), "{start}");
        assert_eq!(of_kind(&events, "runbook_started")[0]["because"], because, "{start}");
    }
}
