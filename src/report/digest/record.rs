//! What others recorded, as if it were a drill's events: so whatever is folded from a drill is folded from a record as well.
//!
//! A record tells of less: of no plan, no steps, no faults but the one that was stated. Its clock begins with its first request or its fault,
//! whichever came first.

use super::Digest;
use crate::history::{By, Edge, Event, Evidence, FaultConfirmed, FaultHealed, JudgedRequest, Outcome, Phase, PhaseEntered};
use crate::history::{RequestDone, Served, Shed, Stamped};
use std::borrow::Cow;

impl Digest {
    /// What a report shows of what somebody else recorded.
    pub fn of_record(evidence: &Evidence) -> Self {
        let events = RecordEvents::of(evidence);
        let mut digest = Self::default();
        digest.providers.clone_from(&evidence.providers);
        digest.flows[0].promised = Some(evidence.objectives);
        events.edges().iter().for_each(|stamped| digest.apply(stamped));
        let mut attempts = evidence.attempts.iter().peekable();
        for (place, request) in (0_u64..).zip(evidence.requests.iter()) {
            digest.apply(&events.ended(place, &request));
            let mut tried = false;
            while let Some(attempt) = attempts.next_if(|attempt| u64::from(attempt.request) <= place) {
                tried = true;
                digest.apply(&events.attempt(place, usize::from(attempt.provider), attempt.at, attempt.completed));
            }
            // Whoever answered was asked; who else was is not known.
            if let By::Provider(by) = request.by
                && !tried
            {
                digest.apply(&events.attempt(place, usize::from(by), request.sent.max(request.due), request.outcome == Outcome::Ok));
            }
        }
        digest.settle();
        digest
    }
}

/// The events that a record stands for.
struct RecordEvents<'e> {
    evidence: &'e Evidence,
    /// The beginning of its clock.
    origin: i64,
}

impl<'e> RecordEvents<'e> {
    fn of(evidence: &'e Evidence) -> Self {
        let first = evidence.requests.all().first().map(|request| request.due.min(request.sent));
        let origin = first.into_iter().chain(evidence.fault.map(|fault| fault.lo)).min().unwrap_or(0);
        Self { evidence, origin }
    }

    fn at(&self, moment: i64) -> u64 {
        u64::try_from(moment.saturating_sub(self.origin)).unwrap_or(0)
    }

    /// The beginning of its traffic, of the fault, and of its end: first of all, so that of each request it is known in which part it is.
    fn edges(&self) -> Vec<Stamped> {
        let evidence = self.evidence;
        let mut edges = vec![Stamped { t: 0, event: Event::Phase(PhaseEntered { name: Phase::Baseline }) }];
        let broken: Vec<String> = evidence.broken.iter().map(|broken| evidence.name(broken.provider).to_owned()).collect();
        let on = if broken.is_empty() { evidence.primary.iter().map(|place| evidence.name(*place)).collect() } else { broken.join(", ") };
        if let Some(Edge { lo, hi }) = evidence.fault {
            let (lo, hi) = (self.at(lo), self.at(hi));
            edges.push(Stamped { t: hi, event: Event::FaultConfirmed(FaultConfirmed { fault: 0, on: on.clone(), lo, hi }) });
        }
        if let Some(Edge { lo, hi }) = evidence.heal.filter(|_| evidence.fault.is_some()) {
            let (lo, hi) = (self.at(lo), self.at(hi));
            edges.push(Stamped { t: hi, event: Event::FaultHealed(FaultHealed { fault: 0, on, lo, hi, touched: None, expired: false }) });
        }
        edges
    }

    fn ended(&self, id: u64, request: &JudgedRequest) -> Stamped {
        let (due, length) = (self.at(request.due), |until: i64| u64::try_from(until.saturating_sub(request.due)).unwrap_or(0));
        if request.outcome == Outcome::Unsent {
            return Stamped { t: due, event: Event::Shed(Shed { id, due }) };
        }
        let done = RequestDone {
            id,
            due,
            lag: length(request.sent),
            proof: (request.proof < request.done).then(|| length(request.proof)),
            done: length(request.done),
            outcome: request.outcome,
            why: None,
        };
        Stamped { t: due.saturating_add(done.done), event: Event::Request(done) }
    }

    fn attempt(&self, id: u64, provider: usize, at: i64, completed: bool) -> Stamped {
        let by = self.evidence.providers.get(provider).cloned().unwrap_or_default();
        let at = self.at(at);
        let status = if completed { 200 } else { 0 };
        let by = Cow::Owned(by);
        let served = Served {
            id: Some(id),
            by,
            at,
            took: 0,
            status,
            key: None,
            cut: !completed,
            touched: false,
            request: None,
            tenant: None,
            tokens: None,
        };
        Stamped { t: at, event: Event::Served(served) }
    }
}
