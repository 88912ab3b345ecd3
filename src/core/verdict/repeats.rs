//! What may be said of several drills of one scenario: of their verdicts, never of their requests.
//!
//! Two questions are kept apart. The **gate**: an RTO is a maximum for every single event, so one miss refutes "it always holds". The **rate**: with
//! what probability a drill like these is met. All met is not "always met"; of *n* drills the exact bound of Clopper and Pearson tells how low the
//! true rate can still be. A drill whose end is open counts as missed for the lower bound and as met for the upper one; one that was stopped for
//! safety, or by a person once the fault was in force, counts as not met for both, because whoever stopped it saw how it went. A drill that proves
//! nothing for a reason which lies before the fault or in the fault itself does not count at all, and where more than a fifth of them are such
//! there is no claim: running until it is green is none.
//!
//! `proportion` has the exact bounds, `sequential` the test that may end early and what its ending early does to the bounds, `drift` asks whether
//! the order of the drills matters, `survival` tells the middle where some recoveries were not seen.
//!
//! What this file does not do: say any of it in words (`report`), or run drills (`exercise`).

mod drift;
mod proportion;
mod sequential;
mod survival;
#[cfg(test)]
mod tests;

pub use drift::Drift;
pub use proportion::{CONFIDENCE, PassRate, covers, quantile_rank, trials_needed};
pub use sequential::{SequentialBoundary, SequentialChances, SequentialDecision, SequentialTest};
pub use survival::{half_within, survival};

use super::{Decision, Interval, Reason, Verdict};
use crate::history::StopReason;
use crate::model::{Gate, words};
use crate::units::share_of;

/// More excluded trials than this share leave no claim.
pub const EXCLUDED_MOST: f64 = 0.2;

/// The quantiles that are told, as shares.
const QUANTILES: [f64; 4] = [0.5, 0.8, 0.9, 0.95];

words! {
    /// What one trial is for the statistics.
    TrialResult {
        /// Every objective was met.
        Met = "met",
        /// An objective was missed.
        Missed = "missed",
        /// Its end is open, also where the generator fell behind: the outage itself can cause that.
        Inconclusive = "inconclusive",
        /// It was stopped after the fault had begun, before it was decided.
        Stopped = "stopped",
        /// It proves nothing, for a reason that has nothing to do with how it came out.
        Excluded = "void",
        /// It did not come as far as the fault, or did not run.
        NotRun = "not run",
    }
}

impl TrialResult {
    /// Whether it is one of the trials that bounds are computed of.
    pub const fn is_counted(self) -> bool {
        !matches!(self, Self::Excluded | Self::NotRun)
    }
}

/// A trial, as far as the statistics need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatTrial {
    /// How it ended.
    pub result: TrialResult,
    /// What the RTO is held against; `None` where that was not measured.
    pub interval: Option<Interval>,
}

impl RepeatTrial {
    /// One that did not run.
    pub const NOT_RUN: Self = Self { result: TrialResult::NotRun, interval: None };

    /// What a drill's verdict is as a trial.
    pub fn of(verdict: &Verdict) -> Self {
        let measures = verdict.measures.as_ref().filter(|_| !verdict.only_rotates);
        let interval = measures.map(|measures| if verdict.terms.gate == Gate::Cutover { measures.cutover } else { measures.restore });
        let result = result_of(verdict);
        Self { result, interval: interval.filter(|_| result.is_counted()) }
    }
}

fn result_of(verdict: &Verdict) -> TrialResult {
    let before = verdict.stopped.as_ref().filter(|stop| stop.after_fault.is_none());
    match (verdict.verdict, verdict.reason) {
        (Decision::Missed, _) => TrialResult::Missed,
        (_, Some(Reason::BaselineUnstable | Reason::FaultNotEffective)) => TrialResult::Excluded,
        _ if before.is_some_and(|stop| stop.reason == StopReason::BaselineUnsteady) => TrialResult::Excluded,
        _ if before.is_some() => TrialResult::NotRun,
        _ if verdict.stopped.is_some() => TrialResult::Stopped,
        (Decision::Met, _) => TrialResult::Met,
        _ => TrialResult::Inconclusive,
    }
}

/// How many trials ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrialCounts {
    /// Every objective met.
    pub met: u64,
    /// An objective missed.
    pub missed: u64,
    /// Open.
    pub inconclusive: u64,
    /// Stopped after the fault, before they were decided.
    pub stopped: u64,
    /// That prove nothing.
    pub excluded: u64,
    /// That did not come as far as the fault.
    pub not_run: u64,
}

impl TrialCounts {
    fn of(trials: &[RepeatTrial]) -> Self {
        let mut counts = Self::default();
        for trial in trials {
            *match trial.result {
                TrialResult::Met => &mut counts.met,
                TrialResult::Missed => &mut counts.missed,
                TrialResult::Inconclusive => &mut counts.inconclusive,
                TrialResult::Stopped => &mut counts.stopped,
                TrialResult::Excluded => &mut counts.excluded,
                TrialResult::NotRun => &mut counts.not_run,
            } += 1;
        }
        counts
    }

    /// Those that bounds are computed of.
    pub const fn counted(self) -> u64 {
        self.met + self.missed + self.inconclusive + self.stopped
    }

    /// Whether so many prove nothing that there is no claim.
    pub fn excludes_too_many(self) -> bool {
        self.excluded > share_of(self.excluded + self.counted(), EXCLUDED_MOST)
    }
}

/// How long a share of such drills takes at the most, as far as these tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileBound {
    /// The share of drills.
    pub share: f64,
    /// Which of the measured times is the bound, the shortest being number 1; `None` where so few trials bound nothing.
    pub rank: Option<u64>,
    /// The bound in nanoseconds; `None` where the trial of that rank was not seen to recover.
    pub within: Option<i64>,
}

/// All that may be said of several drills of one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeats {
    /// In the order in which they ran.
    pub trials: Vec<RepeatTrial>,
    /// How many ended how.
    pub counts: TrialCounts,
    /// Whether every trial that counts was met: one miss decides.
    pub gate: Decision,
    /// Within which the true share of met drills lies, each end at [`CONFIDENCE`].
    pub pass_rate: PassRate,
    /// The interval that ended last; of equal ones that which began last.
    pub worst: Option<Interval>,
    /// How long most drills take at the most.
    pub quantiles: Vec<QuantileBound>,
    /// Between these half of the trials had recovered; descriptive.
    pub half: Option<Interval>,
    /// Whether later trials took longer or shorter; `None` where that cannot be told.
    pub drift: Option<Drift>,
    /// What the sequential test says, where the trials were to end with it.
    pub sequential: Option<SequentialDecision>,
}

impl Repeats {
    /// What may be said of these, in the order in which they ran; with the test that they were to end by, where there was one.
    pub fn of(trials: Vec<RepeatTrial>, test: Option<&SequentialTest>) -> Self {
        let counts = TrialCounts::of(&trials);
        let counted: Vec<RepeatTrial> = trials.iter().copied().filter(|trial| trial.result.is_counted()).collect();
        let gate = match counts {
            TrialCounts { missed: 1.., .. } => Decision::Missed,
            TrialCounts { met: 1.., inconclusive: 0, stopped: 0, .. } => Decision::Met,
            _ => Decision::Inconclusive,
        };
        let results: Vec<TrialResult> = counted.iter().map(|trial| trial.result).collect();
        let pass_rate = match test {
            Some(test) => test.pass_rate(&results),
            None => PassRate::of(counts.met, counts.met + counts.inconclusive, counts.counted()),
        };
        let measured: Vec<Interval> = counted.iter().filter_map(|trial| trial.interval).collect();
        Self {
            counts,
            gate,
            pass_rate,
            worst: measured.iter().copied().max_by_key(|interval| (interval.hi.unwrap_or(i64::MAX), interval.lo)),
            quantiles: quantiles(&counted),
            half: half_within(&measured),
            drift: Drift::of(&measured),
            sequential: test.map(|test| test.decide(&results)),
            trials,
        }
    }

    /// All of it in one word: the gate, unless too many trials prove nothing.
    pub fn verdict(&self) -> Decision {
        if self.gate == Decision::Met && self.counts.excludes_too_many() { Decision::Inconclusive } else { self.gate }
    }

    /// Whether at least this share of such drills is met, with [`CONFIDENCE`].
    pub fn claim(&self, share: f64) -> Decision {
        match self.pass_rate {
            _ if self.counts.excludes_too_many() => Decision::Inconclusive,
            PassRate { lo, .. } if lo >= share => Decision::Met,
            PassRate { hi, .. } if hi < share => Decision::Missed,
            _ => Decision::Inconclusive,
        }
    }
}

fn quantiles(counted: &[RepeatTrial]) -> Vec<QuantileBound> {
    let mut ends: Vec<i64> = counted.iter().map(|trial| trial.interval.and_then(|interval| interval.hi).unwrap_or(i64::MAX)).collect();
    ends.sort_unstable();
    let bound = |share: f64| {
        let rank = quantile_rank(share, ends.len() as u64);
        let within = rank.and_then(|rank| ends.get(rank as usize - 1)).copied().filter(|end| *end < i64::MAX);
        QuantileBound { share, rank, within }
    };
    QUANTILES.map(bound).to_vec()
}
