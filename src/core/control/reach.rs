//! What a drill over a plain Toxiproxy can show, and what it asks for that such a server cannot do: known before anything is sent.

use super::plain::{self, Means, means};
use crate::model::{Action, DrillPlan, Gate, Goal, NamedWorkload, origin_and_path};
use crate::units::Problem;

/// The faults that it can play, as they are written.
const FAULTS: &str = "refuse, blackhole, reset, latency and bandwidth";

/// What a drill shows where nobody tells who served, in a sentence for people.
pub fn shows(plan: &DrillPlan) -> String {
    let promised = plan.workloads.iter().any(|each| each.judged && each.objectives.gate != Gate::Restore);
    let instead =
        if promised { ", not by the cutover that was promised; write `gate: restore` under `objectives` to promise that" } else { "" };
    format!(
        "who served is not seen there: the drill is judged by when users were served by anyone (`gate: restore`){instead}; that the fault took effect is taken from \
         requests that fail or are slow"
    )
}

/// What the plan asks for that a plain Toxiproxy cannot do or show, a line each.
pub fn beyond(plan: &DrillPlan) -> Vec<String> {
    let mut found = faults(plan);
    found.extend(proxies(plan));
    found.extend(plan.workloads.iter().filter(|each| each.judged).flat_map(promises));
    let Some(runbook) = &plan.runbook else { return found };
    if runbook.awaited().any(|goal| matches!(goal, Goal::ServedBy { .. })) {
        found.push("the runbook waits for `served_by`, which is not seen there; wait for `succeeds`, `success` or `latency`".into());
    }
    if runbook.awaited().any(|goal| matches!(goal, Goal::Spend(_))) {
        found.push("the runbook waits for a `spend`, and it is not seen there what answers cost; wait for an `alert`".into());
    }
    if runbook.steps.iter().any(|step| matches!(step.action, Action::Canary(_))) {
        found.push("the runbook compares a canary with the rest, and it is not seen there who served which request".into());
    }
    found
}

/// The same as one error; `None` where it can do all of it.
pub fn unable(plan: &DrillPlan, url: &str) -> Option<Problem> {
    let beyond = beyond(plan);
    (!beyond.is_empty()).then(|| {
        let what = beyond.join("\n  ");
        Problem::new(format!("the plain Toxiproxy at {url} cannot do what this drill asks for:\n  {what}")).hint(
            "change that, or let `lifeboat proxy` listen there instead (it answers Toxiproxy's clients, and can); without `control:` the \
             environment has a proxy embedded",
        )
    })
}

fn faults(plan: &DrillPlan) -> Vec<String> {
    let mut found = Vec::new();
    for planned in &plan.scenario.timeline.faults {
        let (fault, on) = (&planned.fault, &planned.on);
        if fault.of_credential().is_some() {
            found.push(format!("`{fault}` on {on} is judged by which requests carry which key, which is not seen there"));
        } else if means(fault) == Means::None {
            found.push(format!("`{fault}` on {on} needs a proxy that reads requests, and this one sees only bytes; it has {FAULTS}"));
        } else if matches!(means(fault), Means::Toxics(effect, _) if !plain::is_whole(&effect)) {
            found.push(format!("`{fault}` on {on} has fractions of a millisecond or a kB/s, and it accepts only whole ones"));
        } else if !planned.aim.is_everything() {
            found.push(format!("`{fault}{}` on {on} is for some requests only, which it cannot tell apart", planned.aim));
        }
    }
    found
}

fn proxies(plan: &DrillPlan) -> Vec<String> {
    let mut found = Vec::new();
    for (name, provider) in &plan.providers {
        let place = plan.environment.proxies.get(name);
        if place.is_some_and(|place| place.tls) {
            found.push(format!("the proxy in front of {name} must speak TLS (`tls: true`), and it cannot"));
        }
        if place.is_some_and(|place| !place.hosts.is_empty()) {
            found.push(format!("the proxy in front of {name} must answer for other hosts (`hosts:`), and it is not a forward proxy"));
        }
        let upstream = provider.base_url.as_deref().filter(|_| !plan.environment.embedded).map(|url| origin_and_path(url).0);
        if let Some(origin) = upstream.filter(|origin| plain::address(origin, provider.dialect).is_none()) {
            found.push(format!("{name} needs TLS ({origin}), and it cannot speak TLS"));
        }
    }
    found
}

/// Promises that are about who served.
fn promises(named: &NamedWorkload) -> Vec<String> {
    let objectives = &named.objectives;
    let each = [
        ("failback", objectives.failback.is_some()),
        ("duplicates", objectives.duplicates.is_some()),
        ("overshoot", objectives.overshoot.is_some()),
        ("rescued", objectives.rescued.is_some()),
        ("capacity", objectives.capacity.is_some() && named.workload.steps.is_some()),
    ];
    let promised = each.iter().filter(|(_, promised)| *promised);
    promised.map(|(name, _)| format!("the objective `{name}` of {} is about who served, which is not seen there", named.name)).collect()
}
