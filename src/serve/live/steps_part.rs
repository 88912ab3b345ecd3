//! The runbook of a live drill, step by step: what is done, what runs now and for how long, and what is still to come.

use super::sight::{DrillSight, tenths, whole_seconds};
use crate::history::Event;
use crate::model::{Runbook, StartMode, StepEnd};
use maud::{Markup, html};

/// Letters of an output that are shown.
const SHOWN: usize = 2_000;

/// How far a step is.
#[derive(Debug, Clone, Default)]
struct StepSeen<'a> {
    began: Option<u64>,
    attempt: u32,
    end: Option<(u64, StepEnd)>,
    output: &'a str,
    /// Its undo has begun, and how that ended.
    undoing: bool,
    undone: Option<StepEnd>,
}

/// All steps.
pub(super) fn steps(sight: &DrillSight) -> Markup {
    let Some(runbook) = &sight.plan.runbook else {
        return html! { h2 { "Runbook" } p { "None: the system is to recover by itself." } };
    };
    let seen = seen(sight, runbook);
    html! {
        h2 { "Runbook: " (runbook.name) }
        p.lv-soft { (begun(sight, runbook)) @if sight.is_own && !sight.is_attended { " Its questions are answered with yes." } }
        ol.lv-steps {
            @for (step, seen) in runbook.steps.iter().zip(&seen) {
                @let (state, words) = state(sight, seen, &step.timeout.to_string());
                li data-state=(state) aria-current=[(state == "now").then_some("step")] {
                    span.lv-what { (step.name) } " " span.lv-state { (words) }
                    @if !seen.output.trim().is_empty() && seen.end.is_some() {
                        details { summary { "What it saw" } pre { (seen.output.chars().take(SHOWN).collect::<String>()) } }
                    }
                }
            }
        }
    }
}

/// What started it, or what it waits for.
fn begun(sight: &DrillSight, runbook: &Runbook) -> String {
    match (&sight.live.runbook_started, runbook.start) {
        (Some((at, because)), _) => format!("Begun at {} by {because}.", tenths(*at)),
        (None, _) if sight.live.finished => "It never began.".to_owned(),
        (None, StartMode::OnDetection) => format!("It begins at {}.", runbook.detect),
        (None, StartMode::WithTheFault) => "It begins with the fault.".to_owned(),
        (None, StartMode::ByHand) => "It begins when a person says so.".to_owned(),
    }
}

fn seen<'a>(sight: &'a DrillSight, runbook: &Runbook) -> Vec<StepSeen<'a>> {
    let mut all = vec![StepSeen::default(); runbook.steps.len()];
    for stamped in &sight.live.notable {
        match &stamped.event {
            Event::StepStarted(started) => {
                if let Some(seen) = all.get_mut(started.step as usize) {
                    // A step that is come to again begins again.
                    if seen.end.is_some() {
                        *seen = StepSeen::default();
                    }
                    seen.began = seen.began.or(Some(stamped.t));
                    seen.attempt = started.attempt;
                }
            }
            Event::StepFinished(finished) => {
                if let Some(seen) = all.get_mut(finished.step as usize) {
                    seen.end = Some((stamped.t, finished.end));
                    seen.output = &finished.output;
                }
            }
            Event::UndoStarted(undo) => {
                if let Some(seen) = all.get_mut(undo.step as usize) {
                    seen.undoing = true;
                }
            }
            Event::StepUndone(undone) => {
                if let Some(seen) = all.get_mut(undone.step as usize) {
                    (seen.undoing, seen.undone) = (false, Some(undone.end));
                }
            }
            _ => {}
        }
    }
    all
}

/// A word for the style sheet, and words for people.
fn state(sight: &DrillSight, seen: &StepSeen<'_>, timeout: &str) -> (&'static str, String) {
    let took = |until: u64| seen.began.map(|began| tenths(until.saturating_sub(began)));
    match (seen.undone, seen.end, seen.began) {
        (Some(StepEnd::Done), ..) => ("undone", "taken back".to_owned()),
        (Some(end), ..) => ("failed", format!("could not be taken back: {end}")),
        _ if seen.undoing => ("now", "is being taken back".to_owned()),
        (None, Some((at, StepEnd::Done)), _) => {
            ("done", took(at).filter(|took| took != "0.0 s").map_or_else(|| "done at once".to_owned(), |took| format!("done in {took}")))
        }
        (None, Some((_, StepEnd::Skipped)), _) => ("skipped", "skipped".to_owned()),
        (None, Some((at, end)), _) => ("failed", format!("{end} after {}", took(at).unwrap_or_default())),
        (None, None, Some(began)) if !sight.live.finished => {
            let again = if seen.attempt > 1 { format!(", try {}", seen.attempt) } else { String::new() };
            ("now", format!("runs for {} of at most {timeout}{again}", whole_seconds(sight.now.saturating_sub(began))))
        }
        (None, None, Some(_)) => ("failed", "did not end".to_owned()),
        (None, None, None) if sight.live.finished => ("skipped", "not reached".to_owned()),
        (None, None, None) => ("to-come", "to come".to_owned()),
    }
}
