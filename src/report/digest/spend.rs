//! What a drill cost: answers that providers bill, by when they were asked for, and requests that users did not get.
//!
//! What this file does not do: price anything (`sections/cost`).

use crate::history::{Outcome, PackedQueue, RequestDone, Served};
use crate::model::{Business, Objectives};
use std::collections::BTreeMap;

/// More attempts than this are never waited for at once.
const WAITING_MAX: usize = 1 << 20;

/// Parts of a drill that money is told of: before the fault, from it to the heal, after that.
pub(in crate::report) const BEFORE: usize = 0;
pub(in crate::report) const DURING: usize = 1;
pub(in crate::report) const AFTER: usize = 2;

/// What became of requests of one workload.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct LossTally {
    /// Requests that were due.
    pub(in crate::report) due: u64,
    /// Those without a whole answer, by how they ended.
    pub(in crate::report) lost: BTreeMap<&'static str, u64>,
    /// Those with a whole answer that was too late for the service level.
    pub(in crate::report) late: u64,
    /// Those with a whole answer for which users, as the business says, had not waited.
    pub(in crate::report) abandoned: u64,
    /// Whole answers that users got.
    pub(in crate::report) answered: u64,
}

impl LossTally {
    /// Requests without a whole answer.
    pub(in crate::report) fn lost(&self) -> u64 {
        self.lost.values().sum()
    }
}

/// Billed answers of one provider to one workload, in each part of the drill.
pub(in crate::report) type BilledParts = [u64; 3];

/// What was paid, and what users lost.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Spend {
    /// By the workload's place, then by the provider's place in `names`.
    billed: BTreeMap<(usize, usize), BilledParts>,
    names: Vec<String>,
    /// By the workload's place: requests that ended before the fault, and those that were due since or in flight when it began.
    pub(in crate::report) losses: BTreeMap<usize, [LossTally; 2]>,
    /// Billed attempts whose part of the drill may not be known yet: when they were told of, then what is known of them.
    waiting: PackedQueue<4>,
}

/// An attempt that a provider bills.
#[derive(Debug, Clone, Copy)]
pub(super) struct BilledAttempt {
    /// When it was asked for.
    pub(super) at: u64,
    workload: usize,
    provider: usize,
}

impl Spend {
    /// An attempt of the drill's own that a proxy saw end. One that got an answer is billed, whether that was whole or broken off.
    pub(super) fn served(&mut self, told: u64, workload: usize, served: &Served) {
        if !(100..400).contains(&served.status) || self.waiting.len() >= WAITING_MAX {
            return;
        }
        let known = self.names.iter().position(|name| *name == served.by);
        let provider = known.unwrap_or_else(|| {
            self.names.push(served.by.to_string());
            self.names.len() - 1
        });
        self.waiting.push([told, served.at, workload as u64, provider as u64]);
    }

    /// The next attempt that was told of before this moment.
    pub(super) fn settled(&mut self, before: u64) -> Option<BilledAttempt> {
        let [_, at, workload, provider] = self.waiting.pop_if(|[told, ..]| *told < before)?;
        Some(BilledAttempt { at, workload: workload as usize, provider: provider as usize })
    }

    /// Counts it in a part of the drill.
    pub(super) fn count(&mut self, attempt: BilledAttempt, part: usize) {
        self.billed.entry((attempt.workload, attempt.provider)).or_default()[part] += 1;
    }

    /// Billed answers: the workload's place, the provider, and how many there were in each part of the drill.
    pub(in crate::report) fn billed(&self) -> impl Iterator<Item = (usize, &str, BilledParts)> {
        self.billed.iter().map(|((workload, provider), counts)| (*workload, self.names[*provider].as_str(), *counts))
    }

    /// A request of the traffic. `since` is true where it was due after the fault began or was in flight then.
    pub(super) fn request(&mut self, workload: usize, done: &RequestDone, since: bool, terms: Option<(&Objectives, Option<&Business>)>) {
        let tally = &mut self.losses.entry(workload).or_default()[usize::from(since)];
        tally.due += 1;
        if done.outcome != Outcome::Ok {
            *tally.lost.entry(done.outcome.word()).or_default() += 1;
            return;
        }
        tally.answered += 1;
        let Some((objectives, business)) = terms else { return };
        tally.late += u64::from(!done.is_good(objectives));
        let patience = business.and_then(|business| business.abandon_after);
        tally.abandoned += u64::from(patience.is_some_and(|patience| done.proof.unwrap_or(done.done) > patience.as_nanos()));
    }

    /// A request that was due and not sent.
    pub(super) fn shed(&mut self, workload: usize, since: bool) {
        let tally = &mut self.losses.entry(workload).or_default()[usize::from(since)];
        tally.due += 1;
        *tally.lost.entry(Outcome::Unsent.word()).or_default() += 1;
    }
}
