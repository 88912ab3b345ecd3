//! Canaries: what a share must be asked, and what could never be shown.

use super::{Files, RUNBOOK_PATH, gets};

const STEP: &str = "    run: [\"./switch.sh\", \"${standby}\"]\n    timeout: 10s\n    undo: {run: [\"./switch.sh\", \"${primary}\"]}\n";

/// A step with this canary, where the rest of it stands in `shift` and `back` of programs.
fn canary(rest: &str, timeout: &str) -> String {
    format!("    canary: {{shift: {{run: [./route.sh, \"10\"]}}, back: {{run: [./route.sh, \"0\"]}}, {rest}}}\n    timeout: {timeout}\n")
}

fn said(rest: &str, timeout: &str) -> String {
    Files::new().spoil(RUNBOOK_PATH, STEP, &canary(rest, timeout)).check()
}

#[test]
fn a_share_is_taken_back_by_itself_and_so_few_that_nothing_can_be_shown_are_refused() {
    let good = "of: standby, hold: 30s, at_least: 300 requests, worse_by: {errors: 1%, latency: 20%}";
    assert_eq!(said(good, "1m"), "");
    assert_eq!(said("of: openai-eu, hold: 30s, worse_by: {errors: 1%, latency: 20%, quality: 5%}", "31s"), "");
    gets(
        RUNBOOK_PATH,
        STEP,
        &canary("of: standby, hold: 30s, at_least: 50 requests, worse_by: {errors: 1%, latency: 20%}", "1m"),
        r#"
error: 50 requests cannot show it, even if not one of them fails
  --> runbooks/switch.yaml:8:114
   |
 8 | …0"]}, of: standby, hold: 30s, at_least: 50 requests, worse_by: {errors: 1%, latency: 20%}}
   |                                          ^^^^^^^^^^^
   = hint: write `at_least: 268 requests`, leave it away, or allow more in `worse_by`
"#,
    );
    for (rest, timeout, wanted) in [
        ("of: azure, hold: 30s, worse_by: {errors: 1%, latency: 20%}", "1m", "`azure` is not a provider of this inventory"),
        (
            "of: standby, hold: 30s, worse_by: {errors: 1%, latency: 20%}",
            "30s",
            "the canary is held for 30 s, so nothing would be decided by then",
        ),
        (
            "of: standby, hold: 30s, worse_by: {errors: 0%, latency: 20%}",
            "1m",
            "no number of requests can show that there is no difference at all",
        ),
        ("of: standby, hold: 30s, at_least: many, worse_by: {errors: 1%, latency: 20%}", "1m", "`many` does not say how many requests"),
        ("of: standby, hold: 30s", "1m", "a canary needs `worse_by`"),
    ] {
        let found = said(rest, timeout);
        assert!(found.starts_with(&format!("error: {wanted}")), "{rest}: {found}");
    }
}

#[test]
fn a_switch_that_shifts_is_switched_back() {
    let step = "    canary: {shift: {switch: {file: router.yaml, key: share, to: 10}}, of: standby, hold: 3s, worse_by: {errors: 5%, latency: 20%}}\n    timeout: 9s\n";
    assert_eq!(Files::new().spoil(RUNBOOK_PATH, STEP, step).check(), "");
    let found =
        Files::new().spoil(RUNBOOK_PATH, STEP, &step.replace("switch: {file: router.yaml, key: share, to: 10}", "pause: 3s")).check();
    assert!(found.contains("what shifts traffic needs one of `run`, `http`, `switch`") || found.contains("`pause`"), "{found}");
}
