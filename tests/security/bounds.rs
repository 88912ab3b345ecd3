//! What no run of the binary may exceed, whatever it is given: time, memory, and what it sends to the terminal.

use crate::support::{Project, Run};

/// In seconds. Commands that only read take none; a program of a step or a server that hangs is given up within ten.
const SECONDS: &str = "60";
/// In KiB of address space, of which a runtime with its threads takes some already.
const MEMORY: &str = r#"ulimit -v 6000000; exec "$@""#;

/// The same with somebody at the other end of a pipe, who says nothing for a while.
const ATTENDED: &str = r#"ulimit -v 6000000; sleep 3 | "$@""#;

/// Runs it with no environment but this; panics where it does not end in time, or does not end by itself.
pub(super) fn bounded(project: &Project, environment: &[&str], args: &[&str]) -> Run {
    within(MEMORY, project, environment, args)
}

/// The same before somebody who may be asked.
pub(super) fn attended(project: &Project, environment: &[&str], args: &[&str]) -> Run {
    within(ATTENDED, project, environment, args)
}

fn within(bounds: &str, project: &Project, environment: &[&str], args: &[&str]) -> Run {
    let mut command = project.after(&["timeout", "--signal=KILL", SECONDS, "sh", "-c", bounds, "sh"], args);
    let given: Vec<_> = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    command.env_clear().envs(given).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(environment.iter().filter_map(|pair| pair.split_once('=')));
    let run = project.run(&mut command);
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
