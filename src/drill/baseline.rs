//! The traffic before the fault: whether it is steady, and as soon as it cannot be any more, why.
//!
//! A fault on top of trouble proves nothing, so none is injected then; and a baseline that can no longer reach what is promised is not
//! waited for. Of pure load nothing is asked.

use super::sight::SightSummary;
use super::{DrillStop, blast_radius};
use crate::history::{Balanced, Bucket, Live, StopReason};
use crate::model::{DrillPlan, Goal, NamedWorkload, StartMode};
use crate::traffic::FirstLines;
use crate::units::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// What to look at where others than the primary answered.
const ASTRAY: &str = "see that the gateway asks the primary first, and that it has the addresses of no two providers swapped";
/// How often it is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(50);
/// By then the proxies have told of the first answers.
const SEEN: std::time::Duration = std::time::Duration::from_secs(1);

/// The rules by which the traffic before the fault is judged steady: a fault on top of trouble proves nothing.
pub(super) struct BaselinePolicy<'a> {
    pub(super) plan: &'a DrillPlan,
    pub(super) live: watch::Receiver<Arc<Live>>,
    /// What failed answers said.
    pub(super) said: &'a FirstLines,
    /// What the proxies see; `None` where they see bytes only.
    pub(super) sight: Option<watch::Receiver<SightSummary>>,
    /// How many requests of each workload are due at the most until it ends.
    pub(super) due: Vec<u64>,
}

/// What is unsteady about a workload.
struct Unsteady {
    problem: String,
    /// Whether others than the primary answered.
    is_astray: bool,
}

impl Unsteady {
    const fn of(problem: String) -> Self {
        Self { problem, is_astray: false }
    }
}

impl BaselinePolicy<'_> {
    /// Waits until it is over and was steady, or cannot be any more.
    ///
    /// # Errors
    /// What ails it.
    pub(super) async fn pass(&self) -> Result<(), DrillStop> {
        let began = tokio::time::Instant::now();
        let end = began + self.plan.scenario.timeline.baseline.std();
        while tokio::time::Instant::now() + LOOK < end {
            tokio::time::sleep(LOOK).await;
            let live = self.live.borrow();
            self.can_hold(&live)?;
            if began.elapsed() > SEEN {
                self.passes_a_proxy(&live)?;
                self.is_reached()?;
            }
        }
        tokio::time::sleep_until(end).await;
        self.is_reached()?;
        self.is_steady(&self.live.borrow())
    }

    fn judged(&self) -> impl Iterator<Item = (usize, &NamedWorkload)> {
        self.plan.workloads.iter().enumerate().filter(|(_, each)| each.judged)
    }

    /// Whether whatever is still due could make up for what was bad so far.
    fn can_hold(&self, live: &Live) -> Result<(), DrillStop> {
        for (place, each) in self.judged() {
            let Some(seen) = seen(place, live) else { continue };
            let (due, wanted) = (self.due.get(place).copied().unwrap_or(u64::MAX), wanted(each));
            let (all, bad) = (seen.known(0), seen.known(0).saturating_sub(seen.good));
            if (due.saturating_sub(bad) as f64) < wanted * due as f64 {
                let problem = format!("only {} of the first {all} requests were good{}", seen.good, self.failures(place, seen, live));
                let problem = Unsteady::of(format!("{problem}; it can no longer reach {}", share(wanted)));
                return Err(self.unsteady(&problem, place, each, live));
            }
        }
        Ok(())
    }

    /// Whether the requests that are answered were asked of a provider through its proxy.
    fn passes_a_proxy(&self, live: &Live) -> Result<(), DrillStop> {
        let Some(sight) = &self.sight else { return Ok(()) };
        for (place, each) in self.judged().filter(|(_, each)| each.workload.errand.is_none()) {
            let Some(seen) = seen(place, live).filter(|seen| seen.good >= u64::from(each.objectives.baseline_min)) else { continue };
            let sight = sight.borrow();
            // Whose requests those of a script are, its marks need not say.
            let passes = sight.has_any_of(place) || each.workload.script.is_some() && sight.has_any();
            if !passes {
                let all = seen.requests();
                let detail = format!("{} of {all} requests of {} were answered, and none passed a proxy", seen.good, each.name);
                let hint =
                    "no fault was injected; point the gateway at the proxies of its providers: `lifeboat doctor` tells where they listen";
                return Err(DrillStop::new(StopReason::BaselineUnsteady, detail).with_hint(hint));
            }
        }
        Ok(())
    }

    /// Whether faults that are limited to some requests can take any.
    fn is_reached(&self) -> Result<(), DrillStop> {
        self.sight.as_ref().map_or(Ok(()), |sight| blast_radius::reached(self.plan, &sight.borrow()))
    }

    /// Whether all of it was steady.
    fn is_steady(&self, live: &Live) -> Result<(), DrillStop> {
        let runbook = self.plan.runbook.as_ref().filter(|runbook| runbook.start == StartMode::OnDetection);
        if let Some(Goal::Alert(name)) = runbook.map(|runbook| &runbook.detect.goal).filter(|goal| live.meets(goal, live.now)) {
            let detail = format!("the alert {name} fires before the fault, so it cannot tell of it");
            let hint = "no fault was injected; fix what it reports, or the rule that lets it fire";
            return Err(DrillStop::new(StopReason::BaselineUnsteady, detail).with_hint(hint));
        }
        for (place, each) in self.judged() {
            if let Some(problem) = seen(place, live).and_then(|seen| self.problem(place, each, seen, live)) {
                return Err(self.unsteady(&problem, place, each, live));
            }
        }
        Ok(())
    }

    fn unsteady(&self, Unsteady { problem, is_astray }: &Unsteady, place: usize, each: &NamedWorkload, live: &Live) -> DrillStop {
        let of = if self.plan.workloads.are_several() { format!(" of {}", each.name) } else { String::new() };
        let what = if *is_astray { ASTRAY } else { "fix this first, or lower the rate or `success:`" };
        let hint = format!("no fault was injected; {what}");
        let balanced = seen(place, live).and_then(|seen| balanced(each, seen, live));
        let balanced = balanced.map_or_else(String::new, |balanced| format!("; {}", balanced.hint()));
        let detail = format!("the traffic{of} before the fault is not steady: {problem}");
        DrillStop::new(StopReason::BaselineUnsteady, detail).with_hint(hint + &balanced)
    }

    /// What ails a workload.
    fn problem(&self, place: usize, named: &NamedWorkload, seen: &Bucket, live: &Live) -> Option<Unsteady> {
        let wanted = wanted(named);
        let served: u64 = seen.served.iter().sum();
        let by_primary = served_by(named.service.primaries(), seen, live);
        // The verdict would be void for it, and what this machine cannot pace it paces no better during a fault.
        let most = named.objectives.lag_max;
        let lag = (named.workload.script.is_none() && seen.lag > most.as_nanos()).then(|| {
            // To the millisecond, and not below what it must keep to.
            let sent = Duration::from_millis(seen.lag.div_ceil(1_000_000));
            format!("a request was sent {sent} late, and {most} is allowed")
        });
        // Those that are open for too long among them.
        let all = seen.known(0);
        if seen.requests() < u64::from(named.objectives.baseline_min) {
            let judged = if named.workload.script.is_some() { " and were judged by the script (its metric `lifeboat_served`)" } else { "" };
            Some(Unsteady::of(format!("only {} requests had ended{judged}{}", seen.requests(), waiting(seen))))
        } else if (seen.good as f64) < wanted * all as f64 {
            let lag = lag.map_or_else(String::new, |lag| format!("; {lag}"));
            Some(Unsteady::of(format!("only {} of {all} requests were good{}{lag}", seen.good, self.failures(place, seen, live))))
        } else if served > 0 && (by_primary as f64) < wanted * served as f64 {
            let primaries = named.service.primaries().join(" and ");
            Some(Unsteady { problem: format!("only {by_primary} of {served} answers came from {primaries}"), is_astray: true })
        } else {
            lag.map(Unsteady::of)
        }
    }

    /// What became of those of a workload that were not good: the commonest failure with what the first such answer said, and who gave it.
    fn failures(&self, place: usize, seen: &Bucket, live: &Live) -> String {
        let often = whys(place, live).into_iter().flatten().max_by_key(|(_, count)| **count).map(|(why, count)| {
            // What an application answers to the team's own request is nothing for others to read.
            let withheld =
                self.plan.keep.is_none() && self.plan.workloads[place].workload.errand.as_ref().is_some_and(|asked| asked.send.is_some());
            let line = self
                .said
                .of(place, why)
                .filter(|_| !withheld)
                .map_or_else(String::new, |line| format!(", the first of them with the answer {line}"));
            format!("; {count} ended with {why}{line}")
        });
        let sight = self.sight.as_ref().map(watch::Receiver::borrow);
        let by = sight.as_ref().and_then(|sight| sight.worst_of(place));
        let by = by.map(|(name, status, count)| match status {
            0 => format!("; {name} gave no answer to {count}"),
            _ => format!("; {name} answered {count} with status {status}"),
        });
        let slow = (seen.slow > 0).then(|| format!("; {} came too late", seen.slow));
        [often, by, slow].into_iter().flatten().collect::<String>() + &waiting(seen)
    }
}

fn seen(place: usize, live: &Live) -> Option<&Bucket> {
    live.workloads.get(place).map(|workload| &workload.total)
}

fn whys(place: usize, live: &Live) -> Option<&BTreeMap<String, u64>> {
    live.workloads.get(place).map(|workload| &workload.why)
}

fn wanted(named: &NamedWorkload) -> f64 {
    named.objectives.baseline_success.get()
}

fn share(ratio: f64) -> String {
    crate::units::Ratio::new(ratio).map_or_else(String::new, |ratio| ratio.to_string())
}

fn waiting(seen: &Bucket) -> String {
    match seen.known(0).saturating_sub(seen.requests()) {
        0 => String::new(),
        open => format!("; {open} were still open beyond their service level"),
    }
}

fn served_by(names: &[String], seen: &Bucket, live: &Live) -> u64 {
    let places = live.providers.iter().enumerate().filter(|(_, name)| names.contains(name));
    places.filter_map(|(place, _)| seen.served.get(place)).sum()
}

/// That the providers of a workload's service share its load, though nobody has said so.
fn balanced(named: &NamedWorkload, seen: &Bucket, live: &Live) -> Option<Balanced> {
    let served = |name: &String| live.providers.iter().position(|known| known == name).and_then(|place| seen.served.get(place));
    let by = named.service.providers.iter().map(|name| (name.as_str(), served(name).copied().unwrap_or(0)));
    Balanced::of(by, named.service.primaries().len(), seen.served.iter().sum(), wanted(named))
}

#[cfg(test)]
mod tests;
