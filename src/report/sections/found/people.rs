//! What people, their alerts and their runbook did, and how late.

use crate::history::{Event, StepEnd};
use crate::report::model::{Text, WaterfallMoment, WaterfallStage};
use crate::report::sections::subject::Subject;
use crate::report::sections::waterfall::{changes_something, waterfall};
use crate::report::words::wording::length;
use std::collections::BTreeMap;

/// Nanoseconds: what comes later than this is late.
const LATE: i64 = 1_000_000_000;

fn ended(stages: &[WaterfallStage], moment: WaterfallMoment) -> Option<(i64, &WaterfallStage)> {
    stages.iter().find(|stage| stage.moment == moment).and_then(|stage| Some((stage.at?.hi_ns?, stage)))
}

/// The team's own alert, held against what users felt and what had happened by then.
pub(super) fn alert_came_late(subject: &Subject<'_>) -> Option<Text> {
    let waterfall = waterfall(subject)?;
    let hurt = ended(&waterfall.stages, WaterfallMoment::FirstHurt)?.0;
    let goal = ended(&waterfall.stages, waterfall.goal).map(|(at, _)| at);
    let (name, alert) = subject
        .digest
        .alerts()
        .into_iter()
        .map(|(name, alert)| (name, subject.digest.since_fault(alert.at)))
        .filter(|(_, at)| *at >= 0)
        .min_by_key(|(_, at)| *at)?;
    let late = u64::try_from(alert - hurt).ok().filter(|_| alert - hurt >= LATE)?;
    let then = match goal {
        Some(goal) if alert > goal => ", when service was good again already: it came too late to help",
        _ => "",
    };
    let told = Text::own("The alert ").then(Text::outside(name));
    Some(told.then(format!(" came {} after the first request was hurt{then}.", length(late))))
}

/// Service came back before the runbook had done anything for it.
pub(super) fn gateway_was_faster(subject: &Subject<'_>) -> Option<Text> {
    let runbook = subject.digest.started.as_ref()?.plan.runbook.as_ref().filter(|runbook| changes_something(runbook))?;
    let waterfall = waterfall(subject)?;
    let began = subject.digest.notable.iter().any(|stamped| matches!(stamped.event, Event::RunbookStarted(_)));
    let (goal, _) = ended(&waterfall.stages, waterfall.goal).filter(|_| began)?;
    let acted = ended(&waterfall.stages, WaterfallMoment::Acted).map(|(at, _)| at);
    let told = Text::own("Service was good again before the runbook ").then(Text::outside(&runbook.name));
    let told = told.then(" had changed anything: this drill does not show what that runbook is good for.");
    acted.is_none_or(|acted| acted > goal).then_some(told)
}

/// The step that took most of the runbook's time.
pub(super) fn slowest_step(subject: &Subject<'_>) -> Option<Text> {
    let runbook = subject.digest.started.as_ref()?.plan.runbook.as_ref()?;
    let acted = ended(&waterfall(subject)?.stages, WaterfallMoment::Acted)?.0;
    let mut begun: BTreeMap<u32, u64> = BTreeMap::new();
    let (mut started, mut slowest): (Option<u64>, Option<(u64, u32)>) = (None, None);
    let until = subject.digest.after_fault(acted)?;
    for stamped in subject.digest.notable.iter().filter(|stamped| stamped.t <= until) {
        match &stamped.event {
            Event::RunbookStarted(_) => started = Some(stamped.t),
            Event::StepStarted(step) => {
                begun.entry(step.step).or_insert(stamped.t);
            }
            Event::StepFinished(step) if step.end != StepEnd::Skipped => {
                let took = begun.remove(&step.step).map_or(0, |begun| stamped.t - begun);
                slowest = slowest.max(Some((took, step.step)));
            }
            _ => {}
        }
    }
    let whole = until.checked_sub(started?)?;
    let (took, step) = slowest.filter(|(took, _)| *took * 2 >= whole && whole >= 2 * LATE.unsigned_abs())?;
    let name = &runbook.steps.get(step as usize)?.name;
    let told = Text::own(format!("Of the {} that the runbook took to act, {} went into the step ", length(whole), length(took)));
    Some(told.then(Text::outside(name)).then("."))
}
