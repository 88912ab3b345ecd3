//! Which failures of providers a drill shows, by its plan.
//!
//! A fault counts where it is on a provider that serves while nothing is wrong, or falls on a standby while such a one is broken: a standby that
//! breaks alone is noticed by nobody. One that takes only a share of the requests, or comes and goes, is a brown-out and no outage.
//!
//! What this file does not do: ask whether the drill was run, or went well.

use super::{DrillPlan, FailureMode, FaultShape, PlannedFault, Provider};
use std::collections::{BTreeMap, BTreeSet};

impl FailureMode {
    /// What a drill by this plan shows, in the order of the words.
    pub fn of_plan(plan: &DrillPlan) -> Vec<Self> {
        let counted = counted(plan);
        let mut modes: BTreeSet<Self> = counted.iter().filter_map(|planned| mode_of(planned)).collect();
        let is_lost = |planned: &&PlannedFault| !planned.fault.is_rotation() && mode_of(planned).is_some_and(Self::needs_another);
        let lost: Vec<&PlannedFault> = counted.into_iter().filter(is_lost).collect();
        if lost.iter().any(|planned| whole_region_is_lost(plan, planned, &lost)) {
            modes.insert(Self::Region);
        }
        let two = |one: &PlannedFault| lost.iter().any(|other| overlap(one, other) && vendor(plan, one) != vendor(plan, other));
        if lost.iter().any(|planned| two(planned)) {
            modes.insert(Self::TwoVendors);
        }
        modes.into_iter().collect()
    }
}

/// The faults that users of its services can notice.
fn counted(plan: &DrillPlan) -> Vec<&PlannedFault> {
    let primaries: BTreeSet<&String> = plan.workloads.iter().flat_map(|each| each.service.primaries()).collect();
    let faults = &plan.scenario.timeline.faults;
    let noticed = |planned: &&PlannedFault| {
        primaries.contains(&planned.on) || faults.iter().any(|other| primaries.contains(&other.on) && overlap(planned, other))
    };
    faults.iter().filter(noticed).collect()
}

/// As what its provider fails. An issuer takes a key from everybody.
fn mode_of(planned: &PlannedFault) -> Option<FailureMode> {
    let mode = planned.fault.mode()?;
    let some = planned.aim.probability.is_some_and(|share| share.get() < 1.0);
    let passing = matches!(planned.aim.shape, FaultShape::Grey | FaultShape::Flap { .. });
    Some(if mode == FailureMode::Outage && (some || passing) { FailureMode::BrownOut } else { mode })
}

fn overlap(one: &PlannedFault, other: &PlannedFault) -> bool {
    one.at < other.at.plus(other.length) && other.at < one.at.plus(one.length)
}

/// True where at some moment of this fault every provider of its region, as far as the plan knows it, is lost.
fn whole_region_is_lost(plan: &DrillPlan, planned: &PlannedFault, lost: &[&PlannedFault]) -> bool {
    let place = |provider: &Provider| provider.region.clone().map(|region| (provider.cloud.clone(), region));
    let Some(here) = plan.providers.get(&planned.on).and_then(place) else { return false };
    let inside: BTreeMap<&String, &Provider> =
        plan.providers.iter().filter(|(_, provider)| place(provider).as_ref() == Some(&here)).collect();
    // When the last of them begins, all of them must still be there.
    let moments = lost.iter().map(|each| each.at).filter(|at| *at >= planned.at && *at < planned.at.plus(planned.length));
    let mut moments = moments.peekable();
    let gone = |name: &String, at| lost.iter().any(|each| each.on == *name && each.at <= at && at < each.at.plus(each.length));
    moments.any(|at| inside.keys().all(|name| gone(name, at)))
}

/// Whose offer the broken provider is.
fn vendor<'p>(plan: &'p DrillPlan, planned: &'p PlannedFault) -> &'p str {
    let name = planned.on.as_str();
    plan.providers.get(name).map_or(name, |provider| provider.vendor(name))
}
