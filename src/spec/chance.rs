//! The chance that a drill fails though nothing is wrong: providers are late now and then, and a baseline or a hold that needs more good
//! answers than they give proves nothing about the gateway.
//!
//! Known where the lab imitates the providers, and where the inventory states their times (`simulation:`). Counts are binomial, exactly; that
//! more bad requests follow each other than a recovery may contain is counted beside that. What the gateway adds is not known here.

use crate::model::{NamedWorkload, Objectives, Operation, Pace, Provider, SloOn};
use crate::units::{Duration, Ratio, binomial};

/// What is more probable than this is worth a warning.
pub(super) const BEARABLE: f64 = 0.01;
/// Tokens of an answer that repeats its words: eight of one or two.
const TOKENS: u32 = 12;
/// More requests than this are counted as so many: what is probable there is seen below it.
const MOST: f64 = 200_000.0;

/// The chance of one workload, and what it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chance {
    /// That the baseline or a hold fails.
    pub(super) fails: f64,
    /// The share of answers that come late, of whoever serves worst.
    pub(super) late: f64,
    /// Requests of the baseline and of the hold.
    pub(super) requests: [u64; 2],
}

/// A workload's requests, and the times of those who serve it.
pub(super) struct Asked<'p> {
    objectives: &'p Objectives,
    requests: [u64; 2],
    /// Who serves in the baseline, who in the hold, and the tokens of an answer.
    serving: [Vec<Pace>; 2],
    tokens: u32,
}

impl<'p> Asked<'p> {
    /// `known` gives the providers whose times are known; `None` where they are not, or where no model is asked.
    pub(super) fn of(
        each: &'p NamedWorkload,
        baseline: Duration,
        total: Duration,
        known: impl Fn(&str) -> Option<&'p Provider>,
    ) -> Option<Self> {
        let (workload, service) = (&each.workload, &each.service);
        if workload.script.is_some() || workload.errand.is_some() {
            return None;
        }
        let operation = workload.request.operation();
        let pace = |name: &String| {
            let provider = known(name)?;
            let model = provider.model_for(operation);
            Some(provider.simulation.models.get(model).copied().unwrap_or_else(|| provider.simulation.pace()))
        };
        let before = service.primaries().iter().map(pace).collect::<Option<Vec<_>>>()?;
        // Those that share the load go on with it; who has none to go over to waits for the one that broke.
        let standby = service.standbys().first().filter(|_| !service.shares());
        let after = if let Some(standby) = standby { vec![pace(standby)?] } else { before.clone() };
        let rate = workload.mean(total).as_per_second();
        let count = |requests: f64| requests.round().clamp(0.0, MOST) as u64;
        let hold = each.objectives.stable_for.unwrap_or_default();
        Some(Self {
            objectives: &each.objectives,
            requests: [count(workload.requests(baseline)), count(rate * hold.as_secs_f64())],
            serving: [before, after],
            tokens: if operation == Operation::Embeddings { 0 } else { TOKENS },
        })
    }

    /// The chance as it is.
    pub(super) fn chance(&self) -> Chance {
        self.with(self.objectives.success.map_or(0.99, Ratio::get), self.objectives.slo.unwrap_or_default())
    }

    /// The chance with another promise.
    fn with(&self, success: f64, slo: Duration) -> Chance {
        let late = self.serving.each_ref().map(|paces| self.late(paces, slo));
        let allowed = |requests: u64| (requests as f64 * (1.0 - success) + 1e-9).floor() as u64;
        let counted = |place: usize| binomial::at_most(allowed(self.requests[place]), self.requests[place], late[place]);
        let longest = self.objectives.max_consecutive_bad.unwrap_or(1);
        let held = counted(1) * no_run(self.requests[1], longest + 1, late[1]);
        Chance { fails: 1.0 - counted(0) * held, late: late[0].max(late[1]), requests: self.requests }
    }

    /// The share that is late, on average over those who share the load.
    fn late(&self, paces: &[Pace], slo: Duration) -> f64 {
        let deadline = self.objectives.deadline.unwrap_or(slo);
        let share = |pace: &Pace| {
            let rest = pace.token_gap.times(self.tokens);
            let whole = Duration::from_nanos(deadline.as_nanos().saturating_sub(rest.as_nanos()));
            let told = match self.objectives.slo_on {
                Some(SloOn::Proof) => slo,
                _ => Duration::from_nanos(slo.as_nanos().saturating_sub(rest.as_nanos())),
            };
            pace.later_than(told.min(whole))
        };
        paces.iter().map(share).sum::<f64>() / paces.len().max(1) as f64
    }

    /// What to promise instead: a smaller share, or else a longer service level, each the nearest that is bearable.
    pub(super) fn instead(&self) -> Option<String> {
        let (slo, success) = (self.objectives.slo.unwrap_or_default(), self.objectives.success.map_or(0.99, Ratio::get));
        let bears = |success: f64, slo: Duration| self.with(success, slo).fails <= BEARABLE;
        let less = (1..100).map(|step| ((success * 200.0).ceil() - f64::from(step)) / 200.0).take_while(|share| *share >= 0.5);
        let share =
            less.into_iter().find(|share| bears(*share, slo)).map(|share| format!("`success: {}%`", (share * 1000.0).round() / 10.0));
        let moment = if self.objectives.slo_on == Some(SloOn::Proof) { "first_token" } else { "complete" };
        let deadline = self.objectives.deadline.unwrap_or(slo);
        let step = Duration::from_nanos((slo.as_nanos() / 4).div_ceil(100_000_000) * 100_000_000);
        let longer = (1..40).map(|times| slo.plus(step.times(times))).take_while(|longer| *longer <= deadline);
        let level = longer.into_iter().find(|longer| bears(success, *longer)).map(|longer| format!("`slo: {{{moment}: {longer}}}`"));
        [share, level].into_iter().flatten().reduce(|one, other| format!("{one} or {other}"))
    }
}

/// The probability that of `n`, each with probability `p`, no `length` follow each other.
fn no_run(n: u64, length: u32, p: f64) -> f64 {
    let (length, n) = (length as usize, usize::try_from(n).unwrap_or(usize::MAX));
    let run = p.powi(i32::try_from(length).unwrap_or(i32::MAX));
    // Of the last `length` + 1 numbers of requests; before `length` of them there is no run.
    let mut none = vec![1.0; length + 1];
    for place in length..=n {
        let last = none[place % (length + 1)];
        let next = if place == length { 1.0 - run } else { none[(place - 1) % (length + 1)] - (1.0 - p) * run * last };
        none[place % (length + 1)] = next;
    }
    none[n % (length + 1)]
}

#[cfg(test)]
mod tests {
    use super::no_run;

    #[test]
    fn runs_are_as_probable_as_counting_says() {
        for (n, length, p) in [(1, 2, 0.3), (2, 2, 0.3), (3, 2, 0.3), (9, 2, 0.3), (10, 3, 0.6), (12, 1, 0.1)] {
            let mut wanted = 0.0;
            for case in 0..1_u32 << n {
                let bad = |place: u64| case >> place & 1 == 1;
                let mut run = 0;
                let longest = (0..n)
                    .map(|place| {
                        run = if bad(place) { run + 1 } else { 0 };
                        run
                    })
                    .max()
                    .unwrap();
                let chance: f64 = (0..n).map(|place| if bad(place) { p } else { 1.0 - p }).product();
                wanted += if longest < length { chance } else { 0.0 };
            }
            assert!((no_run(n, length, p) - wanted).abs() < 1e-9, "{n} {length} {p}: {} {wanted}", no_run(n, length, p));
        }
    }
}
