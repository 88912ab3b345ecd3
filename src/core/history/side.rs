//! How each provider does by itself: what a canary is compared by. Counted from the beginning, so that a while is the difference of two
//! looks; only where a runbook has a canary, since nobody else asks.

use super::event::{Outcome, Served};
use crate::units::Tally;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// Requests of which one half is known; of more the oldest are forgotten, and their answers then count for nobody's quality.
const HALVES: usize = 4096;
/// Microseconds; what takes longer counts as this.
const LONGEST: u64 = 3_600_000_000;

/// What came of the exchanges with one provider, or with several.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Exchanges that ended without a whole, good answer.
    pub failed: u64,
    /// Answers whose requests have ended, and those among them that were not what was asked for.
    pub wrong: Tally,
    /// Of the wrong ones those that were not whole, because whoever asked saw it half-way and hung up.
    hung_up: u64,
    /// What whole answers took, in microseconds, to 1 %.
    took: Histogram<u64>,
}

impl Default for Side {
    fn default() -> Self {
        let took = Histogram::new_with_bounds(1, LONGEST, 2).expect("the bounds are constants");
        Self { failed: 0, wrong: Tally::default(), hung_up: 0, took }
    }
}

impl Side {
    /// So many failures, and answers that took so many milliseconds each, the first of them wrong.
    pub fn made_of(failed: u64, wrong: u64, took_ms: impl Iterator<Item = u64>) -> Self {
        let mut side = Self { failed, ..Self::default() };
        took_ms.for_each(|ms| side.took.saturating_record(ms * 1000));
        side.wrong = Tally { hits: wrong, of: side.answers() };
        side
    }

    /// Whole answers.
    pub fn answers(&self) -> u64 {
        self.took.len()
    }

    /// Exchanges, and those among them that failed.
    pub fn errors(&self) -> Tally {
        Tally { hits: self.failed, of: self.failed + self.hung_up + self.answers() }
    }

    /// Milliseconds within which 95 of 100 answers were whole; `None` where there was none.
    pub fn p95_ms(&self) -> Option<f64> {
        (self.answers() > 0).then(|| self.took.value_at_quantile(0.95) as f64 / 1000.0)
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.failed += other.failed;
        self.wrong = Tally { hits: self.wrong.hits + other.wrong.hits, of: self.wrong.of + other.wrong.of };
        self.hung_up += other.hung_up;
        self.took.add(&other.took).expect("all have the same bounds");
        self
    }

    /// What came after an earlier look at the same.
    #[must_use]
    pub fn since(mut self, earlier: &Self) -> Self {
        self.failed -= earlier.failed;
        self.wrong = Tally { hits: self.wrong.hits - earlier.wrong.hits, of: self.wrong.of - earlier.wrong.of };
        self.hung_up -= earlier.hung_up;
        self.took.subtract(&earlier.took).expect("an earlier look saw no more");
        self
    }
}

/// One half of what became of a request.
#[derive(Debug, Clone, Copy)]
enum Half {
    /// This provider has answered it whole.
    Whole(usize),
    /// An answer of this provider was cut, by one side or the other.
    Cut(usize),
    /// It has ended.
    Ended(Outcome),
}

/// Every provider, by its place in [`Live::providers`](super::Live::providers).
#[derive(Debug, Clone, Default)]
pub struct Sides {
    each: Vec<Side>,
    /// Answers that are billed, whole or not.
    billed: Vec<u64>,
    halves: BTreeMap<u64, Half>,
}

impl Sides {
    /// Those of these places together.
    pub fn of(&self, counts: impl Fn(usize) -> bool) -> Side {
        self.each.iter().enumerate().filter(|(place, _)| counts(*place)).fold(Side::default(), |sum, (_, side)| sum.and(side))
    }

    /// Answers of the provider at this place that are billed, whole or not.
    pub fn billed(&self, place: usize) -> u64 {
        self.billed.get(place).copied().unwrap_or(0)
    }

    /// An exchange for a request ended.
    pub(super) fn served(&mut self, place: usize, id: u64, served: &Served) {
        if (100..400).contains(&served.status) {
            self.billed.resize(self.billed.len().max(place + 1), 0);
            self.billed[place] += 1;
        }
        if !(200..300).contains(&served.status) {
            self.side(place).failed += 1;
            return;
        }
        if !served.cut {
            self.side(place).took.saturating_record((served.took / 1000).max(1));
        }
        let half = if served.cut { Half::Cut(place) } else { Half::Whole(place) };
        match self.halves.remove(&id) {
            Some(Half::Ended(outcome)) => self.judge(half, outcome),
            Some(earlier) => {
                self.forget(earlier);
                self.keep(id, half);
            }
            None => self.keep(id, half),
        }
    }

    /// A request ended.
    pub(super) fn ended(&mut self, id: u64, outcome: Outcome) {
        match self.halves.remove(&id) {
            Some(Half::Ended(_)) | None => self.keep(id, Half::Ended(outcome)),
            Some(half) => self.judge(half, outcome),
        }
    }

    fn judge(&mut self, half: Half, outcome: Outcome) {
        match half {
            Half::Whole(place) => {
                let wrong = &mut self.side(place).wrong;
                wrong.of += 1;
                wrong.hits += u64::from(outcome != Outcome::Ok);
            }
            // Nobody calls an answer an error whose end they still wait for.
            Half::Cut(place) if outcome == Outcome::Error => {
                let side = self.side(place);
                side.wrong.of += 1;
                side.wrong.hits += 1;
                side.hung_up += 1;
            }
            other => self.forget(other),
        }
    }

    /// What was cut, and that not by whoever asked, has failed.
    fn forget(&mut self, half: Half) {
        if let Half::Cut(place) = half {
            self.side(place).failed += 1;
        }
    }

    fn keep(&mut self, id: u64, half: Half) {
        self.halves.insert(id, half);
        if self.halves.len() > HALVES
            && let Some((_, oldest)) = self.halves.pop_first()
        {
            self.forget(oldest);
        }
    }

    fn side(&mut self, place: usize) -> &mut Side {
        if self.each.len() <= place {
            self.each.resize_with(place + 1, Side::default);
        }
        &mut self.each[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(status: u16, took_ms: u64) -> Served {
        Served {
            id: None,
            by: "p".into(),
            at: 0,
            took: took_ms * 1_000_000,
            status,
            key: None,
            cut: false,
            touched: false,
            request: None,
            tenant: None,
            tokens: None,
        }
    }

    #[test]
    fn a_while_is_the_difference_of_two_looks_and_an_answer_is_judged_whichever_half_comes_first() {
        let mut sides = Sides::default();
        sides.served(1, 0, &served(200, 900));
        sides.ended(0, Outcome::Error);
        let earlier = sides.of(|_| true);
        assert_eq!((earlier.errors(), earlier.wrong), (Tally { hits: 0, of: 1 }, Tally { hits: 1, of: 1 }));
        for id in 1..=100 {
            // First the provider at place 0 refuses, then the one at place 1 answers; of every tenth the answer is not what was asked for.
            sides.served(0, id, &served(503, 1));
            let outcome = if id % 10 == 0 { Outcome::Error } else { Outcome::Ok };
            if id % 2 == 0 {
                sides.ended(id, outcome);
                sides.served(1, id, &served(200, id));
            } else {
                sides.served(1, id, &served(200, id));
                sides.ended(id, outcome);
            }
        }
        let (all, second) = (sides.of(|_| true).since(&earlier), sides.of(|place| place == 1).since(&earlier));
        assert_eq!((all.errors(), second.errors()), (Tally { hits: 100, of: 200 }, Tally { hits: 0, of: 100 }));
        assert_eq!(second.wrong, Tally { hits: 10, of: 100 });
        let p95 = second.p95_ms().unwrap();
        assert!((94.0..=96.5).contains(&p95), "{p95}");
        assert_eq!(sides.of(|place| place == 0).p95_ms(), None);
    }

    #[test]
    fn who_hangs_up_on_a_wrong_answer_is_told_from_an_answer_that_was_cut() {
        let mut sides = Sides::default();
        let cut = Served { cut: true, ..served(200, 5) };
        for (id, outcome) in [Outcome::Error, Outcome::Truncated, Outcome::Timeout, Outcome::Ok].into_iter().enumerate() {
            sides.served(0, id as u64, &cut);
            sides.ended(id as u64, outcome);
        }
        // The second try of the same request was answered.
        sides.served(0, 9, &cut);
        sides.served(0, 9, &served(200, 5));
        sides.ended(9, Outcome::Ok);
        let side = sides.of(|_| true);
        assert_eq!((side.errors(), side.wrong), (Tally { hits: 4, of: 6 }, Tally { hits: 1, of: 2 }));
    }

    #[test]
    fn halves_that_nobody_completes_are_forgotten() {
        let mut sides = Sides::default();
        (0..10 * HALVES as u64).for_each(|id| sides.ended(id, Outcome::Timeout));
        assert_eq!(sides.halves.len(), HALVES);
    }
}
