//! What a runbook that was walked for real showed.

use super::course::{advised, of_remark};
use super::half_done::not_taken_back;
use super::{finding, sorted};
use crate::history::{Event, Stamped};
use crate::model::{FindingId, FindingSeverity, RotationPart, Step, StepEnd};
use crate::report::model::{ReportFinding, Text};
use crate::report::sections::keys;
use crate::units::Duration;
use std::collections::BTreeSet;

/// All of it, what matters most first.
pub(in crate::report) fn findings(steps: &[Step], events: &[Stamped]) -> Vec<ReportFinding> {
    let back = taken_back(events);
    let over = |event: &Event| matches!(event, Event::StepUndone(step) if back.contains(&step.step));
    let seen = events.iter().zip(1..).filter(|(stamped, _)| !over(&stamped.event));
    let seen = seen.filter_map(|(stamped, line)| Some(of(steps, &stamped.event)?.at_line(Some(line))));
    let keys = keys::findings(steps, events).into_iter().map(|(credential, part, what)| {
        let says = Text::outside(&credential).then(format!(": {what}."));
        finding(of_part(part), FindingSeverity::High, says).about(Some(credential))
    });
    let half = not_taken_back(steps, events.iter().map(|stamped| &stamped.event));
    in_order(sorted(seen.chain(keys).chain(half).map(advised).collect()))
}

/// Steps that were taken back in the end, however often that failed before.
fn taken_back(events: &[Stamped]) -> BTreeSet<u32> {
    let mut back = BTreeSet::new();
    for stamped in events {
        match &stamped.event {
            Event::StepUndone(step) if step.end == StepEnd::Done => {
                back.insert(step.step);
            }
            Event::StepUndone(step) => {
                back.remove(&step.step);
            }
            _ => {}
        }
    }
    back
}

/// What only took long comes last; all else in the order in which it happened, so that a cause stands before what follows from it.
fn in_order(mut found: Vec<ReportFinding>) -> Vec<ReportFinding> {
    let line = |finding: &ReportFinding| finding.evidence.events.first().copied().unwrap_or(u64::MAX);
    found.sort_by_key(|finding| (finding.severity == FindingSeverity::Low, line(finding)));
    found
}

/// Why, in a line, behind how it ended.
fn because(end: impl std::fmt::Display, output: &str) -> String {
    match output.lines().find(|line| !line.trim().is_empty()) {
        Some(why) => format!("{end}: {}", why.trim().trim_end_matches('.')),
        None => end.to_string(),
    }
}

/// What is missing where this part of a rotation was not seen to end well.
const fn of_part(part: RotationPart) -> FindingId {
    match part {
        RotationPart::Accepted => FindingId::NewKeyRefused,
        RotationPart::Revoke => FindingId::OldKeyNotRevoked,
        RotationPart::Refused => FindingId::KeyStillAccepted,
        _ => FindingId::NewKeyNotStored,
    }
}

fn of(steps: &[Step], event: &Event) -> Option<ReportFinding> {
    use FindingSeverity::{High, Low, Medium};
    let of_step = |id, severity, step: u32, what: String| {
        let name = steps.get(step as usize).map_or("a step", |step| step.name.as_str());
        Some(finding(id, severity, Text::outside(name).then(": ").then(Text::outside(what)).then(".")).about(Some(name)))
    };
    match event {
        Event::StepFinished(step) if !matches!(step.end, StepEnd::Done | StepEnd::Skipped) => {
            of_step(FindingId::StepFailed, Medium, step.step, because(step.end, &step.output))
        }
        Event::StepUndone(step) if step.end != StepEnd::Done => {
            of_step(FindingId::UndoFailed, High, step.step, because(format!("not undone, {}", step.end), &step.output))
        }
        Event::StepOverran(step) => {
            let expected = Duration::from_nanos(step.expected);
            of_step(FindingId::StepOverran, Low, step.step, format!("took longer than the expected {expected}"))
        }
        Event::Contacted(contacted) if contacted.end == StepEnd::Failed => {
            let says = Text::outside(&contacted.contact).then(" was not told: ").then(Text::outside(&contacted.output)).then(".");
            Some(finding(FindingId::ContactNotTold, Medium, says).about(Some(contacted.contact.as_str())))
        }
        Event::Remark(remark) => Some(of_remark(remark)),
        Event::Resumed(_) => Some(finding(FindingId::Interrupted, Low, "It was interrupted and resumed.")),
        _ => None,
    }
}
