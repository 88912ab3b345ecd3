//! Whether users are served well again once everything is healed: what the traffic after the last heal shows, held against the traffic before the
//! first fault.
//!
//! The last twenty requests that were due after the last heal count. They show that a service is **well** where at least three of them were good and
//! there are not significantly fewer good ones than before the fault; that it is **ill** where there are: so few good ones would come by chance
//! less than once in a thousand times, with five in a hundred left for what the heal itself may still disturb. Where there were
//! too few to tell, they show nothing.
//!
//! Who serves makes no difference: a gateway that has not gone back to its primary and serves its users well is healthy.
//!
//! What this file does not do: ask (`drill` does, where the traffic shows nothing), or judge a failback.

use crate::model::words;
use crate::units::Binomial;
use std::collections::VecDeque;

/// So many of the last requests count.
const LAST: usize = 20;
/// So many of them must be good at the least.
const FEW: u64 = 3;
/// So much lower may the share of good ones be than before.
const ROOM: f64 = 0.05;
/// Below this chance it is no chance.
const CHANCE: f64 = 0.001;

words! {
    /// Whether it is known that everything is well again.
    HealthState {
        /// Requests after the last heal show it.
        Proven = "proven",
        /// It could not be shown.
        Unproven = "unproven",
        /// Nobody could be asked, for a reason that says nothing about it.
        Unasked = "unasked",
    }
}

/// Whether everything was well again at the end of a drill that broke something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSeen {
    /// The workload that it is about; `None` where it is about a fault whose heal nobody confirmed.
    pub workload: Option<String>,
    /// What is known.
    pub state: HealthState,
    /// How it is known, or why it is not.
    pub detail: String,
}

/// What the requests of a workload showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrafficHealth {
    /// Users are served as before: so many of so many were good.
    Well(u64, u64),
    /// They are not.
    Ill(u64, u64),
    /// There were none, or too few to tell.
    Unseen,
}

/// The requests of one workload before the faults and after the heal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthTally {
    /// Good ones and all.
    before: (u64, u64),
    after: VecDeque<bool>,
}

impl HealthTally {
    /// A request ended before anything was broken.
    pub(super) fn before(&mut self, good: bool) {
        self.before = (self.before.0 + u64::from(good), self.before.1 + 1);
    }

    /// One ended that was due after the last heal.
    pub(super) fn after(&mut self, good: bool) {
        self.after.push_back(good);
        if self.after.len() > LAST {
            self.after.pop_front();
        }
    }

    /// Something else is broken.
    pub(super) fn broken(&mut self) {
        self.after.clear();
    }

    /// What they show.
    pub fn shows(&self) -> TrafficHealth {
        let (all, good) = (self.after.len() as u64, self.after.iter().filter(|good| **good).count() as u64);
        let usual = if self.before.1 == 0 { 1.0 } else { self.before.0 as f64 / self.before.1 as f64 };
        let expected = Binomial::hitting((usual - ROOM).max(0.0), all);
        match () {
            () if all > 0 && expected.at_most(good) < CHANCE => TrafficHealth::Ill(good, all),
            () if good >= FEW => TrafficHealth::Well(good, all),
            () => TrafficHealth::Unseen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: (u64, u64), after: &[bool]) -> TrafficHealth {
        let mut tally = HealthTally { before, ..HealthTally::default() };
        after.iter().for_each(|good| tally.after(*good));
        tally.shows()
    }

    #[test]
    fn well_is_what_is_not_worse_than_before_and_a_few_good_answers_are_needed() {
        use TrafficHealth::{Ill, Unseen, Well};
        let mixed = |good: usize, bad: usize| [vec![false; bad], vec![true; good]].concat();
        for (before, after, wanted) in [
            ((100, 100), mixed(0, 0), Unseen),
            ((100, 100), mixed(0, 2), Unseen),
            ((100, 100), mixed(0, 3), Ill(0, 3)),
            ((100, 100), mixed(2, 0), Unseen),
            ((100, 100), mixed(1, 2), Unseen),
            ((100, 100), mixed(3, 0), Well(3, 3)),
            ((100, 100), mixed(20, 0), Well(20, 20)),
            ((100, 100), mixed(15, 5), Well(15, 20)),
            ((100, 100), mixed(13, 7), Ill(13, 20)),
            ((100, 100), mixed(20, 500), Well(20, 20)),
            // What was bad before is no worse now.
            ((50, 100), mixed(8, 12), Well(8, 20)),
            ((0, 0), mixed(0, 20), Ill(0, 20)),
        ] {
            assert_eq!(shown(before, &after), wanted, "{before:?} {after:?}");
        }
    }

    #[test]
    fn another_fault_begins_anew() {
        let mut tally = HealthTally { before: (10, 10), ..HealthTally::default() };
        (0..9).for_each(|_| tally.after(true));
        tally.broken();
        assert_eq!(tally.shows(), TrafficHealth::Unseen);
    }
}
