//! What no run of the binary may exceed, whatever it is given: time, memory, and what it sends to the terminal.

use crate::support::{Project, Run};

/// In seconds. Commands that only read take none; a program of a step or a server that hangs is given up within ten.
const SECONDS: &str = "60";
/// In KiB of address space, of which a runtime with its threads takes some already.
const MEMORY: &str = "ulimit -v 6000000; exec env -i PATH=\"$PATH\" LIFEBOAT_LAB_KEYLOG=\"$LIFEBOAT_LAB_KEYLOG\" \"$@\"";

/// The same with somebody at the other end of a pipe, who says nothing for a while.
const ATTENDED: &str = "ulimit -v 6000000; sleep 3 | env -i PATH=\"$PATH\" LIFEBOAT_LAB_KEYLOG=\"$LIFEBOAT_LAB_KEYLOG\" \"$@\"";

/// Runs it with no environment but this; panics where it does not end in time, or does not end by itself.
pub(super) fn bounded(project: &Project, environment: &[&str], args: &[&str]) -> Run {
    within(MEMORY, project, environment, args)
}

/// The same before somebody who may be asked.
pub(super) fn attended(project: &Project, environment: &[&str], args: &[&str]) -> Run {
    within(ATTENDED, project, environment, args)
}

fn within(bounds: &str, project: &Project, environment: &[&str], args: &[&str]) -> Run {
    let mut before = vec!["timeout", "--signal=KILL", SECONDS, "sh", "-c", bounds, "sh"];
    before.extend(environment);
    let run = project.run(&mut project.after(&before, args));
    assert!(run.code.is_some_and(|code| code < 128), "{args:?} did not end in time, or not by itself: {run:?}");
    run
}

/// Sets the clipboard, the title, clears the screen and moves up; in one byte (C1) and in two.
pub(super) const ESCAPES: &str = "\u{1b}]52;c;cm0gLXJmIC8=\u{7}\u{1b}]0;title\u{1b}\\\u{1b}[2J\u{1b}[1A\u{9b}2J\u{9d}0;x\u{9c}";

/// Whether a text would drive a terminal.
pub(super) fn drives(text: &str) -> bool {
    let allowed = ['\n', '\r', '\t'];
    text.chars().any(|letter| letter.is_control() && !allowed.contains(&letter))
}

/// Lets the quick drill go on however busy this machine is: what it measures does not matter here.
pub(super) fn patient(project: &Project) -> &Project {
    project.edit("runbooks/inventory.yaml", "first_token: 250ms", "first_token: 1500ms");
    project.edit("runbooks/inventory.yaml", "success: 95%", "success: 50%").edit(
        "runbooks/inventory.yaml",
        "lag_max: 200ms",
        "lag_max: 1s",
    );
    project.edit("scenarios/quick.yaml", "rate: 50/s", "rate: 20/s")
}
