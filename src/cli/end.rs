//! How a drill ended, as far as its verdict does not say it: why it was stopped, what could not be written or undone, and the exit code.

use super::arguments::relative;
use super::terminal::{is_quiet, say};
use super::{Exit, stores};
use crate::exercise::FinishedDrill;
use crate::history::StopReason;
use crate::step::Before;
use crate::units::explained;
use std::io::IsTerminal;

/// Why it ended before its time.
pub(super) fn say_early(finish: &FinishedDrill) {
    // On a terminal the panel and the verdict's block say it already.
    let on_terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal() && !is_quiet();
    if let Some(stop) = finish.stopped.as_ref().filter(|stop| stop.reason != StopReason::Journal && !on_terminal) {
        let told = explained(stop);
        say(&format!("{}{told}\n", if told.starts_with("stopped ") { "" } else { "stopped: " }));
    }
    if let Err(error) = &finish.journal {
        say(&format!(
            "error: {error}\n\nhint: make room on the disk, or choose another folder with `--out`; what could be written is in {}\n",
            finish.folder.display()
        ));
    }
}

/// What it could not write or undo.
pub(super) fn say_left(finish: &FinishedDrill) {
    if let Err(problem) = &finish.review {
        let folder = relative(&finish.folder);
        say(&format!(
            "warning: the findings were not written: {}\n\nhint: mend that, then `lifeboat report {folder} --keep-findings`",
            explained(problem)
        ));
    }
    for problem in &finish.attested.problems {
        say(&format!("warning: {problem}"));
    }
    if Before::has_notes(&finish.folder) {
        let left = finish.judged.digest.not_undone().join(", ");
        let what = if left.is_empty() {
            "something that the drill did could not be undone".to_owned()
        } else {
            format!("partly undone; not undone: {left}")
        };
        say(&format!("warning: {what}\n\nhint: see why in the report, then `lifeboat run --undo {}`", relative(&finish.folder)));
    }
}

/// The exit code of a drill.
pub(super) fn exit_of(finish: &FinishedDrill) -> Exit {
    // What may still be broken counts more than any verdict.
    if stores::left(&finish.folder) || finish.judged.digest.unproven().is_some() {
        return Exit::Safety;
    }
    match (&finish.stopped, &finish.journal) {
        (_, Err(_)) => Exit::Safety,
        (None, Ok(())) => finish.judged.verdict.verdict.into(),
        (Some(stop), Ok(())) => match stop.reason {
            StopReason::Person | StopReason::Guard | StopReason::Journal | StopReason::Lever | StopReason::Lock => Exit::Safety,
            StopReason::BaselineUnsteady | StopReason::Environment | StopReason::Fault => Exit::Inconclusive,
        },
    }
}
