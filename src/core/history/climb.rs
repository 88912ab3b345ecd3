//! A rate that climbs in steps: when each step began, and what came of its requests, for whoever decides while the drill runs whether to go on.
//!
//! What this file does not do: judge a finished climb (`verdict`, on all requests of each step and on who answered).

use super::event::{Overdue, Paced, RequestDone};
use crate::model::{LoadSteps, Objectives};
use crate::units::Tally;
use std::collections::BTreeSet;

/// The steps of a climb as they were sent; moments and lengths in nanoseconds on the evidence's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Climb {
    /// What the primary carries at its busiest, a second.
    pub peak: f64,
    /// How long each step lasts.
    pub each: i64,
    /// The rates of all that were planned, a second.
    pub planned: Vec<f64>,
    /// Those that were begun, in order.
    pub steps: Vec<ClimbStep>,
    /// When it ended, and the rate from then on; `None` where that was not recorded.
    pub ended: Option<ClimbStep>,
}

/// From when on requests were due at a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClimbStep {
    /// When the first of them may have been due.
    pub at: i64,
    /// How many a second.
    pub rate: f64,
}

impl Climb {
    /// Before it began.
    pub(super) fn planned(steps: &LoadSteps) -> Self {
        Self {
            peak: steps.peak.as_per_second(),
            each: steps.each.nanos(),
            planned: steps.rates.iter().map(|rate| rate.as_per_second()).collect(),
            steps: Vec::new(),
            ended: None,
        }
    }

    /// The rate changed.
    pub(super) fn paced(&mut self, paced: &Paced) {
        let step = ClimbStep { at: i64::try_from(paced.at).unwrap_or(i64::MAX), rate: paced.rate.as_per_second() };
        match paced.step {
            Some(_) => self.steps.push(step),
            None => self.ended = Some(step),
        }
    }

    /// When the first step began: until then the traffic had its usual rate.
    pub fn began(&self) -> Option<i64> {
        self.steps.first().map(|step| step.at)
    }
}

/// What came of the requests of each step's later half so far.
#[derive(Debug, Clone)]
pub struct ClimbTally {
    /// Nanoseconds.
    slo: u64,
    each: u64,
    steps: Vec<StepTally>,
    ended: Option<u64>,
    /// Requests that are open for longer than the service level, and counted.
    overdue: BTreeSet<u64>,
}

/// One step, with the bad among its requests.
#[derive(Debug, Clone, Copy, Default)]
struct StepTally {
    from: u64,
    /// Of those whose service level is over before the step is.
    settled: Tally,
    all: Tally,
}

impl ClimbTally {
    /// Before the climb.
    pub(super) fn new(steps: &LoadSteps, objectives: &Objectives) -> Self {
        let (slo, each) = (objectives.slo.as_nanos(), steps.each.as_nanos());
        Self { slo, each, steps: Vec::new(), ended: None, overdue: BTreeSet::new() }
    }

    pub(super) fn paced(&mut self, paced: &Paced) {
        match paced.step {
            Some(_) => self.steps.push(StepTally { from: paced.at, ..StepTally::default() }),
            None => self.ended = Some(paced.at),
        }
    }

    /// A request of the workload ended, well or not.
    pub(super) fn ended(&mut self, request: &RequestDone, good: bool) {
        if !self.overdue.remove(&request.id) {
            self.count(request.due, !good);
        }
    }

    /// A request could not be sent.
    pub(super) fn shed(&mut self, due: u64) {
        self.count(due, true);
    }

    /// A request is still open: once that is so for longer than the service level, it is known to be bad.
    pub(super) fn overdue(&mut self, overdue: &Overdue) {
        if overdue.after >= self.slo && self.overdue.insert(overdue.id) {
            self.count(overdue.due, true);
        }
    }

    fn count(&mut self, due: u64, bad: bool) {
        if self.ended.is_some_and(|ended| due >= ended) {
            return;
        }
        let (slo, each) = (self.slo, self.each);
        let Some(step) = self.steps.iter_mut().rfind(|step| step.from <= due) else { return };
        let into = due - step.from;
        if into < each / 2 || into >= each {
            return;
        }
        let add = |tally: &mut Tally| *tally = Tally { hits: tally.hits + u64::from(bad), of: tally.of + 1 };
        add(&mut step.all);
        if into + slo < each {
            add(&mut step.settled);
        }
    }

    /// When a step began; `None` where it did not yet.
    pub fn began(&self, step: usize) -> Option<u64> {
        self.steps.get(step).map(|step| step.from)
    }

    /// The bad among the requests of a step's later half; without those that may still become good when the step ends, where `settled`.
    pub fn bad(&self, step: usize, settled: bool) -> Tally {
        self.steps.get(step).map_or_else(Tally::default, |step| if settled { step.settled } else { step.all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Outcome;
    use crate::units::{Duration, Rate};

    const MS: u64 = 1_000_000;

    fn done(id: u64, due: u64, took: u64) -> RequestDone {
        RequestDone { id, due: due * MS, lag: 0, proof: None, done: took * MS, outcome: Outcome::Ok, why: None }
    }

    #[test]
    fn requests_of_a_steps_later_half_are_counted_once_each() {
        let rate = |text: &str| -> Rate { text.parse().unwrap() };
        let steps = LoadSteps {
            peak: rate("40/s"),
            called: String::new(),
            rates: vec![rate("20/s"), rate("40/s")],
            each: Duration::from_secs(2),
            after: Duration::from_secs(1),
            begins: Duration::from_secs(2),
        };
        let objectives = Objectives { slo: Duration::from_millis(300), ..Objectives::default() };
        let mut tally = ClimbTally::new(&steps, &objectives);
        tally.ended(&done(0, 500, 10), true);
        tally.paced(&Paced { at: 1000 * MS, rate: rate("20/s"), step: Some(0) });
        tally.ended(&done(1, 1500, 10), false);
        tally.ended(&done(2, 2500, 10), true);
        // Two that stay open: one is told of twice, and ends badly after that.
        tally.overdue(&Overdue { id: 3, due: 2600 * MS, after: 100 * MS });
        tally.overdue(&Overdue { id: 3, due: 2600 * MS, after: 300 * MS });
        tally.ended(&done(3, 2600, 900), false);
        tally.overdue(&Overdue { id: 4, due: 2900 * MS, after: 300 * MS });
        tally.shed(2950 * MS);
        assert_eq!((tally.bad(0, true), tally.bad(0, false)), (Tally { hits: 1, of: 2 }, Tally { hits: 3, of: 4 }));
        tally.paced(&Paced { at: 3000 * MS, rate: rate("40/s"), step: Some(1) });
        tally.paced(&Paced { at: 4200 * MS, rate: rate("20/s"), step: None });
        tally.ended(&done(5, 4100, 10), true);
        tally.ended(&done(6, 4300, 10), false);
        assert_eq!((tally.bad(1, false), tally.bad(7, false)), (Tally { hits: 0, of: 1 }, Tally::default()));
        assert_eq!((tally.began(1), tally.began(2)), (Some(3000 * MS), None));
    }
}
