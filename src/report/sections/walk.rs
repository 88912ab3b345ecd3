//! A runbook that was walked in an incident whose beginning is known: what went by before it was started, and what its steps took.
//!
//! Its clock begins with the outage, as people state it; the steps have the clock of whoever walked the runbook. What this file does not do: tell
//! what users saw; of that it knows only what a step saw.

use super::way::{Moment, arranged};
use crate::history::{Event, ExecutionStarted, History, Stamped};
use crate::import::RecordTime;
use crate::model::{Action, Step, StepEnd};
use crate::report::model::{Block, Paragraph, Section, SectionKind, StageTime, Text, WaterfallMoment};
use crate::report::words::wording::length;

/// A walked runbook, and when the outage began.
pub(super) struct WalkOnTheDay<'a> {
    started: &'a ExecutionStarted,
    events: &'a [Stamped],
    /// Nanoseconds from the outage to the origin of the walk's clock; `None` where nobody told when it began.
    before: Option<i64>,
}

impl<'a> WalkOnTheDay<'a> {
    /// `None` where the history is of something else.
    pub(super) fn of(history: &'a History, outage_unix_ns: Option<i64>) -> Option<Self> {
        let Event::ExecutionStarted(started) = &history.events.first()?.event else { return None };
        let origin = match started.wall_clock.parse() {
            Ok(RecordTime::At(origin)) => Some(origin),
            _ => None,
        };
        let before = origin.zip(outage_unix_ns).map(|(origin, outage)| origin.saturating_sub(outage));
        Some(Self { started, events: &history.events, before })
    }

    fn since_outage(&self, at: u64) -> Option<i64> {
        Some(self.before?.saturating_add(i64::try_from(at).ok()?))
    }

    /// When the first step ended well of which this holds.
    fn done(&self, wanted: impl Fn(&Step) -> bool, last: bool) -> Option<(u64, &'a str)> {
        let steps = &self.started.plan.runbook.steps;
        let mut ended = self.events.iter().filter_map(|stamped| match &stamped.event {
            Event::StepFinished(step) if step.end == StepEnd::Done => {
                let step = steps.get(step.step as usize)?;
                wanted(step).then_some((stamped.t, step.name.as_str()))
            }
            _ => None,
        });
        if last { ended.last() } else { ended.next() }
    }

    fn began(&self) -> u64 {
        let first = self.events.iter().find(|stamped| matches!(stamped.event, Event::RunbookStarted(_) | Event::StepStarted(_)));
        first.map_or(0, |stamped| stamped.t)
    }

    fn decided(&self) -> Option<u64> {
        self.done(|step| step.action.asks_people(), false).map(|(at, _)| at)
    }

    fn acted(&self) -> Option<(u64, &'a str)> {
        self.done(|step| !step.reads && !step.action.only_reads() && !matches!(step.action, Action::Notify(_)), false)
    }

    fn served(&self) -> Option<(u64, &'a str)> {
        let undone = self.events.iter().any(|stamped| matches!(stamped.event, Event::StepUndone(_)));
        self.done(|step| step.action.sees_the_service(), true).filter(|_| !undone)
    }

    /// Nanoseconds from the outage until a step saw users served again.
    pub(super) fn served_after_outage(&self) -> Option<u64> {
        let (at, _) = self.served()?;
        u64::try_from(self.since_outage(at)?).ok()
    }

    /// What is known of the way to service, each with when it was after the outage.
    pub(super) fn moments(&self) -> Vec<(WaterfallMoment, i64)> {
        let known = [
            (WaterfallMoment::Detected, Some(self.began())),
            (WaterfallMoment::Decided, self.decided()),
            (WaterfallMoment::Acted, self.acted().map(|(at, _)| at)),
            (WaterfallMoment::Restored, self.served().map(|(at, _)| at)),
        ];
        known.into_iter().filter_map(|(moment, at)| Some((moment, self.since_outage(at?)?))).collect()
    }

    /// How long it was until users were served again, from the outage on; `None` where it is not known when that began.
    pub(super) fn opening(&self) -> Option<Block> {
        let began = self.since_outage(self.began())?;
        if began < 0 {
            return Some(Paragraph::key("The runbook was started before the outage is said to have begun.").into());
        }
        let waited = length(began.unsigned_abs());
        let rto = self.started.plan.rto();
        let told = match (self.served_after_outage(), rto) {
            (Some(served), Some(rto)) => {
                let verdict = if served <= rto.as_nanos() { "met" } else { "missed" };
                format!("A step saw users served again {} after the outage began; the RTO is {rto}: {verdict}.", length(served))
            }
            (Some(served), None) => format!("A step saw users served again {} after the outage began.", length(served)),
            (None, Some(rto)) => format!("No step saw users served again; the RTO is {rto}: not known."),
            (None, None) => "No step saw users served again.".to_owned(),
        };
        let walked = self.events.last().map_or(0, |stamped| stamped.t).saturating_sub(self.began());
        let rest = format!(" {waited} went by before the runbook was started, and {} while it was walked.", length(walked));
        Some(Paragraph::key(told + &rest).into())
    }

    /// Where the seconds went, from the outage on; `None` where it is not known when that began.
    pub(super) fn waterfall_section(&self) -> Option<Section> {
        self.before?;
        let exactly = |at: Option<u64>| {
            let at = self.since_outage(at?)?;
            Some(StageTime { lo_ns: at, hi_ns: Some(at) })
        };
        let start = Some(StageTime { lo_ns: 0, hi_ns: Some(0) });
        let (acted, served) = (self.acted(), self.served());
        let named = |what: &str, step: Option<(u64, &str)>| match step {
            Some((_, name)) => Text::own(format!("{what}: ")).then(Text::outside(name)),
            None => what.into(),
        };
        let at = |step: Option<(u64, &str)>| exactly(step.map(|(at, _)| at));
        let source = |step: Option<(u64, &str)>, none: &'static str| if step.is_some() { "the end of that step" } else { none };
        let moments = vec![
            Moment::at(WaterfallMoment::FaultActive, "the outage begins", start, "the person who stated it").on_the_way(""),
            Moment::at(WaterfallMoment::Detected, "the runbook is started", exactly(Some(self.began())), "Lifeboat")
                .on_the_way("went by before the runbook was started"),
            Moment::at(WaterfallMoment::Decided, "people have decided", exactly(self.decided()), "the answer of the person who was asked")
                .on_the_way("went by while people decided"),
            Moment::at(
                WaterfallMoment::Acted,
                named("the runbook has done", acted),
                at(acted),
                source(acted, "no step that changes anything was done"),
            )
            .on_the_way("went by before the runbook had acted"),
            Moment::at(
                WaterfallMoment::Restored,
                named("users are seen served again", served),
                at(served),
                source(served, "no step that looks at the service saw it"),
            )
            .on_the_way("went by until a step saw users served again"),
        ];
        let decided = self.decided().is_some();
        let moments = moments.into_iter().filter(|moment| decided || !moment.is(WaterfallMoment::Decided)).collect();
        let budget = self.started.plan.rto().map(crate::units::Duration::nanos);
        let waterfall = arranged(moments, WaterfallMoment::Restored, budget);
        Some(Section::new(SectionKind::Waterfall, "Where the seconds went").with(Block::Waterfall(waterfall)))
    }
}
