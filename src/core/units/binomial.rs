//! The binomial distribution: how likely so many hits are among so many independent draws.
//!
//! Tails are summed term by term from the most likely number of hits outwards, each term from its neighbour by a ratio. That takes no
//! logarithm and no gamma function, so that the same numbers come out on every machine, and neither overflows nor underflows with millions
//! of draws. A share counts in whole billionths: 0.99 leaves exactly 0.01.

use super::share::{WHOLE, billionths};

/// What a tail may be above a limit by rounding alone, so that what is exactly at the limit (two hits of two at one in ten are one in a
/// hundred) is not above it.
const ROUNDING: f64 = 1e-9;

/// So many draws, each of which hits with the same chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binomial {
    draws: u64,
    /// The chance of a hit, in billionths.
    chance: u64,
}

impl Binomial {
    /// Draws that hit where they are not within this share: a promise of 0.99 is broken by one in a hundred.
    pub fn beyond(share: f64, draws: u64) -> Self {
        Self { draws, chance: WHOLE - billionths(share) }
    }

    /// Draws that hit with this chance.
    pub fn hitting(chance: f64, draws: u64) -> Self {
        Self { draws, chance: billionths(chance) }
    }

    /// P(X ≤ hits).
    pub fn at_most(self, hits: u64) -> f64 {
        1.0 - self.at_least(hits.saturating_add(1))
    }

    /// The expected number of hits, rounded up: one of 100 at 0.99, and one of 50.
    pub fn expected(self) -> u64 {
        u64::try_from((u128::from(self.draws) * u128::from(self.chance)).div_ceil(u128::from(WHOLE))).unwrap_or(u64::MAX)
    }

    /// P(X ≥ hits).
    pub fn at_least(self, hits: u64) -> f64 {
        if hits == 0 {
            return 1.0;
        }
        if hits > self.draws || self.chance == 0 {
            return 0.0;
        }
        if self.chance == WHOLE {
            return 1.0;
        }
        let mode = ((u128::from(self.draws) + 1) * u128::from(self.chance) / u128::from(WHOLE)).min(u128::from(self.draws)) as u64;
        let odds = self.chance as f64 / (WHOLE - self.chance) as f64;
        // The term at the mode stands for 1; what is divided out in the end is the sum of all.
        let (mut below, mut above) = (0.0, 0.0);
        let mut add = |place: u64, term: f64| if place < hits { below += term } else { above += term };
        let mut term = 1.0_f64;
        add(mode, term);
        for place in mode..self.draws {
            term *= (self.draws - place) as f64 / (place + 1) as f64 * odds;
            add(place + 1, term);
            if term < f64::MIN_POSITIVE {
                break;
            }
        }
        term = 1.0;
        for place in (0..mode).rev() {
            term *= (place + 1) as f64 / (self.draws - place) as f64 / odds;
            add(place, term);
            if term < f64::MIN_POSITIVE {
                break;
            }
        }
        above / (below + above)
    }

    /// The fewest hits that come with at most this chance; more than there are draws where no number does.
    pub fn fewest(self, limit: f64) -> u64 {
        let (mut low, mut high) = (0, self.draws + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.at_least(middle) <= limit * (1.0 + ROUNDING) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exact fractions, computed apart from this code (Python's `fractions` and `math.comb`).
    #[test]
    fn tails_are_those_of_exact_fractions() {
        for (share, draws, hits, wanted) in [
            (0.99, 50, 2, 0.089_435_313_1),
            (0.99, 50, 3, 0.013_817_270_8),
            (0.99, 50, 4, 0.001_596_173_1),
            (0.98, 80, 2, 0.477_026_496_7),
            (0.98, 90, 9, 0.000_084_022_957),
            (0.9, 2, 2, 0.01),
            (0.5, 10, 5, 0.623_046_875),
            (0.01, 5, 5, 0.950_990_049_9),
            (0.999, 1_000_000, 1_075, 0.009_800_225_3),
        ] {
            let found = Binomial::beyond(share, draws).at_least(hits);
            assert!((found / wanted - 1.0).abs() < 1e-5, "P(X >= {hits} of {draws} at {share}) is {found}, not {wanted}");
        }
    }

    #[test]
    fn what_is_at_most_is_the_rest() {
        for (hits, draws, chance, wanted) in [
            (0, 10, 0.5, 0.000_976_562_5),
            // 0.98¹⁰⁰, and with one of them.
            (0, 100, 0.02, 0.132_619_555_9),
            (1, 100, 0.02, 0.403_271_710_8),
            (2, 20, 0.1, 0.676_926_805_1),
            (3, 3, 0.9, 1.0),
            (1, 3, 1.0, 0.0),
            (0, 3, 0.0, 1.0),
        ] {
            let found = Binomial::hitting(chance, draws).at_most(hits);
            assert!((found - wanted).abs() < 1e-9, "P(X <= {hits} of {draws} at {chance}) is {found}, not {wanted}");
        }
    }

    #[test]
    fn the_ends_are_certain_or_impossible() {
        let half = Binomial::beyond(0.5, 4);
        assert_eq!((half.at_least(0), half.at_least(5)), (1.0, 0.0));
        assert_eq!((Binomial::beyond(1.0, 9).at_least(1), Binomial::beyond(0.0, 9).at_least(9)), (0.0, 1.0));
        assert_eq!((Binomial::beyond(1.0, 9).fewest(0.01), Binomial::beyond(0.0, 9).fewest(0.01)), (1, 10));
        assert_eq!(Binomial::beyond(0.99, 0).at_least(1), 0.0);
        assert!((Binomial::beyond(0.99, 50).at_least(50) - 1e-100).abs() < 1e-104, "a tail far out is small, not lost");
    }

    #[test]
    fn what_is_expected_is_rounded_up_from_the_exact_number() {
        for (share, draws, wanted) in
            [(0.99, 100, 1), (0.99, 101, 2), (0.99, 50, 1), (0.98, 160, 4), (0.9, 30, 3), (1.0, 50, 0), (0.0, 7, 7)]
        {
            assert_eq!(Binomial::beyond(share, draws).expected(), wanted, "of {draws} at {share}");
        }
        assert_eq!(Binomial::beyond(0.99, 10_000_000_000).expected(), 100_000_000);
    }

    #[test]
    fn the_fewest_hits_are_the_first_that_are_rare_enough() {
        for (share, draws, wanted) in [(0.99, 50, 4), (0.98, 80, 6), (0.98, 90, 6), (0.9, 2, 2), (0.99, 1, 1), (0.99, 5_000_000, 50_519)] {
            let binomial = Binomial::beyond(share, draws);
            let fewest = binomial.fewest(0.01);
            assert_eq!(fewest, wanted, "of {draws} at {share}");
            assert!(binomial.at_least(fewest - 1) > 0.01);
        }
    }
}
