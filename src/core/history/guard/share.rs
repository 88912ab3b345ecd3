//! A guard on another service: the share of good ones among the probes of the last while. Probes are not in the history one by one.

use super::{GuardLevel, Streak, share, share_level};
use crate::history::guarded::{GuardEvidence, Guarded};
use crate::model::{Guard, ServiceGuard};
use crate::units::Duration;
use std::collections::VecDeque;

/// The probes of one guard.
#[derive(Debug, Clone)]
pub struct ShareFold {
    place: u32,
    window: u64,
    length: Duration,
    recent: VecDeque<(u64, bool)>,
    began: Option<u64>,
    streak: Streak,
}

impl ShareFold {
    /// Of the guard at this place of the scenario.
    pub fn new(guard: &Guard, place: u32) -> Self {
        let (window, length) = (guard.window().as_nanos(), guard.length);
        Self { place, window, length, recent: VecDeque::new(), began: None, streak: Streak::default() }
    }

    /// Takes the answer to one more probe in, which ended at `now`. Where the share stands, if there is a whole window to look at, and what
    /// made the guard trip.
    pub fn probed(&mut self, service: &ServiceGuard, good: bool, now: u64) -> (Option<GuardLevel>, Option<Guarded>) {
        let began = *self.began.get_or_insert(now);
        self.recent.push_back((now, good));
        while self.recent.front().is_some_and(|(at, _)| at + self.window < now) {
            self.recent.pop_front();
        }
        let (good, all) = (self.recent.iter().filter(|(_, good)| *good).count() as u64, self.recent.len() as u64);
        let level = (began + self.window <= now).then(|| share_level(good, all, &service.limit));
        let since = self.streak.look(level, now.saturating_sub(self.window).max(began));
        let since = since.filter(|since| since + self.length.as_nanos() <= now);
        let tripped = since.map(|since| {
            let (name, below) = (&service.probe.service_name, service.limit.below);
            let evidence = GuardEvidence {
                place: Some(self.place),
                value: format!("{} ({good} of {all})", share(good, all)),
                threshold: below.to_string(),
                since,
                at: now,
                from: format!("probes of {name}"),
            };
            Guarded { guard: format!("fewer than {below} of the probes of {name} were good for {}", self.length), evidence: Some(evidence) }
        });
        (level, tripped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GuardWatch, NamedWorkload, SuccessLimit, Workload};
    use crate::units::{Rate, Ratio};

    const SECOND: u64 = 1_000_000_000;

    fn guard(clears_at: Option<f64>) -> (Guard, ServiceGuard) {
        let service = super::super::tests::plan(Default::default()).workloads[0].service.clone();
        let workload = Workload::steady(Rate::per_second(1.0).unwrap());
        let (name, objectives) = ("checkout".to_owned(), Default::default());
        let residency = Vec::new();
        let probe = NamedWorkload { name: name.clone(), service_name: name, service, objectives, residency, judged: false, workload };
        let limit = SuccessLimit { below: Ratio::new(0.5).unwrap(), clears_at: clears_at.and_then(Ratio::new), over: None };
        let service = ServiceGuard { probe, every: Duration::from_secs(1), timeout: Duration::from_secs(1), limit };
        (Guard { watches: GuardWatch::Service(Box::new(service.clone())), length: Duration::from_secs(12) }, service)
    }

    /// When it trips, of a probe a second.
    fn trips(clears_at: Option<f64>, probes: &str) -> Option<(u64, Guarded)> {
        let (guard, service) = guard(clears_at);
        let mut fold = ShareFold::new(&guard, 3);
        probes.chars().zip(0..).find_map(|(probe, at)| Some((at, fold.probed(&service, probe == '+', at * SECOND).1?)))
    }

    #[test]
    fn what_is_better_for_a_moment_and_not_well_does_not_break_the_streak() {
        let flapping = "++++++-----+++-----+++----------";
        assert!(trips(Some(0.9), &flapping[..24]).is_some_and(|(at, _)| at < 24), "half of it, again and again, and never well");
        assert_eq!(trips(Some(0.6), "++++++----++++----++++----++++"), None, "it was well in between");
        let (at, tripped) = trips(None, "++++++--------").unwrap();
        let evidence = tripped.evidence.unwrap();
        assert_eq!((at, evidence.place, &evidence.threshold[..], &evidence.from[..]), (12, Some(3), "50%", "probes of checkout"));
        assert_eq!(
            (tripped.guard, evidence.value),
            ("fewer than 50% of the probes of checkout were good for 12 s".into(), "46% (6 of 13)".into())
        );
    }
}
