//! Exact bounds: of a share that was counted, and of a quantile of which only some values were seen. 95 % lies between both ends.
//!
//! A share's are those of Clopper and Pearson. A quantile's are two of the values in their order, which the binomial distribution gives whatever the
//! shape of the values; where too few were seen for an end, there is none.

use crate::units::Binomial;
use serde::{Deserialize, Serialize};

/// What lies beyond either end.
const TAIL: f64 = 0.025;

/// So many of so many, and between which the true share lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CountedShare {
    /// Those that count.
    pub hits: u64,
    /// All of them.
    pub of: u64,
    /// The lower bound of the true share, from 0 to 1.
    pub lo: f64,
    /// The upper one.
    pub hi: f64,
}

impl CountedShare {
    /// With its bounds.
    pub fn of(hits: u64, of: u64) -> Self {
        let lo = bisected(|share| hits > 0 && Binomial::hitting(share, of).at_least(hits) <= TAIL).0;
        let hi = bisected(|share| hits >= of || Binomial::hitting(share, of).at_most(hits) > TAIL).1;
        Self { hits, of, lo, hi: if hits >= of { 1.0 } else { hi } }
    }

    /// As it was counted; `None` of nothing.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }
}

/// The two neighbouring millionths between which something stops to hold that holds from 0 on: the last where it does, the first where it does not.
fn bisected(holds: impl Fn(f64) -> bool) -> (f64, f64) {
    const WHOLE: u64 = 1_000_000;
    let share = |parts: u64| parts as f64 / WHOLE as f64;
    let (mut there, mut beyond) = (0, WHOLE);
    while beyond - there > 1 {
        let middle = there + (beyond - there) / 2;
        if holds(share(middle)) { there = middle } else { beyond = middle }
    }
    (share(there), share(beyond))
}

/// A quantile of times, and between which the true one lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BoundedQuantile {
    /// As it was measured.
    pub value: f64,
    /// The lower end; absent where too few were seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lo: Option<f64>,
    /// The upper end, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hi: Option<f64>,
}

impl BoundedQuantile {
    /// Of values in their order; `None` of none.
    pub fn of(sorted: &[f64], quantile: f64) -> Option<Self> {
        let count = sorted.len() as u64;
        let place = ((quantile * count as f64).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        let below = Binomial::hitting(quantile, count);
        // The r-th value lies above the quantile where fewer than r values lie below it.
        let lo = last(count, |rank| below.at_most(rank - 1) <= TAIL);
        let hi = last(count, |rank| below.at_least(rank) > TAIL).map_or(1, |rank| rank + 1);
        let at = |rank: u64| sorted.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied();
        Some(Self { value: *sorted.get(place)?, lo: lo.and_then(at), hi: at(hi) })
    }
}

/// The last rank of which something holds that holds from the first on; `None` where it holds of none.
fn last(count: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut there, mut beyond) = (0, count + 1);
    while beyond - there > 1 {
        let middle = there + (beyond - there) / 2;
        if holds(middle) { there = middle } else { beyond = middle }
    }
    (there > 0).then_some(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R: `binom.test(46, 50)$conf.int`, `binom.test(0, 20)`, `binom.test(20, 20)`.
    #[test]
    fn a_shares_bounds_are_those_of_clopper_and_pearson() {
        for (hits, of, lo, hi) in [(46, 50, 0.80766, 0.97777), (0, 20, 0.0, 0.16843), (20, 20, 0.83157, 1.0), (1, 2, 0.01258, 0.98742)] {
            let found = CountedShare::of(hits, of);
            assert!((found.lo - lo).abs() < 2e-5 && (found.hi - hi).abs() < 2e-5, "{found:?}");
        }
        assert_eq!((CountedShare::of(0, 0).lo, CountedShare::of(0, 0).hi, CountedShare::of(0, 0).share()), (0.0, 1.0, None));
    }

    /// Of 100 values the median lies between the 40th and the 61st, as tables have it; of 20 values nothing bounds the 99th percentile from above.
    #[test]
    fn a_quantiles_bounds_are_values_in_their_order() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(BoundedQuantile::of(&values, 0.5), Some(BoundedQuantile { value: 50.0, lo: Some(40.0), hi: Some(61.0) }));
        let few = BoundedQuantile::of(&values[..20], 0.99).unwrap();
        assert_eq!((few.value, few.hi), (20.0, None));
        let one = BoundedQuantile::of(&values[..1], 0.5).unwrap();
        assert_eq!((one.value, one.lo, one.hi), (1.0, None, None));
        assert_eq!(BoundedQuantile::of(&[], 0.5), None);
    }
}
