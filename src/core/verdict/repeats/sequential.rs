//! A test that ends when the answer is known: Wald's, of a good rate of passes against a bad one, cut off after so many trials.
//!
//! After each trial the odds of the trials so far, under the bad rate against under the good one, are held against two limits that follow from the
//! risks. They depend on nothing but the number of trials and of misses, so that the limits are a short table which is fixed before the first trial:
//! *accept* after 10 trials without a miss or 17 with one; *reject* on 2 misses within 4 trials, 3 within 10.
//!
//! An ending that depends on how trials come out changes what may be said of the rate. So the bounds are those of this very test: all ways in which
//! it can end are in an order (accepted early, accepted late, open, rejected late, rejected early), and a bound is the rate at which ending as well
//! as this, or better, is just rare enough.

use super::TrialResult;
use super::proportion::{CONFIDENCE, PassRate, highest, lowest};

/// So many misses at so many trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequentialBoundary {
    /// How many trials were not met.
    pub misses: u32,
    /// Accepting takes at least so many trials with so many misses; rejecting happens within so many at the most.
    pub trials: u32,
}

/// The test: its rates and risks, and the table that follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct SequentialTest {
    /// A share of passes that is good.
    pub good: f64,
    /// One that is bad.
    pub bad: f64,
    /// The risk of calling a good one bad, and of calling a bad one good.
    pub risk: f64,
    /// After so many trials it ends in any case.
    pub most: u32,
    /// It is accepted with so many misses after so many trials.
    pub accept: Vec<SequentialBoundary>,
    /// It is rejected with so many misses within so many trials.
    pub reject: Vec<SequentialBoundary>,
}

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequentialDecision {
    /// The rate is not the bad one: known after so many trials.
    Accepted(u32),
    /// The rate is not the good one: known after so many trials.
    Rejected(u32),
    /// It was cut off.
    Undecided,
    /// More trials may tell.
    Open,
}

/// How likely each end of the test is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SequentialChances {
    /// That it accepts.
    pub accepted: f64,
    /// That it rejects.
    pub rejected: f64,
    /// That it is cut off.
    pub undecided: f64,
    /// How many trials it takes on average.
    pub trials: f64,
}

impl SequentialTest {
    /// The test of a rate of 95 % against one of 70 % with risks of 5 %, cut off after so many trials, 20 at the most.
    pub fn within(most: u32) -> Self {
        Self::design(0.95, 0.70, 0.05, most.min(20))
    }

    /// The test with these rates and risks.
    pub fn design(good: f64, bad: f64, risk: f64, most: u32) -> Self {
        let (pass, miss) = ((bad / good).ln(), ((1.0 - bad) / (1.0 - good)).ln());
        let limit = ((1.0 - risk) / risk).ln();
        let odds = |misses: u32, trials: u32| f64::from(misses) * miss + f64::from(trials - misses) * pass;
        let each = || (0..=most).map(|misses| (misses, misses.max(1)..=most));
        let accept = each().filter_map(|(misses, mut trials)| {
            let trials = trials.find(|trials| odds(misses, *trials) <= -limit)?;
            Some(SequentialBoundary { misses, trials })
        });
        let reject = each().filter_map(|(misses, trials)| {
            let trials = trials.rev().find(|trials| odds(misses, *trials) >= limit)?;
            Some(SequentialBoundary { misses, trials })
        });
        Self { good, bad, risk, most, accept: accept.collect(), reject: reject.collect() }
    }

    /// What the trials say, those that count, in their order. One whose end is open is a miss for accepting and a pass for rejecting.
    pub fn decide(&self, results: &[TrialResult]) -> SequentialDecision {
        let (strict, lenient) = (self.end(results, is_pass), self.end(results, is_perhaps));
        match (strict, lenient) {
            (SequentialEnd::Accepted(at), _) => SequentialDecision::Accepted(at),
            (_, SequentialEnd::Rejected(at)) => SequentialDecision::Rejected(at),
            _ if results.len() >= self.most as usize => SequentialDecision::Undecided,
            _ => SequentialDecision::Open,
        }
    }

    /// Within which the rate of passes lies, if the trials were to end by this test.
    pub fn pass_rate(&self, results: &[TrialResult]) -> PassRate {
        let (strict, lenient) = (self.end(results, is_pass), self.end(results, is_perhaps));
        let rare = 1.0 - CONFIDENCE;
        let lo = highest(|rate| self.paths(rate).as_good(strict) <= rare);
        let hi = lowest(|rate| self.paths(rate).as_bad(lenient) <= rare);
        PassRate { lo, hi }
    }

    /// How likely each end is where this is the true rate of passes.
    pub fn chances(&self, rate: f64) -> SequentialChances {
        let paths = self.paths(rate);
        let (accepted, rejected) = (paths.accepted.iter().sum(), paths.rejected.iter().sum());
        let undecided: f64 = paths.open.last().map_or(0.0, |open| open.iter().sum());
        let ended = paths.accepted.iter().zip(&paths.rejected).zip(1..).map(|((accept, reject), at)| (accept + reject) * f64::from(at));
        SequentialChances { accepted, rejected, undecided, trials: ended.sum::<f64>() + undecided * f64::from(self.most) }
    }

    fn decision(&self, misses: u32, trials: u32) -> Option<bool> {
        let accepts = self.accept.iter().any(|limit| limit.misses == misses && trials >= limit.trials);
        let rejects = self.reject.iter().any(|limit| limit.misses == misses && trials <= limit.trials);
        (accepts || rejects).then_some(accepts)
    }

    /// Where the test ends, if this is what passes.
    fn end(&self, results: &[TrialResult], passes: impl Fn(TrialResult) -> bool) -> SequentialEnd {
        let (mut misses, mut trials) = (0, 0);
        for result in results.iter().take(self.most as usize) {
            trials += 1;
            misses += u32::from(!passes(*result));
            match self.decision(misses, trials) {
                Some(true) => return SequentialEnd::Accepted(trials),
                Some(false) => return SequentialEnd::Rejected(trials),
                None => {}
            }
        }
        SequentialEnd::Open { trials, misses }
    }

    /// How likely the test is to be where, trial by trial.
    fn paths(&self, rate: f64) -> SequentialPaths {
        let mut paths = SequentialPaths::default();
        let mut open = vec![1.0];
        for trials in 1..=self.most {
            let mut next = vec![0.0; open.len() + 1];
            for (misses, chance) in open.iter().enumerate() {
                next[misses] += chance * rate;
                next[misses + 1] += chance * (1.0 - rate);
            }
            let (mut accepted, mut rejected) = (0.0, 0.0);
            for (misses, chance) in (0..).zip(&mut next) {
                match self.decision(misses, trials) {
                    Some(true) => accepted += std::mem::take(chance),
                    Some(false) => rejected += std::mem::take(chance),
                    None => {}
                }
            }
            paths.accepted.push(accepted);
            paths.rejected.push(rejected);
            paths.open.push(next.clone());
            open = next;
        }
        paths
    }
}

fn is_pass(result: TrialResult) -> bool {
    result == TrialResult::Met
}

fn is_perhaps(result: TrialResult) -> bool {
    matches!(result, TrialResult::Met | TrialResult::Inconclusive)
}

/// Where trials end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SequentialEnd {
    Accepted(u32),
    Rejected(u32),
    Open { trials: u32, misses: u32 },
}

/// The chances of each end after each number of trials, and of each number of misses where it is still open.
#[derive(Default)]
struct SequentialPaths {
    accepted: Vec<f64>,
    rejected: Vec<f64>,
    open: Vec<Vec<f64>>,
}

impl SequentialPaths {
    /// How likely an end as good as this one, or a better one, is.
    fn as_good(&self, end: SequentialEnd) -> f64 {
        match end {
            SequentialEnd::Accepted(at) => before(&self.accepted, at + 1),
            SequentialEnd::Open { trials, misses } => before(&self.accepted, trials + 1) + self.still(trials, misses + 1),
            SequentialEnd::Rejected(at) => 1.0 - before(&self.rejected, at),
        }
    }

    /// How likely an end as bad as this one, or a worse one, is.
    fn as_bad(&self, end: SequentialEnd) -> f64 {
        match end {
            SequentialEnd::Accepted(at) => 1.0 - before(&self.accepted, at),
            SequentialEnd::Open { trials, misses } => 1.0 - before(&self.accepted, trials + 1) - self.still(trials, misses),
            SequentialEnd::Rejected(at) => before(&self.rejected, at + 1),
        }
    }

    /// That it is open after so many trials, with fewer misses than these. Before the first trial it is open without any.
    fn still(&self, trials: u32, misses: u32) -> f64 {
        match trials.checked_sub(1) {
            None => f64::from(u8::from(misses > 0)),
            Some(place) => self.open.get(place as usize).map_or(0.0, |open| open.iter().take(misses as usize).sum()),
        }
    }
}

/// The sum of the chances of an end before this trial, the first of which is number 1.
fn before(chances: &[f64], trial: u32) -> f64 {
    chances.iter().take(trial.saturating_sub(1) as usize).sum()
}
