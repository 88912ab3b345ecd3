//! A drill that was stopped, in words: its own reason, and its own hint.

use super::wording::seconds_down;
use crate::history::{Phase, StopReason};
use crate::verdict::{EarlyStop, Reason, Verdict};

/// The stop that keeps a verdict from being decisive.
pub(in crate::report) fn decisive(verdict: &Verdict) -> Option<&EarlyStop> {
    let of_it = matches!(verdict.reason, Some(Reason::Stopped | Reason::BaselineUnstable | Reason::ScheduleIncomplete));
    verdict.stopped.as_ref().filter(|_| of_it)
}

/// Why, as the end of a sentence.
pub(in crate::report) fn because(verdict: &Verdict, stop: &EarlyStop) -> String {
    let why = why(stop);
    match (stop.after_fault, stop.phase) {
        _ if verdict.evidence.requests == 0 => format!("the drill ended before its traffic began: {why}"),
        (None, _) => format!("no fault was injected: {why}"),
        (Some(_), Phase::Watch) => format!("the drill was stopped after the fault was healed: {why}"),
        (Some(after), _) => format!("the drill was stopped {} after the fault: {why}", seconds_down(after.0)),
    }
}

/// Who or what stopped it.
pub(in crate::report) fn why(stop: &EarlyStop) -> String {
    match stop.reason {
        StopReason::Person => "a person stopped it".to_owned(),
        _ => listed(&stop.detail),
    }
}

/// The first line; of a list of troubles all of them.
fn listed(problem: &str) -> String {
    let mut lines = problem.lines();
    let first = lines.next().unwrap_or_default().trim_end_matches('.');
    let each = lines.map(str::trim_start).filter(|line| line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok()));
    let each: Vec<&str> = each.filter(|_| first.ends_with("are wrong:")).collect();
    if each.is_empty() { first.to_owned() } else { format!("{first} {}", each.join("; ")) }
}

/// What to do: what was said when it was stopped, else what goes for its kind.
pub(in crate::report) fn hint(stop: &EarlyStop) -> String {
    let said = stop.hint.as_ref().map(|hint| hint.split_whitespace().collect::<Vec<_>>().join(" "));
    said.unwrap_or_else(|| {
        match stop.reason {
            StopReason::Person => "run it again, and let it run to its end",
            StopReason::Guard => {
                "raise the limit that was reached (`abort_when`, or `max_spend` or `max_requests` of the environment) only where it was too tight"
            }
            StopReason::BaselineUnsteady => "look at the requests before the fault: what is wrong with them has nothing to do with the drill",
            StopReason::Environment => "fix that, and run it again",
            StopReason::Fault => "make sure that the fault proxy runs until the drill ends, and run it again",
            StopReason::Journal => "make room on the disk, or choose another folder with `--out`, and run it again",
            StopReason::Lever => "run it again once the lever is lifted (`lifeboat resume`)",
            StopReason::Lock => "run it again when the other drill has ended",
        }
        .to_owned()
    })
}
