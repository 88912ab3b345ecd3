//! Steps that failed half-way, maybe, and that nobody took back.

use super::finding;
use crate::history::{Event, StepEnd};
use crate::model::{FindingId, FindingSeverity, Step};
use crate::report::model::{ReportFinding, Text};
use std::collections::BTreeSet;

/// Steps that failed, and whose own undo was left out: half of their work may still be there.
pub(super) fn not_taken_back<'a>(steps: &[Step], events: impl Iterator<Item = &'a Event>) -> Vec<ReportFinding> {
    let (mut begun, mut left) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match event {
            Event::StepStarted(step) => {
                begun.insert(step.step);
            }
            Event::StepFinished(step) => {
                let half = steps.get(step.step as usize).is_some_and(Step::may_leave_half);
                if begun.remove(&step.step) && half && step.end == StepEnd::Failed && !step.unsure {
                    left.insert(step.step);
                } else {
                    left.remove(&step.step);
                }
            }
            Event::StepUndone(step) => {
                left.remove(&step.step);
            }
            _ => {}
        }
    }
    let names = left.into_iter().filter_map(|place| Some(steps.get(place as usize)?.name.as_str()));
    let of = |name| {
        let says = Text::outside(name).then(": failed and was not taken back; its undo did not run.");
        finding(FindingId::NotTakenBack, FindingSeverity::Medium, says).about(Some(name))
    };
    names.map(of).collect()
}
