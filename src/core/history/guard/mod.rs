//! When a guard stops a drill: users of some workload have been served too badly for too long, another service has, or somebody outside has
//! said stop for too long.
//!
//! Each guard has one fold, which is looked at again and again and says since when it has been too much ([`Streak`]); whoever looks
//! does nothing with it but stop the drill. The folds on the drill's own traffic look at [`Live`], which is itself a fold of the history.
//!
//! What this folder does not do: count requests (`live_workload`), know for how long a request may be open (`open`), or ask anybody (`drill`).

mod heard;
mod share;
mod streak;
#[cfg(test)]
pub(super) mod tests;

pub use heard::HeardFold;
pub use share::ShareFold;
pub use streak::{GuardLevel, Streak};

use super::guarded::{GuardEvidence, Guarded};
use super::live::Live;
use super::live_workload::LiveWorkload;
use super::open::Expectation;
use crate::model::{Guard, GuardWatch, NamedWorkload, PercentileLimit, SuccessLimit};
use crate::units::Ratio;

impl Live {
    /// True where nobody of the leading workload has been answered for `span`, although requests wait.
    pub fn is_silent(&self, span: u64, now: u64) -> bool {
        self.plan.as_ref().is_some_and(|plan| self.says_nothing(plan.workloads.leading(), self.leading(), span, now))
    }

    fn says_nothing(&self, named: &NamedWorkload, counts: &LiveWorkload, span: u64, now: u64) -> bool {
        counts.open.is_silent(span, now, &Expectation { named, is_faulted: !self.faults.is_empty() })
    }
}

/// A guard on the drill's own traffic, while the drill runs.
#[derive(Debug, Clone)]
pub struct TrafficFold {
    guard: Guard,
    place: u32,
    /// Of each workload, since when it has been too much.
    streaks: Vec<Streak>,
}

/// What one look at a workload saw.
struct Look {
    level: GuardLevel,
    /// The case, in words, without for how long.
    told: String,
    value: String,
    threshold: String,
}

impl TrafficFold {
    /// The guard at this place of the scenario; of one that looks at something else it never trips.
    pub const fn new(guard: Guard, place: u32) -> Self {
        Self { guard, place, streaks: Vec::new() }
    }

    /// What made it trip, where the drill cannot go on at `now`. A request that is open for longer than its service level is not good, and that
    /// nobody is answered at all is the worst that can be seen, not nothing.
    pub fn look(&mut self, live: &Live, now: u64) -> Option<Guarded> {
        let (length, window, plan) = (self.guard.length, self.guard.window().as_nanos(), live.plan.as_ref()?);
        let began = live.traffic_since.filter(|since| since + window <= now)?;
        self.streaks.resize(plan.workloads.len(), Streak::default());
        // Users of any workload may suffer too much.
        for ((named, counts), streak) in plan.workloads.iter().zip(&live.workloads).zip(&mut self.streaks) {
            let of = if plan.workloads.are_several() { format!(" of {}", named.name) } else { String::new() };
            let seen = match &self.guard.watches {
                GuardWatch::Success(limit) => good(live, (named, counts), limit, (window, now), &of),
                GuardWatch::Latency(limit) => in_time(live, (named, counts), limit, (window, now), &of),
                _ => None,
            };
            let since = streak.look(seen.as_ref().map(|seen| seen.level), now.saturating_sub(window).max(began));
            let Some((since, seen)) = since.zip(seen) else { continue };
            if since.saturating_add(length.as_nanos()) <= now {
                let guard = format!("{} for {length}{}", seen.told, if seen.value.is_empty() { " although some were waiting" } else { "" });
                let value = if seen.value.is_empty() { "none answered".to_owned() } else { seen.value };
                let from = format!("requests of {}", named.name);
                let evidence = GuardEvidence { place: Some(self.place), value, threshold: seen.threshold, since, at: now, from };
                return Some(Guarded { guard, evidence: Some(evidence) });
            }
        }
        None
    }
}

/// The share of good requests of a workload.
fn good(
    live: &Live,
    (named, counts): (&NamedWorkload, &LiveWorkload),
    limit: &SuccessLimit,
    (window, now): (u64, u64),
    of: &str,
) -> Option<Look> {
    let seen = counts.over(window, now);
    let all = seen.known(0);
    let threshold = limit.below.to_string();
    if all > 0 {
        let level = share_level(seen.good, all, limit);
        return Some(Look {
            level,
            told: format!("fewer than {} of requests{of} were good", limit.below),
            value: format!("{} ({} of {all})", share(seen.good, all), seen.good),
            threshold,
        });
    }
    live.says_nothing(named, counts, window, now).then(|| Look {
        level: GuardLevel::Over,
        told: format!("no request{of} was answered"),
        value: String::new(),
        threshold,
    })
}

/// The share of requests of a workload that were answered in time: a percentile is above a time where fewer than its share are.
fn in_time(
    live: &Live,
    (named, counts): (&NamedWorkload, &LiveWorkload),
    limit: &PercentileLimit,
    (window, now): (u64, u64),
    of: &str,
) -> Option<Look> {
    let seen = counts.over(window, now);
    let told = format!("{}{of} was above {}", limit.percentile(), limit.above);
    let within = |limit: &crate::units::Duration| {
        let place = live.limits.iter().position(|counted| *counted == limit.as_nanos())?;
        Some((seen.below.get(place).copied().unwrap_or(0), seen.known(place + 1)))
    };
    let (quick, all) = within(&limit.above)?;
    let threshold = format!("{} in less than {}", limit.share, limit.above);
    if all == 0 {
        let silent = live.says_nothing(named, counts, window, now);
        return silent.then(|| Look {
            level: GuardLevel::Over,
            told: format!("no request{of} was answered"),
            value: String::new(),
            threshold,
        });
    }
    let is_quick = |(quick, all): (u64, u64)| all > 0 && quick as f64 >= limit.share.get() * all as f64;
    let level = match &limit.clears_at {
        _ if !is_quick((quick, all)) => GuardLevel::Over,
        Some(clears) if !within(clears).is_some_and(is_quick) => GuardLevel::Between,
        _ => GuardLevel::Clear,
    };
    Some(Look { level, told, value: format!("{} ({quick} of {all}) in less than {}", share(quick, all), limit.above), threshold })
}

/// Where a share of good ones stands.
fn share_level(good: u64, all: u64, limit: &SuccessLimit) -> GuardLevel {
    let reaches = |ratio: Ratio| good as f64 >= ratio.get() * all as f64;
    match limit.clears_at {
        _ if !reaches(limit.below) => GuardLevel::Over,
        Some(clears) if !reaches(clears) => GuardLevel::Between,
        _ => GuardLevel::Clear,
    }
}

/// As a percentage without decimals, rounded towards what is worse.
fn share(good: u64, all: u64) -> String {
    format!("{}%", (good * 100).checked_div(all).unwrap_or(0))
}
