//! Exact bounds of a share that was counted, and how many trials a claim needs.
//!
//! The bounds of Clopper and Pearson are those shares at which what was counted, or more of the same, is just as rare as the confidence leaves. They
//! are found by halving over whole billionths with the binomial sums of `units`, which come out alike on every machine, and are rounded away from
//! each other: a bound that is told is never better than the exact one.

use crate::units::Binomial;

/// How sure a bound is; each end by itself.
pub const CONFIDENCE: f64 = 0.95;

/// A share is counted in these.
const WHOLE: u64 = 1_000_000_000;

/// Within which a share lies: it is at least `lo` with [`CONFIDENCE`], and at most `hi` with the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PassRate {
    /// From 0 to 1.
    pub lo: f64,
    /// From 0 to 1.
    pub hi: f64,
}

impl PassRate {
    /// Of so many trials this many passed for sure, and this many perhaps.
    pub fn of(passes: u64, perhaps: u64, trials: u64) -> Self {
        let lo = highest(|share| passes > 0 && Binomial::hitting(share, trials).at_least(passes) <= 1.0 - CONFIDENCE);
        let hi = lowest(|share| perhaps < trials && Binomial::hitting(share, trials).at_most(perhaps) <= 1.0 - CONFIDENCE);
        Self { lo, hi }
    }
}

/// The highest share that is rare enough, of which everything lower is as well; 0 where none is.
pub(super) fn highest(is_rare: impl Fn(f64) -> bool) -> f64 {
    let (mut rare, mut usual) = (0, WHOLE);
    while usual - rare > 1 {
        let middle = rare + (usual - rare) / 2;
        if is_rare(share(middle)) { rare = middle } else { usual = middle }
    }
    share(rare)
}

/// The lowest share that is rare enough, of which everything higher is as well; 1 where none is.
pub(super) fn lowest(is_rare: impl Fn(f64) -> bool) -> f64 {
    let (mut usual, mut rare) = (0, WHOLE);
    while rare - usual > 1 {
        let middle = usual + (rare - usual) / 2;
        if is_rare(share(middle)) { rare = middle } else { usual = middle }
    }
    share(rare)
}

fn share(billionths: u64) -> f64 {
    billionths as f64 / WHOLE as f64
}

/// How many trials it takes to show that at least this share passes where so many of them do not; `None` where no number of people's trials does.
pub fn trials_needed(share: f64, misses: u64) -> Option<u64> {
    const MOST: u64 = 10_000;
    (misses + 1..=MOST).find(|trials| Binomial::hitting(share, *trials).at_least(trials - misses) <= 1.0 - CONFIDENCE)
}

/// Which of the times of so many trials is one that at least this share of all trials stays within, the shortest being number 1; `None` where
/// not even the longest is.
pub fn quantile_rank(share: f64, trials: u64) -> Option<u64> {
    (1..=trials).find(|rank| Binomial::hitting(share, trials).at_most(rank - 1) >= CONFIDENCE)
}

/// How sure it is that the longest of so many trials is at least as long as this share of all trials (Wilks).
pub fn covers(share: f64, trials: u64) -> f64 {
    Binomial::hitting(share, trials).at_most(trials.saturating_sub(1))
}
