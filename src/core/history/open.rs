//! Requests that are still open: those that have been for too long, and whether anything ends at all.
//!
//! What users wait for is known only when it ends, and in an outage nothing ends before its deadline. So whoever sends a request records when
//! it has passed a level that somebody looks at, the service level first of all. At that moment it counts as one that was not good, and its
//! end then counts no more where moments are looked at: each request counts once.
//!
//! What this file does not do: judge. Verdicts are about requests that have ended, and look at none of this.

use super::event::Overdue;
use crate::model::{NamedWorkload, Objectives, Workload};
use std::collections::BTreeMap;

/// Good answers from which it is known how long answers take.
const ENOUGH: u64 = 20;
/// Slower than usual is what takes this many times as long as the slowest answer before the faults.
const TIMES: u64 = 2;
/// So many requests must have waited too long since anything ended: one or two that do may be slow by themselves, the more so at a low rate.
const FEW: usize = 3;

/// The requests of one workload that are open for longer than somebody cares for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenRequests {
    /// By their numbers: when each was due, and the longest time that it is known to be open for.
    overdue: BTreeMap<u64, (u64, u64)>,
    /// When the last request ended.
    last_end: Option<u64>,
    /// Good answers before the faults, and the longest that one took.
    usual: (u64, u64),
}

impl OpenRequests {
    /// How many are open for longer than their service level.
    pub fn not_good(&self, objectives: &Objectives) -> u64 {
        self.overdue.values().filter(|(_, after)| *after >= objectives.slo.as_nanos()).count() as u64
    }

    pub(super) fn overdue(&mut self, overdue: &Overdue) {
        let after = &mut self.overdue.entry(overdue.id).or_insert((overdue.due, 0)).1;
        *after = overdue.after.max(*after);
    }

    /// A request ended at `t`; says for how long it was known to be open, 0 where it was not.
    pub(super) fn ended(&mut self, id: u64, t: u64) -> u64 {
        self.last_end = Some(t);
        self.overdue.remove(&id).map_or(0, |(_, after)| after)
    }

    /// A good answer took so long, before any fault.
    pub(super) fn usual(&mut self, took: u64) {
        self.usual = (self.usual.0 + 1, self.usual.1.max(took));
    }

    /// True where nothing has ended for `span`, although requests wait: one beyond its service level, or a few for longer than answers take.
    pub(super) fn is_silent(&self, span: u64, now: u64, asked: &Expectation<'_>) -> bool {
        if self.last_end.is_some_and(|last| last.saturating_add(span) > now) {
            return false;
        }
        let strange = self.strange(span, asked);
        // Those that waited too long before the last end were heard of by it: where answers are slow and few, some always wait.
        let waited = self.last_end.unwrap_or(0)..=now;
        let waiting = || self.overdue.values().filter(|(due, _)| waited.contains(&due.saturating_add(strange))).count() >= FEW;
        // Of a program of others it is known when its requests end, and how many a second it was told to send.
        let is_asked = |every: u64| self.last_end.is_some_and(|last| last.saturating_add(strange).saturating_add(every) <= now);
        self.not_good(asked.objectives()) > 0 || waiting() || asked.every().is_some_and(is_asked)
    }

    /// Longer than answers take.
    fn strange(&self, span: u64, asked: &Expectation<'_>) -> u64 {
        let (answers, slowest) = self.usual;
        // While nothing is broken on purpose and it is not known yet how long answers take, only what was promised says it.
        if answers < ENOUGH && !asked.is_faulted { u64::MAX } else { span.max(slowest.saturating_mul(TIMES)) }
    }
}

/// What is to be expected of a workload's requests: what is sent, what was promised, and whether something is broken on purpose.
pub(super) struct Expectation<'a> {
    pub(super) named: &'a NamedWorkload,
    /// True from the first fault on.
    pub(super) is_faulted: bool,
}

impl Expectation<'_> {
    fn objectives(&self) -> &Objectives {
        &self.named.objectives
    }

    /// The time in which a program of others sends a few requests, in nanoseconds, where it is one and sends evenly.
    fn every(&self) -> Option<u64> {
        let Workload { rate, ramp, trace, script, .. } = &self.named.workload;
        let is_even = script.is_some() && ramp.is_empty() && trace.is_none() && rate.as_per_second() > 0.0;
        is_even.then(|| (FEW as f64 / rate.as_per_second() * 1e9) as u64)
    }
}
