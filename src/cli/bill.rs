//! What drills may cost: asked about where somebody will send a bill.

use super::{ask, say};
use crate::exercise::bill_told;
use crate::model::DrillPlan;
use crate::price::{Bill, bills, bills_before};
use crate::units::Money;

/// Whether somebody who pays wants all of these drills, each so many times.
pub(super) fn agreed<'p>(plans: impl Iterator<Item = &'p DrillPlan>, times: u32) -> bool {
    agreed_of(plans, times, bills)
}

/// Whether somebody who pays wants what is tried before a drill.
pub(super) fn agreed_before(plan: &DrillPlan) -> bool {
    agreed_of(std::iter::once(plan), 1, bills_before)
}

fn agreed_of<'p>(plans: impl Iterator<Item = &'p DrillPlan>, times: u32, bills: fn(&DrillPlan) -> Vec<Bill>) -> bool {
    let mut total = Money::ZERO;
    let mut lines = String::new();
    for plan in plans.filter(|plan| plan.is_paid()) {
        let (bills, ceiling) = (bills(plan), plan.environment.allow.max_spend);
        let most = bills.iter().filter_map(|bill| bill.most).fold(Money::ZERO, Money::plus);
        total = total.plus(ceiling.map_or(most, |ceiling| most.min(ceiling)));
        lines += &format!("\n  {}\n", plan.scenario.title);
        bills.iter().for_each(|bill| lines += &format!("    up to {}\n", bill_told(bill)));
        ceiling.into_iter().for_each(|ceiling| lines += &format!("    stops at {ceiling}\n"));
    }
    say(&format!("real providers will be used, and will send a bill\n{lines}"));
    ask::yes_or_no(&format!("Spend {:.2} at most?", total.times(u64::from(times))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    /// A shipped drill of a service with this binding.
    fn bound(binding: &str) -> DrillPlan {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let planned = Project::open(root).0.plan(&root.join("scenarios/azure-outage.yaml"), "lab");
        let (mut plan, _) = planned.unwrap_or_else(|findings| panic!("{findings}"));
        let binding = serde_json::from_str(binding).unwrap_or_else(|error| panic!("{error}"));
        plan.environment.services.insert(plan.workloads[0].service_name.clone(), binding);
        plan
    }

    #[test]
    fn what_is_asked_before_a_drill_is_in_its_bill() {
        let url = r#""url": "http://127.0.0.1:1/v1""#;
        for (more, ways) in [
            ("", 1),
            (r#", "replicas": ["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", "http://127.0.0.1:3/v1"]"#, 3),
            (r#", "replicas": ["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"], "keys_from": ["A", "B", "C", "D"]"#, 4),
        ] {
            let plan = bound(&format!("{{{url}{more}}}"));
            let (all, before) = (bills(&plan), bills_before(&plan));
            assert!(before.iter().all(|bill| bill.requests == 4 * ways), "{more}: {before:?}");
            let traffic = plan.requests_of(&plan.workloads.leading().workload);
            assert!(all.iter().zip(&before).all(|(all, before)| all.requests == traffic + before.requests), "{more}: {all:?}");
        }
    }
}
