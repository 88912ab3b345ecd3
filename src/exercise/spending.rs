//! What a drill may cost, and where it writes keys, in words: for its plan, and for whoever is asked to agree.

use crate::model::DrillPlan;
use crate::price::{Bill, bills, bills_before};

/// What each provider could ask for, at the most.
pub fn most_spent(plan: &DrillPlan) -> String {
    let each: Vec<String> = bills(plan).iter().map(bill_told).collect();
    let ceiling = plan.environment.allow.max_spend.map(|ceiling| format!("; stops at {ceiling}")).unwrap_or_default();
    let free = if plan.is_paid() { "up to" } else { "nothing; at list prices up to" };
    format!("{free} {}{ceiling}", each.join(", "))
}

/// What is tried before a drill could cost with each provider.
pub fn most_spent_before(plan: &DrillPlan) -> String {
    bills_before(plan).iter().map(bill_told).collect::<Vec<_>>().join(", ")
}

/// One provider's bill, at the most.
pub fn bill_told(bill: &Bill) -> String {
    let most = match bill.most {
        Some(most) => format!("{most:.2} with {}", bill.provider),
        None => format!("an unknown price with {}", bill.provider),
    };
    match bill.unbounded {
        0 => most,
        count => format!("{most}, and the cost of {count} requests, which is not known (set `max_tokens:` of the traffic)"),
    }
}

/// The stores that a drill writes keys into, and what becomes of what they hold; `None` where it writes into none.
pub fn keys_written(plan: &DrillPlan) -> Option<String> {
    let places: Vec<String> = plan.written().iter().map(ToString::to_string).collect();
    let after =
        if plan.environment.embedded { "what is there now is saved, and restored at the end" } else { "for good: the new key stays" };
    (!places.is_empty()).then(|| format!("{} ({after})", places.join(", ")))
}
