//! What a runbook is told, what it does for each of several, and where its conditions lead, by the binary.

use crate::support::Project;
use serde_json::Value;

fn project(head: &str, steps: &[&str]) -> Project {
    let project = Project::quick();
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\n{head}steps:\n{steps}"));
    project
}

const EXECUTE: [&str; 4] = ["execute", "runbooks/real.yaml", "--out", "x"];

/// Each step that was begun or skipped, with how it ended.
fn ends(project: &Project) -> Vec<(u64, String)> {
    let events = project.events("x");
    let end = |event: &Value| (event["step"].as_u64().unwrap(), event["end"].as_str().unwrap().to_owned());
    events.iter().filter_map(|event| event.get("step_finished")).map(end).collect()
}

fn log(project: &Project) -> String {
    std::fs::read_to_string(project.path("log")).unwrap_or_default()
}

#[test]
fn a_runbook_is_told_its_parameters_and_a_value_stays_one_value() {
    let head = "parameters:\n  host: {required: true, pattern: \"[a-z0-9 ;.-]+\", description: the database}\n  mode: fast\n";
    let project = project(
        head,
        &[
            "name: Say, run: [sh, -c, 'printf \"%s|\" \"$@\" >> log', sh, \"${param.host}\", \"${param.mode}\"], timeout: 20s, undo: none",
            "name: Only db-2, run: [sh, -c, \"echo only >> log\"], timeout: 20s, undo: none, when: \"param.host == 'db-2' && param.mode != 'slow'\"",
        ],
    );
    project
        .lifeboat(&EXECUTE)
        .exits_with(2)
        .says("error: this runbook must be told `host` (the database)")
        .says("hint: add `--param host=…`");
    assert!(!project.path("x").exists(), "nothing was begun");
    let with = |values: &[&str]| {
        let values: Vec<String> = values.iter().flat_map(|value| ["--param".to_owned(), (*value).to_owned()]).collect();
        let args: Vec<&str> = EXECUTE.into_iter().chain(values.iter().map(String::as_str)).collect();
        project.lifeboat(&args)
    };
    with(&["host=DB_2"]).exits_with(2).says("the value of `host` is not as `[a-z0-9 ;.-]+` says");
    with(&["hots=db-2"]).exits_with(2).says("this runbook has no parameter `hots`").says("did you mean `host`?");
    with(&["host=${root}"]).exits_with(2).says("the value of `host` holds a variable");
    with(&["host=db-2 ; rm -rf x", "mode=a' || 'b"]).exits_with(0);
    assert_eq!(log(&project), "db-2 ; rm -rf x|a' || 'b|");
    assert_eq!(ends(&project), [(0, "done".to_owned()), (1, "skipped".to_owned())]);
    let started = project.events("x").into_iter().find_map(|event| event.get("execution_started").cloned()).unwrap();
    assert_eq!(started["plan"]["parameters"], serde_json::json!({"host": "db-2 ; rm -rf x", "mode": "a' || 'b"}));
    std::fs::remove_dir_all(project.path("x")).unwrap();
    std::fs::remove_file(project.path("log")).unwrap();
    with(&["host=db-2"]).exits_with(0);
    assert_eq!(log(&project), "db-2|fast|only\n");
}

#[test]
fn a_step_is_done_for_each_of_a_list_so_many_at_once_and_taken_back_one_by_one() {
    let meet = "touch $1; for i in $(seq 500); do test -e $2 && exit 0; sleep 0.01; done; exit 1";
    let project = project(
        "",
        &[
            &format!(
                "name: Pair, for_each: [a, b, c, d], at_most: 2, run: [sh, -c, '{}', sh, \"${{each}}\"], timeout: 20s, undo: none",
                meet.replace("$2", "$(echo $1 | tr abcd badc)")
            ),
            "name: \"Drain ${each}\", for_each: providers, run: [sh, -c, \"echo drain ${each} >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo fill ${each} >> log\"]}, when: \"each != 'idle'\"",
            "name: Fails, run: [\"false\"], timeout: 20s, undo: none",
        ],
    );
    project.lifeboat(&EXECUTE).exits_with(1).says("Pair: a").says("Drain first");
    let all: Vec<String> = ends(&project).into_iter().map(|(_, end)| end).collect();
    assert_eq!(all, ["done", "done", "done", "done", "done", "skipped", "done", "failed"], "{all:?}");
    assert_eq!(log(&project), "drain first\ndrain second\nfill second\nfill first\n");
    project.edit("runbooks/real.yaml", "for_each: providers", "for_each: provider");
    project.lifeboat(&["check"]).exits_with(2).says("`provider` is not a list of the inventory").says("did you mean `providers`?");
}

#[test]
fn conditions_lead_on_back_and_to_an_end() {
    let project = project(
        "",
        &[
            "name: Count, run: [sh, -c, \"echo x >> n; wc -l < n | tr -d ' '\"], timeout: 20s, output: count, undo: none",
            "name: Again, pause: 1ms, when: \"int(steps.count) < 3\", on_success: {goto: Count, at_most: 5}",
            "name: Over, stop_here: {end: well, message: \"counted to ${steps.count}\"}, when: \"int(steps.count) == 3 && ended.Count == 'done'\"",
            "name: Never, run: [sh, -c, \"echo never >> log\"], timeout: 20s, undo: none",
        ],
    );
    project.lifeboat(&EXECUTE).exits_with(0);
    assert_eq!(log(&project), "");
    let text = |step, end: &str| (step, end.to_owned());
    let round = || [text(0, "done"), text(1, "done")];
    let wanted: Vec<_> = round().into_iter().chain(round()).chain([text(0, "done"), text(1, "skipped"), text(2, "done")]).collect();
    assert_eq!(ends(&project), wanted);
    let over = project.events("x").iter().filter_map(|event| event.get("step_finished").cloned()).next_back().unwrap();
    assert_eq!(over["output"], "counted to 3");
    // An error of a condition is a failure that says what to write.
    std::fs::remove_dir_all(project.path("x")).unwrap();
    project.edit("runbooks/real.yaml", "wc -l < n | tr -d ' '", "echo many");
    project.lifeboat(&EXECUTE).exits_with(1);
    let events = project.events("x");
    let failed = events.iter().filter_map(|event| event.get("step_finished")).next_back().unwrap();
    assert!(failed["output"].as_str().unwrap().contains("what stands in `int(…)` is not a number"), "{failed}");
    // What can be known before is told before.
    std::fs::remove_dir_all(project.path("x")).unwrap();
    project.edit("runbooks/real.yaml", "int(steps.count) < 3", "steps.count < 3");
    let run = project.lifeboat(&EXECUTE);
    run.exits_with(2)
        .says("`steps.count` is a text, and is held against a number")
        .says("write `int(steps.count) < 3`")
        .says("^^^^^^^^^^^");
    project.edit("runbooks/real.yaml", "steps.count < 3", "int(steps.count) < 3").edit(
        "runbooks/real.yaml",
        ", when: \"int(steps.count) == 3 && ended.Count == 'done'\"",
        "",
    );
    project.lifeboat(&EXECUTE).exits_with(2).says("nothing ever leads to the step `Never`");
    project.edit("runbooks/real.yaml", "goto: Count", "goto: Cuont");
    project.lifeboat(&EXECUTE).exits_with(2).says("`Cuont` is not a step that can be gone to").says("did you mean `Count`?");
}

#[test]
fn an_end_that_is_a_failure_takes_back_unless_it_says_stop() {
    for (more, wanted) in [("", "did\nback\n"), (", on_failure: stop", "did\n")] {
        let project = project(
            "",
            &[
                "name: Do, run: [sh, -c, \"echo did >> log\"], timeout: 20s, undo: {run: [sh, -c, \"echo back >> log\"]}",
                &format!("name: Give up, stop_here: {{end: failed, message: nobody is there}}, when: \"ended.Do == 'done'\"{more}"),
                "name: Never, run: [sh, -c, \"echo never >> log\"], timeout: 20s, undo: none",
            ],
        );
        project.lifeboat(&EXECUTE).exits_with(1);
        assert!(project.events("x").iter().any(|event| event["step_finished"]["output"] == "nobody is there"));
        assert_eq!(log(&project), wanted);
    }
}
