//! Schedules that cannot fill a baseline.

use super::*;
use crate::model::{Arrivals, Workload, Workloads};
use crate::project::Project;

/// A shipped drill with this traffic, whose baseline takes eight seconds.
fn plan(traffic: Workload) -> DrillPlan {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let planned = Project::open(root).0.plan(&root.join("scenarios/azure-outage.yaml"), "lab");
    let (mut plan, _) = planned.unwrap_or_else(|findings| panic!("{findings}"));
    plan.scenario.timeline.baseline = Duration::from_secs(8);
    plan.workloads[0].workload = traffic;
    plan
}

#[test]
fn a_seed_that_draws_too_few_requests_for_the_baseline_is_found_before_anything_starts() {
    let refused = |plan: &DrillPlan| (0..2_000).filter(|seed| filled(plan, Seed(*seed)).is_err()).count();
    let steady = |rate: &str| Workload::steady(rate.parse().unwrap());
    assert_eq!(refused(&plan(steady("2.5/s"))), 0);
    assert_eq!(refused(&plan(steady("2.3/s"))), 2_000);
    // `check` lets a drawn rate pass whose baseline falls short once in a hundred times, and no lower one.
    let drawn = |rate: &str| plan(Workload { arrivals: Arrivals::Poisson, ..steady(rate) });
    let baseline = |plan: &DrillPlan| plan.workloads.leading().workload.requests_least(plan.scenario.timeline.baseline);
    let (least, lower) = (drawn("3.99/s"), drawn("3.5/s"));
    assert_eq!((baseline(&least), baseline(&lower)), (20, 16));
    assert!((4..=36).contains(&refused(&least)), "{} of 2000", refused(&least));
    assert!(refused(&lower) > 60, "{} of 2000", refused(&lower));
    let Some(stop) = (0..).find_map(|seed| filled(&lower, Seed(seed)).err()) else { panic!("one of them is refused") };
    assert!(stop.detail.ends_with("are due in the baseline, and 20 are the least"), "{stop}");
    assert_eq!(stop.hint.as_deref(), Some("write a longer `baseline:`, or a higher rate"));
}

#[test]
fn only_judged_workloads_must_fill_the_baseline() {
    let mut plan = plan(Workload::steady("10/s".parse().unwrap()));
    let leading = plan.workloads.leading().clone();
    let slow = NamedWorkload { workload: Workload::steady("1/s".parse().unwrap()), ..leading.clone() };
    plan.workloads = Workloads::new(vec![leading.clone(), NamedWorkload { judged: false, ..slow.clone() }]).unwrap();
    assert!(filled(&plan, Seed(1)).is_ok());
    plan.workloads = Workloads::new(vec![leading, slow]).unwrap();
    assert!(filled(&plan, Seed(1)).is_err());
}
