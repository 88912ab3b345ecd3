//! Whether this machine lets a drill open the files that it needs: at the limit requests wait for each other, and what is measured is the limit.
//!
//! Beforehand only what is sure to be needed is asked for: as many requests as come while one of them waits for a provider that has fallen
//! silent, and for each a socket on every hop that is in this process. Whatever goes beyond that shows while the drill runs, and ends it: a
//! request that found no file, a connection that waited at the fault proxy.

use super::DrillStop;
use crate::history::Live;
use crate::model::{DrillPlan, NamedWorkload};

/// Files for everything else: the history, listeners, pooled connections to the control API, the runtime's own.
const FIXED: u64 = 64;
/// The word for a request that found no file; see the room `traffic`.
const NO_FREE_FILE: &str = "no-free-file";

/// An error where the limit on open files is lower than what the drill is sure to need.
pub(super) fn enough(plan: &DrillPlan) -> Result<(), DrillStop> {
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = needed(plan);
    if needed <= allowed {
        return Ok(());
    }
    let detail = format!(
        "this drill needs some {needed} open files, and {allowed} are allowed: its requests would wait for each other, and what was measured \
         would be this limit"
    );
    Err(DrillStop::environment(detail).with_hint(format!(
        "raise it with `ulimit -n {needed}` (the highest for all but root is `ulimit -Hn`), or send less at once: lower `rate` or \
         `max_in_flight`"
    )))
}

/// The files that a drill is sure to need.
fn needed(plan: &DrillPlan) -> u64 {
    let environment = &plan.environment;
    let gateway = environment.embedded && environment.start.is_none();
    let silent = |named: &NamedWorkload| {
        let patience = if gateway { environment.gateway.try_timeout } else { named.objectives.slo };
        let patience = named.objectives.deadline.min(patience);
        let waiting = (named.workload.rate.as_per_second() * patience.as_secs_f64()).ceil() as u64;
        waiting.min(u64::from(named.workload.max_in_flight))
    };
    let hops = |named: &NamedWorkload| {
        let own = u64::from(named.workload.script.is_none());
        let gateway = if gateway && !environment.services.contains_key(&named.service_name) { 2 } else { 0 };
        let proxy = if environment.control.is_none() { 2 } else { 0 };
        own + gateway + proxy + u64::from(environment.embedded)
    };
    FIXED + plan.workloads.iter().map(|named| silent(named) * hops(named)).sum::<u64>()
}

/// An error where a request found no file, or no port.
pub(super) fn found(live: &Live) -> Result<(), DrillStop> {
    let whys = live.workloads.iter().map(|workload| &workload.why);
    match whys.filter_map(|why| why.get(NO_FREE_FILE)).sum::<u64>() {
        0 => Ok(()),
        count => Err(short(&format!("{count} requests found no free file or port"))),
    }
}

/// That connections have waited at a fault proxy.
pub(super) fn waited(count: u64) -> DrillStop {
    short(&format!("{count} connections waited at the fault proxy, which may open no more files"))
}

fn short(what: &str) -> DrillStop {
    let hint = "raise it there, `ulimit -n 65536`, or send less at once: lower `rate` or `max_in_flight`";
    DrillStop::environment(format!("{what}: what was measured is that limit")).with_hint(hint)
}
