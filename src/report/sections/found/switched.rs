//! A runbook that switched one value, and how long it took from that until a standby answered.

use crate::history::{Event, StepEnd};
use crate::model::{Action, Runbook};
use crate::report::model::Text;
use crate::report::sections::subject::Subject;
use crate::report::words::wording::length;

/// From the end of the first switch to the first good answer of a standby; nothing where that came before.
pub(super) fn to_the_first_answer(subject: &Subject<'_>) -> Option<Text> {
    let runbook: &Runbook = subject.digest.started.as_ref()?.plan.runbook.as_ref()?;
    let switches = |step: u32| runbook.steps.get(step as usize).is_some_and(|step| matches!(step.action, Action::Switch(_)));
    let done = subject.digest.notable.iter().find_map(|stamped| match &stamped.event {
        Event::StepFinished(step) if step.end == StepEnd::Done && switches(step.step) => Some(stamped.t),
        _ => None,
    })?;
    let first = subject.verdict.measures.as_ref()?.first_standby?.hi?;
    let took = u64::try_from(first - subject.digest.since_fault(done)).ok()?;
    Some(format!("From the switch to the first answer of the standby it took {}.", length(took)).into())
}
