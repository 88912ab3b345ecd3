//! What is doubtful in runbooks, and steps that they speak of and do not have.

use super::{Files, INVENTORY_PATH, RUNBOOK_PATH, SCENARIO_PATH, TODAY, check, gets};

#[test]
fn a_step_that_nothing_takes_back_is_doubted_unless_it_says_so() {
    gets(
        RUNBOOK_PATH,
        "    undo: {run: [\"./switch.sh\", \"${primary}\"]}\n",
        "",
        r#"
warning: this step may change something, and nothing takes it back
  --> runbooks/switch.yaml:8:10
   |
 8 |     run: ["./switch.sh", "${standby}"]
   |          ^
   = hint: add `undo: {run: […]}`, `undo: none` where there is nothing to take back, or `reads: true` where nothing is changed
"#,
    );
    for said in ["undo: none", "reads: true"] {
        gets(RUNBOOK_PATH, "undo: {run: [\"./switch.sh\", \"${primary}\"]}", said, "");
    }
}

#[test]
fn a_key_among_arguments_is_doubted() {
    gets(
        RUNBOOK_PATH,
        "run: [\"./switch.sh\", \"${standby}\"]",
        "run: [\"./switch.sh\", \"--key=${credential.openai-eu}\"]",
        r#"
warning: `${credential.openai-eu}` is among the arguments of a program, which everybody on its host can read
  --> runbooks/switch.yaml:8:10
   |
 8 |     run: ["./switch.sh", "--key=${credential.openai-eu}"]
   |          ^
   = hint: give it in the environment, `run: {command: […], env: {KEY: "${credential.openai-eu}"}}`
"#,
    );
}

#[test]
fn a_key_among_the_arguments_of_a_gateway_is_doubted() {
    let start = |run: &str| {
        format!("    start: {{run: {run}, env: {{KEY: \"${{credential.openai-eu}}\"}}, ready: \"http://127.0.0.1:${{port}}/\"}}\n")
    };
    let staged = |run: &str, said: &str| gets(INVENTORY_PATH, "  staging:\n", &format!("  staging:\n{}", start(run)), said);
    staged(
        "[gateway, \"${service.key}\"]",
        r#"
warning: `${service.key}` is among the arguments of a program, which everybody on its host can read
   --> runbooks/inventory.yaml:19:18
    |
 19 |     start: {run: [gateway, "${service.key}"], env: {KEY: "${credential.openai-eu}"}, ready: "http://127.0.0.1:${port}/"}
    |                  ^
    = hint: give it in the environment, `env: {KEY: "${service.key}"}`
"#,
    );
    staged("[gateway, \"${port}\"]", "");
}

#[test]
fn a_runbook_that_nobody_has_read_for_a_year_is_doubted() {
    gets(
        RUNBOOK_PATH,
        "start: on-detection",
        "start: on-detection\nreviewed: 2025-11-19",
        r#"
warning: nobody has reviewed this runbook since 2025-11-19, which is more than a year
  --> runbooks/switch.yaml:5:11
   |
 5 | reviewed: 2025-11-19
   |           ^^^^^^^^^^
   = hint: read it through with those who would walk it, then write `reviewed: 2026-11-20`
"#,
    );
    gets(RUNBOOK_PATH, "start: on-detection", "start: on-detection\nreviewed: 2025-11-20", "");
}

#[test]
fn expectations_longer_than_the_promise_are_found_with_and_without_a_scenario() {
    let files = Files::new();
    files.spoil(RUNBOOK_PATH, "    timeout: 10s\n", "    timeout: 10s\n    expected: 6s\n");
    files.spoil(RUNBOOK_PATH, "    timeout: 1m\n", "    timeout: 1m\n    expected: 5s\n");
    let said = "warning: the steps of `switch` are expected to take 11 s, longer than the RTO of 10 s";
    assert!(files.check().starts_with(&format!("{said} in `outage`\n  --> scenarios/outage.yaml:4:10")), "{}", files.check());
    std::fs::remove_file(files.scenario()).unwrap();
    files.spoil(RUNBOOK_PATH, "after: 5s", "after: 15s");
    let checked = files.check();
    assert!(checked.contains(&format!("{said} of `support-chat`\n   --> runbooks/inventory.yaml:15:14")), "{checked}");
    assert!(checked.contains("`oncall` is told after 15 s, later than the RTO of 10 s of `support-chat`"), "{checked}");
    files.spoil(RUNBOOK_PATH, "expected: 5s", "expected: 4s").spoil(RUNBOOK_PATH, "after: 15s", "after: 9s");
    assert!(!files.check().contains("longer than the RTO"), "as long as the RTO is still within it");
}

#[test]
fn steps_that_are_spoken_of_must_be_there() {
    let files = Files::new();
    let step = "  - name: Confirm\n    on_failure: {goto: Swich}\n    when: {step: Cofirm, ended: done}\n    output: seen\n";
    files.spoil(RUNBOOK_PATH, "  - name: Confirm\n", step);
    files.spoil(RUNBOOK_PATH, "\"${standby}\"", "\"${steps.sen.json.a}\"");
    let said: Vec<String> = check(files.root(), &[], TODAY)
        .findings
        .iter()
        .map(|found| format!("{}; {}", found.message, found.hint.clone().unwrap()))
        .collect();
    let wanted = [
        "no step's output is `sen`; did you mean `${steps.seen}`?",
        "`Swich` is not a step that can be gone to; did you mean `Switch`?",
        "`Cofirm` is not a step of this runbook; did you mean `Confirm`?",
    ];
    assert_eq!(said, wanted);
}

#[test]
fn a_promise_that_providers_break_by_themselves_is_doubted() {
    // Of 2 % around 4.5 s nearly all come later than 2 s; 400 requests may have 4 bad ones at 99 %, and 8 at 98 %.
    let slow = "openai-eu: {dialect: openai, residency: eu, simulation: {tail_share: 2%, tail_p50: 4500ms}}";
    let files = Files::new();
    files.spoil(INVENTORY_PATH, "openai-eu: {dialect: openai, residency: eu}", slow);
    let said = files.check();
    assert!(said.starts_with("warning: ") && said.contains(" of all drills would fail though nothing is wrong: 2.0% of the answers come late by themselves, and the promise must hold in a baseline of 400 requests and a hold of 400\n"), "{said}");
    // What is written instead is enough.
    let instead = said.split("hint: write `").nth(1).unwrap().split('`').next().unwrap();
    assert!(instead.starts_with("max_consecutive_bad: ") && instead.contains(", success: 9"), "{said}");
    files.spoil(INVENTORY_PATH, "stable_for: 8s", &format!("stable_for: 8s, {instead}"));
    assert_eq!(files.check(), "");
    files.spoil(INVENTORY_PATH, instead, "deadline: 20s");
    let level = files.check().split("`slo: {").nth(1).unwrap().split('}').next().unwrap().to_owned();
    files.spoil(INVENTORY_PATH, "first_token: 2s", &level);
    assert_eq!(files.check(), "");
    // The lab's own times bear what is promised here; other times are nobody's where a real provider is asked.
    assert_eq!(Files::new().check(), "");
}

#[test]
fn a_limit_on_rescued_requests_is_doubted_where_a_fault_leaves_nothing_to_see_of_them() {
    let limit = "objectives: {rescued: {at_most: 5%, after: 2s}, failback: 10s}";
    let told = |fault: &str| {
        let files = Files::new();
        files.spoil(SCENARIO_PATH, "objectives: {failback: 10s}", limit).spoil(SCENARIO_PATH, "{blackhole: {}}", fault).check()
    };
    let doubt = "takes connections before they carry a request, so no proxy sees who was asked first and rescued";
    for fault in ["refuse", "reset"] {
        let said = told(fault);
        assert!(said.contains(&format!("warning: `{fault}` {doubt}")), "{said}");
    }
    assert!(!told("{blackhole: {}}").contains(doubt));
}
