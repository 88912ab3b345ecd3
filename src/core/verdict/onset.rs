//! The search for the request from which service is back and stays.

use super::interval::Interval;
use super::window::{RequestWindow, Tri};
use crate::history::Edge;
use crate::units::reaches;

/// How unknown readings are filled.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fill {
    /// As if they were good: for the lower bound.
    Optimistic,
    /// As if they were bad: for the upper bound.
    Pessimistic,
}

impl Fill {
    const fn is_good(self, reading: Tri) -> bool {
        match self {
            Self::Optimistic => !matches!(reading, Tri::No),
            Self::Pessimistic => matches!(reading, Tri::Yes),
        }
    }
}

/// How far the conditions must hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum HoldExtent {
    /// For the hold.
    Hold,
    /// For the hold, and to the end of the window as well.
    Sustained,
}

/// What happens is measured from here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) edge: Edge,
    pub(super) hold: i64,
}

/// Which moment proves recovery.
#[derive(Debug, Clone, Copy)]
pub(super) enum Index {
    /// When the onset's request was sent.
    Arrival,
    /// The earliest proof of service within the hold.
    Delivery,
}

/// What a search found.
pub(super) struct Recovery {
    pub(super) interval: Interval,
    /// The onset with unknown readings taken as bad.
    pub(super) onset: Option<usize>,
}

impl RequestWindow<'_> {
    /// The interval in which service came back.
    pub(super) fn recovery(&self, start: Start, extent: HoldExtent, index: Index) -> Recovery {
        let clock_error = self.evidence.instrument.clock_error;
        let early = self.onset(start, extent, Fill::Optimistic);
        let onset = self.onset(start, extent, Fill::Pessimistic);
        let before = &self.reads[..early.unwrap_or(self.reads.len())];
        let last_bad = before.iter().rposition(|reading| *reading == Tri::No);
        let lo = last_bad.map_or(0, |place| (self.requests.at(place).sent - start.edge.hi - clock_error).max(0));
        let hi = onset.map(|place| {
            let moment = match index {
                Index::Arrival => self.requests.at(place).sent,
                Index::Delivery => self.first_proof(place, self.requests.due(place) + start.hold),
            };
            moment - start.edge.lo + clock_error
        });
        Recovery { interval: Interval { lo, hi }, onset }
    }

    /// The earliest proof of service among the good requests from `place` on that are due before `until`.
    fn first_proof(&self, place: usize, until: i64) -> i64 {
        let within = self.requests.since(place).iter().zip(&self.reads[place..]).take_while(|(request, _)| request.due < until);
        within.filter(|(_, reading)| **reading == Tri::Yes).map(|(request, _)| request.proof).min().unwrap_or(self.requests.at(place).proof)
    }

    /// The earliest request that is good, was sent after the fault was wholly in force, opens a lead-in of good requests and a hold
    /// that ends within the window, in which enough are good and no run of bad ones is too long. One pass: every pointer only moves on.
    fn onset(&self, start: Start, extent: HoldExtent, fill: Fill) -> Option<usize> {
        let (count, objectives) = (self.requests.len(), &self.evidence.objectives);
        let is_good = |place: usize| fill.is_good(self.reads[place]);
        let (success, longest) = (objectives.success.get(), objectives.max_consecutive_bad as usize);
        let from = start.edge.hi + self.evidence.instrument.clock_error;
        // Requests in the hold that begins at `place` are [place, end); how many of them, and of all from `place` on, are good.
        let (mut end, mut good) = (0, 0_u64);
        let mut rest = (0..count).filter(|place| is_good(*place)).count() as u64;
        let mut next_bad = 0;
        let mut long_run = self.long_run(0, longest, fill);
        for place in 0..count {
            let hold_ends = self.requests.due(place) + start.hold;
            while end < count && self.requests.due(end) < hold_ends {
                good += u64::from(is_good(end));
                end += 1;
            }
            if !is_good(place) {
                end = end.max(place + 1);
                continue;
            }
            while next_bad < count && (next_bad < place || is_good(next_bad)) {
                next_bad += 1;
            }
            if long_run.is_some_and(|run| run < place) {
                long_run = self.long_run(place, longest, fill);
            }
            let holds = |until: usize, good: u64| {
                reaches(good, (until - place) as u64, success) && long_run.is_none_or(|run| run + longest >= until)
            };
            let lasts = match extent {
                HoldExtent::Hold => true,
                HoldExtent::Sustained => holds(count, rest),
            };
            let leads_in = next_bad - place >= objectives.lead_in as usize;
            if hold_ends <= self.to && leads_in && self.requests.at(place).sent >= from && holds(end, good) && lasts {
                return Some(place);
            }
            rest -= 1;
            good -= u64::from(end > place);
            end = end.max(place + 1);
        }
        None
    }

    /// Where the first run of more than `longest` bad requests begins, at or after `place`.
    fn long_run(&self, place: usize, longest: usize, fill: Fill) -> Option<usize> {
        let mut run = 0;
        for (offset, reading) in self.reads[place..].iter().enumerate() {
            run = if fill.is_good(*reading) { 0 } else { run + 1 };
            if run > longest {
                return Some(place + offset - longest);
            }
        }
        None
    }
}
