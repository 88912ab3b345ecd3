//! The traffic of a drill: when the requests of each workload are due, what they may cost, who sends them, and how their sending ends.

use super::DrillStop;
use super::driven;
use super::interrupts::{Interrupt, Interrupts};
use super::rig::Rig;
use super::site::RigSite;
use crate::history::{Event, Finished, Phase, PhaseEntered, StopReason};
use crate::journal::Clock;
use crate::model::{DrillPlan, NamedWorkload};
use crate::price;
use crate::traffic::{Budget, Client, K6Run, Levels, LoadProfile, Observed, Prices, Schedule, Target, Throttle, Traffic, TrafficError};
use crate::units::{Duration, Seed};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A schedule's largest gap is taken over the planned time and this much more.
const SLACK: Duration = Duration::from_secs(30);

/// When the requests of a workload are due.
pub(super) fn schedule(named: &NamedWorkload, place: usize, seed: Seed) -> Schedule {
    let seed = if place == 0 { seed } else { seed.derive(&format!("workload {place}")) };
    Schedule::new(&named.workload, seed)
}

/// How many requests are due before this moment.
pub(super) fn due_until(schedule: Schedule, until: u64) -> u64 {
    schedule.take_while(|due| *due < until).count() as u64
}

/// Whether the schedules that this seed gives have enough requests in the baseline: another seed may have drawn more.
pub(super) fn filled(plan: &DrillPlan, seed: Seed) -> Result<(), DrillStop> {
    let until = plan.scenario.timeline.baseline.as_nanos();
    let own = |(_, each): &(usize, &NamedWorkload)| each.judged && each.workload.script.is_none();
    for (place, each) in plan.workloads.iter().enumerate().filter(own) {
        let (name, least) = (&each.name, u64::from(each.objectives.baseline_min));
        let due = schedule(each, place, seed).take_while(|due| *due < until).take(least as usize).count() as u64;
        if due < least {
            return Err(DrillStop::environment(format!(
                "only {due} requests of {name} are due in the baseline, and {least} are the least"
            ))
            .with_hint("write a longer `baseline:`, or a higher rate"));
        }
    }
    Ok(())
}

/// The largest gap of each workload's schedule, over the planned time and a little more: a drill may take longer.
pub(super) fn gaps(plan: &DrillPlan, seed: Seed) -> Vec<Duration> {
    let horizon = plan.scenario.timeline.total().plus(SLACK);
    let gap = |(place, each): (usize, &NamedWorkload)| schedule(each, place, seed).gap_max(horizon);
    plan.workloads.iter().enumerate().map(gap).collect()
}

/// What the traffic of a plan may cost. Without a ceiling everything; it is counted all the same.
pub(super) fn budget(plan: &DrillPlan) -> Budget {
    let allow = &plan.environment.allow;
    let prices = |each: &NamedWorkload| Prices {
        known: plan.prices.clone(),
        reached: each.service.providers.clone(),
        // What nobody can tell is refused where there is a ceiling.
        most: price::most_tokens(each, plan).unwrap_or_default(),
    };
    // What guards ask is charged in accounts of their own, behind those of the workloads.
    let guards =
        plan.scenario.abort_when.iter().map(|guard| guard.service().map_or_else(Prices::default, |service| prices(&service.probe)));
    let prices = plan.workloads.iter().map(prices).chain(guards).collect();
    Budget::new(allow.max_spend, allow.max_requests, prices).guarded(plan.scenario.spend_above())
}

/// What each workload sends that the drill sends itself, and to whom.
fn loads(rig: &Rig, site: &RigSite<'_>) -> Result<Vec<(usize, Client, LoadProfile)>, TrafficError> {
    let workloads = &site.plan.workloads;
    let load = |(place, (each, target)): (usize, (&NamedWorkload, &Target))| {
        let load = LoadProfile {
            schedule: schedule(each, place, site.seed),
            request: each.workload.request,
            expect: Arc::new(each.workload.expect.clone()),
            drill: site.tag,
            workload: place,
            bound: each.workload.max_in_flight,
            deadline: each.objectives.deadline,
            levels: Levels::of(site.plan, place),
            said: rig.said.clone(),
            budget: site.budget.clone(),
        };
        Ok((place, Client::with(target.clone(), rig.manners[place].clone())?, load))
    };
    let own = |(_, (each, _)): &(usize, (&NamedWorkload, &Target))| each.workload.script.is_none();
    workloads.iter().zip(&rig.targets).enumerate().filter(own).map(load).collect()
}

/// The end of a drill that sent nothing.
pub(super) fn nothing(clock: Clock) -> Finished {
    Finished { observed_until: clock.now(), requests: 0, by_workload: Vec::new() }
}

/// The running traffic of every workload, with its place in the plan.
pub(super) struct RunningTraffic {
    clock: Clock,
    each: Vec<(usize, WorkloadTraffic)>,
}

/// The running traffic of one workload, by who sends it.
enum WorkloadTraffic {
    /// The drill.
    Own(Traffic),
    /// A k6 that the drill has started.
    Driven(Box<K6Run>),
}

impl RunningTraffic {
    /// Of no workload yet.
    pub(super) const fn new(clock: Clock) -> Self {
        Self { clock, each: Vec::new() }
    }

    /// Starts the traffic of every workload, and with it the baseline. A program of others takes a while to begin; the baseline begins with it.
    ///
    /// # Errors
    /// Where one cannot be started, or the drill is to end; what was started is for [`Self::finish`].
    pub(super) async fn start(&mut self, rig: &Rig, site: &RigSite<'_>, interrupts: &mut Interrupts) -> Result<(), DrillStop> {
        let environment = |error: TrafficError| DrillStop::of(StopReason::Environment, &error);
        let loads = loads(rig, site).map_err(environment)?;
        let breaks = watch::Sender::new(None);
        for (place, named) in site.plan.workloads.iter().enumerate() {
            let Some(script) = &named.workload.script else { continue };
            let starting = driven::start(place, named, script, rig, site, breaks.clone());
            let driven = interrupts.during(starting).await.and_then(|started| started)?;
            self.each.push((place, WorkloadTraffic::Driven(Box::new(driven))));
        }
        // Only now: one that does not begin says so itself, with what its k6 said.
        interrupts.follow(breaks.subscribe(), |why: &Option<String>| why.clone().map(Interrupt::Script));
        site.recorder.record(Event::Phase(PhaseEntered { name: Phase::Baseline })).await;
        for (place, client, load) in loads {
            let traffic = Traffic::start(client, load, site.recorder.clone()).map_err(environment)?;
            self.each.push((place, WorkloadTraffic::Own(traffic)));
        }
        Ok(())
    }

    /// What changes the rate of the workload at this place, where the drill sends it itself.
    pub(super) fn throttle(&self, place: usize) -> Option<Throttle> {
        let own = |(own, each): &(usize, WorkloadTraffic)| match each {
            WorkloadTraffic::Own(traffic) if *own == place => Some(traffic.throttle()),
            _ => None,
        };
        self.each.iter().find_map(own)
    }

    /// Sends no more; waits for those in flight, at the longest until `patience` ends.
    pub(super) async fn finish(self, patience: impl Future<Output = ()>) -> Finished {
        let Self { clock, mut each } = self;
        if each.is_empty() {
            return nothing(clock);
        }
        each.sort_by_key(|(place, _)| *place);
        let over = watch::channel(false).0;
        let end = |(_, each): (usize, WorkloadTraffic)| {
            let mut over = over.subscribe();
            let patience = async move {
                let _ = over.wait_for(|over| *over).await;
            };
            match each {
                WorkloadTraffic::Own(traffic) => tokio::spawn(traffic.finish(patience)),
                WorkloadTraffic::Driven(driven) => tokio::spawn(driven.finish(clock, patience)),
            }
        };
        let ends: Vec<JoinHandle<Observed>> = each.into_iter().map(end).collect();
        let all = async {
            let mut observed = Vec::with_capacity(ends.len());
            for end in ends {
                observed.push(end.await.unwrap_or(Observed { requests: 0, until: 0 }));
            }
            observed
        };
        tokio::pin!(all);
        let observed = tokio::select! {
            observed = &mut all => observed,
            () = patience => {
                over.send_replace(true);
                all.await
            }
        };
        Finished {
            observed_until: observed.iter().map(|each| each.until).min().unwrap_or(0),
            requests: observed.iter().map(|each| each.requests).sum(),
            by_workload: if observed.len() > 1 { observed.iter().map(|each| each.requests).collect() } else { Vec::new() },
        }
    }
}

#[cfg(test)]
mod tests;
