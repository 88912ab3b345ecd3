//! Whether one of two candidates is better more often than the other, asked again after every prompt without spoiling the answer.
//!
//! Who looks at a usual test after every prompt and stops when it says "significant" is wrong far more often than its level says. So this one is of
//! those that may be looked at always (an *e-process*; A. Ramdas et al., Game-theoretic statistics and safe anytime-valid inference, Statistical
//! Science 38, 2023). Of the pairs of answers in which one is better, let the share in which it is the first be `p`. Against "p is at most one half"
//! it bets on each of a few shares above it: with share `q`, a pair in which the first is better multiplies the stake by `2q`, any other by
//! `2(1 − q)`. Where p is at most one half no stake grows on average, and so (Ville's inequality) the mean of all stakes ever reaches `1/α` with a
//! probability of at most α, however often one looks and whenever one stops. The other direction is bet on likewise.
//!
//! What it takes for granted: that a pair does not depend on the pairs before it. Where failures come in a row they are counted once (see
//! [`super::standings`]).

/// Shares that are bet on: 0.51, 0.53 … 0.99.
const BETS: usize = 25;
/// Beyond this nothing is gained, and numbers would overflow.
const ENOUGH: f64 = 1e100;

/// The pairs of two candidates by one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct PairTest {
    /// Pairs in which the first is better.
    pub wins: u64,
    /// Pairs in which the second is.
    pub losses: u64,
    /// Pairs in which they are alike.
    pub ties: u64,
    /// The stakes on the first.
    first: [f64; BETS],
    /// Those on the second.
    second: [f64; BETS],
    /// The most that the mean of each has been.
    most: (f64, f64),
}

impl Default for PairTest {
    fn default() -> Self {
        Self { wins: 0, losses: 0, ties: 0, first: [1.0; BETS], second: [1.0; BETS], most: (1.0, 1.0) }
    }
}

impl PairTest {
    /// Takes one more pair.
    pub fn add(&mut self, pair: std::cmp::Ordering) {
        let won = match pair {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => {
                self.ties += 1;
                return;
            }
        };
        *(if won { &mut self.wins } else { &mut self.losses }) += 1;
        self.most.0 = self.most.0.max(bet(&mut self.first, won));
        self.most.1 = self.most.1.max(bet(&mut self.second, !won));
    }

    /// The probability that chance alone would ever have shown a difference as clear, in either direction; it holds whenever one looks.
    pub fn chance(&self) -> f64 {
        (2.0 / self.most.0.max(self.most.1)).min(1.0)
    }

    /// Whether what was seen speaks for the first: by the clearer of both directions, else by the pairs.
    pub fn is_first_ahead(&self) -> bool {
        if self.most.0 == self.most.1 { self.wins > self.losses } else { self.most.0 > self.most.1 }
    }
}

/// Plays one pair; the mean of the stakes.
fn bet(stakes: &mut [f64; BETS], won: bool) -> f64 {
    let mut sum = 0.0;
    for (place, stake) in stakes.iter_mut().enumerate() {
        let share = 0.51 + 0.02 * place as f64;
        *stake = (*stake * 2.0 * if won { share } else { 1.0 - share }).min(ENOUGH);
        sum += *stake;
    }
    sum / BETS as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};
    use std::cmp::Ordering;

    #[test]
    fn what_is_clear_is_shown_and_a_tie_says_nothing() {
        let mut test = PairTest::default();
        (0..20).for_each(|_| test.add(Ordering::Equal));
        assert_eq!((test.chance(), test.ties), (1.0, 20));
        (0..30).for_each(|_| test.add(Ordering::Less));
        assert!(test.chance() < 1e-6 && !test.is_first_ahead(), "{}", test.chance());
        (0..5000).for_each(|_| test.add(Ordering::Less));
        assert!(test.chance() > 0.0, "nothing overflows");
    }

    /// Looked at after each of 1,000 pairs of equals, it is below 5 % in no more than 5 % of runs.
    #[test]
    fn looking_after_every_pair_does_not_spoil_it() {
        let mut rng = SmallRng::seed_from_u64(7);
        let wrong = (0..400).filter(|_| {
            let mut test = PairTest::default();
            (0..1000).any(|_| {
                test.add(if rng.random::<bool>() { Ordering::Greater } else { Ordering::Less });
                test.chance() < 0.05
            })
        });
        let wrong = wrong.count();
        assert!(wrong <= 20, "{wrong} of 400");
    }
}
