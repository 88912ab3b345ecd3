//! What happened while requests came and went: faults, phases, steps, guards and breakers as spans, everything else as moments.
//!
//! What this file does not do: count requests (`picture`), or choose what is drawn where (`render/svg`).

use super::subject::Subject;
use crate::history::{Breaker, Event, Guarded, Phase, StepStarted};
use crate::model::StepEnd;
use crate::report::model::{Grade, MarkKind, PictureMark, PictureSpan, ReportStatus, SpanKind, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Spans of one kind, and moments of one kind, that a picture has at most.
const MOST: usize = 40;

/// Everything that lasted, in the order in which it began, in nanoseconds since the traffic began.
pub(in crate::report) fn spans(subject: &Subject<'_>, end_ns: u64) -> Vec<PictureSpan> {
    let mut open = Open { subject, spans: Vec::new(), steps: BTreeMap::new(), undone: BTreeMap::new(), breakers: BTreeMap::new() };
    for stamped in &subject.digest.notable {
        open.take(stamped.t, &stamped.event);
    }
    let mut spans = open.spans;
    let mut counts: BTreeMap<SpanKind, usize> = BTreeMap::new();
    spans.retain(|span| {
        let count = counts.entry(span.kind).or_default();
        let shown = span.from_ns < end_ns && *count < MOST;
        *count += usize::from(shown);
        shown
    });
    spans
}

/// What has begun and not ended, by its place among the spans.
struct Open<'a> {
    subject: &'a Subject<'a>,
    spans: Vec<PictureSpan>,
    steps: BTreeMap<u32, usize>,
    undone: BTreeMap<u32, usize>,
    breakers: BTreeMap<&'a str, usize>,
}

impl<'a> Open<'a> {
    fn since(&self, moment: u64) -> u64 {
        moment.saturating_sub(self.subject.digest.zero())
    }

    fn begin(&mut self, kind: SpanKind, name: Text, at: u64) -> usize {
        let from_ns = self.since(at);
        self.spans.push(PictureSpan { kind, name, lane: None, grade: Grade::Neutral, from_ns, until_ns: None });
        self.spans.len() - 1
    }

    fn end(&mut self, place: Option<usize>, at: u64) {
        let until = self.since(at);
        if let Some(span) = place.and_then(|place| self.spans.get_mut(place)) {
            span.until_ns = Some(until.max(span.from_ns));
        }
    }

    fn take(&mut self, t: u64, event: &'a Event) {
        match event {
            Event::Phase(entered) => self.phase(t, entered.name),
            Event::FaultConfirmed(fault) => {
                let name = self.fault(fault.fault, &fault.on);
                let place = self.begin(SpanKind::Fault, name, fault.lo);
                self.spans[place].grade = Grade::Bad;
                self.spans[place].until_ns = self.replaced(fault.fault, &fault.on, place);
            }
            Event::FaultHealed(fault) => {
                let name = self.fault(fault.fault, &fault.on);
                let healed = |span: &PictureSpan| span.kind == SpanKind::Fault && span.until_ns.is_none() && span.name == name;
                let place = self.spans.iter().position(healed);
                self.end(place, fault.lo);
            }
            Event::ReactionModelled(reaction) if reaction.step.is_none() => {
                let place = self.begin(SpanKind::Step, "people react (modelled)".into(), t);
                self.end(Some(place), t.saturating_add(reaction.length));
            }
            // Only a first try begins it.
            Event::StepStarted(StepStarted { step, name, .. }) if !self.steps.contains_key(step) => {
                let place = self.begin(SpanKind::Step, Text::outside(name), t);
                self.steps.insert(*step, place);
            }
            Event::StepFinished(finished) => {
                let place = self.steps.get(&finished.step).copied();
                self.finish(place, t, finished.end);
            }
            Event::UndoStarted(undo) => {
                let name = Text::own("undo: ").then(self.step_name(undo.step));
                let place = self.begin(SpanKind::Step, name, t);
                self.undone.insert(undo.step, place);
            }
            Event::StepUndone(undone) => {
                let place = self.undone.get(&undone.step).copied();
                self.finish(place, t, undone.end);
            }
            Event::Gateway(gateway) => self.breaker(gateway.at, &gateway.provider, gateway.breaker),
            Event::GuardTripped(guarded) => self.guard(t, guarded),
            _ => {}
        }
    }

    fn phase(&mut self, t: u64, name: Phase) {
        let last = self.spans.iter().rposition(|span| span.kind == SpanKind::Phase && span.until_ns.is_none());
        self.end(last, t);
        if !matches!(name, Phase::Preparing | Phase::Draining) {
            self.begin(SpanKind::Phase, Text::own(name.to_string()), t);
        }
    }

    fn fault(&self, place: u32, on: &str) -> Text {
        let faults = self.subject.digest.started.as_ref().map(|started| &started.plan.scenario.timeline.faults);
        let what = faults.and_then(|faults| faults.get(place as usize)).map(|planned| format!("{}{}", planned.fault, planned.aim));
        Text::outside(format!("{} on {on}", what.unwrap_or_else(|| "a fault".to_owned())))
    }

    /// Nothing heals a key that its issuer took back: what lasts is the time until the new one is used everywhere.
    fn replaced(&self, place: u32, on: &str, span: usize) -> Option<u64> {
        let rotated = self.subject.verdict.rotations.iter().find(|rotated| rotated.provider == on);
        let moved = rotated.filter(|_| self.subject.digest.of_credential(place))?.moments.t6?;
        Some(self.spans[span].from_ns.saturating_add_signed(moved.hi?))
    }

    fn step_name(&self, step: u32) -> Text {
        let runbook = self.subject.digest.started.as_ref().and_then(|started| started.plan.runbook.as_ref());
        let step = runbook.and_then(|runbook| runbook.steps.get(step as usize));
        step.map_or_else(|| "a step".into(), |step| Text::outside(&step.name))
    }

    fn finish(&mut self, place: Option<usize>, t: u64, end: StepEnd) {
        self.end(place, t);
        let status = ReportStatus::from(end);
        if let Some(span) = place.and_then(|place| self.spans.get_mut(place)) {
            if status.grade != Grade::Good {
                span.name = std::mem::take(&mut span.name).then(format!(" ({})", status.word));
            }
            span.grade = status.grade;
        }
    }

    fn breaker(&mut self, at: u64, provider: &'a str, breaker: Breaker) {
        let open = self.breakers.remove(provider);
        self.end(open, at);
        if breaker == Breaker::Open {
            let place = self.begin(SpanKind::Breaker, Text::outside(provider).then(": breaker open"), at);
            self.spans[place].lane = Some(provider.to_owned());
            self.breakers.insert(provider, place);
        }
    }

    /// A guard trips after what it watches was so for as long as it says. Older histories say no more than when it tripped.
    fn guard(&mut self, t: u64, guarded: &Guarded) {
        let (since, at) = guarded.evidence.as_ref().map_or_else(
            || {
                let guards = self.subject.digest.started.iter().flat_map(|started| &started.plan.scenario.abort_when);
                (t.saturating_sub(guards.map(|guard| guard.length.as_nanos()).next().unwrap_or(0)), t)
            },
            |evidence| (evidence.since, evidence.at),
        );
        let place = self.begin(SpanKind::Guard, Text::outside(&guarded.guard), since);
        self.end(Some(place), at);
        self.spans[place].grade = Grade::Bad;
    }
}

/// Every moment that is worth a mark, in the order of time, in nanoseconds since the traffic began.
pub(in crate::report) fn marks(subject: &Subject<'_>, end_ns: u64) -> Vec<PictureMark> {
    let zero = subject.digest.zero();
    let mut marks: Vec<PictureMark> = Vec::new();
    let mut alerts: BTreeSet<(&str, &str)> = BTreeSet::new();
    let tripped = subject.digest.notable.iter().find_map(|stamped| match &stamped.event {
        Event::GuardTripped(guarded) => Some(guarded.evidence.as_ref().map_or(stamped.t, |evidence| evidence.at)),
        _ => None,
    });
    for stamped in &subject.digest.notable {
        let (kind, name, at) = match &stamped.event {
            Event::AlertReceived(alert) if alert.firing && alerts.insert((&alert.name, &alert.instance)) => {
                (MarkKind::Alert, Text::outside(&alert.name), alert.at)
            }
            Event::RunbookStarted(_) => (MarkKind::Runbook, "the runbook starts".into(), stamped.t),
            Event::Gateway(gateway) if gateway.breaker == Breaker::HalfOpen => {
                (MarkKind::Gateway, Text::outside(&gateway.provider).then(": half-open"), gateway.at)
            }
            Event::KeyMinted(key) => (MarkKind::Key, Text::own("new key for ").then(Text::outside(&key.credential)), key.hi),
            Event::KeyStored(key) => (MarkKind::Key, Text::outside(&key.credential).then(" stored"), key.hi),
            Event::KeyRevoked(key) => {
                (MarkKind::Key, Text::own("old key of ").then(Text::outside(&key.credential)).then(" revoked"), key.hi)
            }
            Event::Note(note) => (MarkKind::Note, Text::outside(&note.text), stamped.t),
            Event::Contacted(contacted) => (MarkKind::Note, Text::outside(&contacted.contact).then(" told"), stamped.t),
            // It is told of once everything is taken back; what tripped came before.
            Event::Cancelled(_) => (MarkKind::Stop, "the drill was stopped".into(), tripped.unwrap_or(zero + end_ns)),
            _ => continue,
        };
        let seen = marks.iter().filter(|mark| mark.kind == kind).count();
        // What happened before the traffic began has no place on its axis.
        if at >= zero && at - zero <= end_ns && seen < MOST {
            let lane = match &stamped.event {
                Event::Gateway(gateway) => Some(gateway.provider.clone()),
                _ => None,
            };
            marks.push(PictureMark { kind, name, lane, at_ns: at - zero });
        }
    }
    marks.sort_by_key(|mark| mark.at_ns);
    marks
}
