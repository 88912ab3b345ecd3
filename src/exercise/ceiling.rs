//! What an environment lets a drill cost: today's prices, and whether its ceiling can be kept at all.

use crate::fault::SpendCeiling;
use crate::model::DrillPlan;
use crate::price::{bills, least, price};
use crate::units::Problem;
use std::time::SystemTime;

/// Writes today's prices into a plan.
///
/// # Errors
/// Where the environment has a ceiling and a price is not known, or nothing bounds what is spent; or where a fault is a ceiling on a provider whose
/// price is not known.
pub fn priced(plan: &mut DrillPlan) -> Result<(), Problem> {
    price(plan, SystemTime::now());
    guarded(plan)?;
    counted(plan)?;
    let Some(ceiling) = plan.environment.allow.max_spend else { return Ok(()) };
    let (name, bills) = (&plan.environment_name, bills(plan));
    if bills.iter().any(|bill| bill.unbounded > 0) {
        let problem = "nothing bounds the tokens of a request with the `body:` of its service";
        return Err(Problem::new(format!("the environment `{name}` allows {ceiling}, and {problem}"))
            .hint("give it a bound, for example `max_completion_tokens: 64`"));
    }
    if let Some(bill) = bills.into_iter().find(|bill| bill.most.is_none()) {
        return Err(Problem::new(format!("the environment `{name}` allows {ceiling}, and the price of `{}` is not known", bill.provider))
            .hint("add `price: {input: 2.50 USD, output: 10 USD}` to the provider in the inventory, for a million tokens each"));
    }
    let least = least(plan);
    if least <= ceiling {
        return Ok(());
    }
    let (what, smaller) = if plan.workloads.iter().any(|each| each.workload.script.is_some()) {
        ("what k6 may have in flight at once can cost", ", or lower its `rate:`, `max_in_flight:` or `objectives: deadline`")
    } else {
        ("one request can cost", "")
    };
    Err(Problem::new(format!("the environment `{name}` allows {ceiling}, and {what} {least}, so the drill would stop as it begins"))
        .hint(format!("raise `max_spend` in the inventory to more than that{smaller}")))
}

/// Whether the ceilings that faults put on what a provider may cost can be counted.
fn counted(plan: &DrillPlan) -> Result<(), Problem> {
    let mut ceilings = plan.scenario.timeline.faults.iter().filter(|planned| SpendCeiling::needs_price(&planned.fault));
    ceilings.find(|planned| !plan.prices.contains_key(&planned.on)).map_or(Ok(()), |planned| {
        Err(Problem::new(format!("the price of `{}` is not known, so its `spend-ceiling` could not be counted", planned.on)).hint(
            "add `price: {input: 2.50 USD, output: 10 USD}` to the provider in the inventory, or `input:` and `output:` to the fault",
        ))
    })
}

/// Whether the ceiling of the scenario's own can be kept, where a guard sets one.
fn guarded(plan: &DrillPlan) -> Result<(), Problem> {
    let Some(ceiling) = plan.scenario.spend_above() else { return Ok(()) };
    if let Some(bill) = bills(plan).into_iter().find(|bill| bill.most.is_none()) {
        return Err(Problem::new(format!(
            "`spend_above` of the scenario allows {ceiling}, and the price of `{}` is not known",
            bill.provider
        ))
        .hint("add `price: {input: 2.50 USD, output: 10 USD}` to the provider in the inventory, for a million tokens each"));
    }
    let least = least(plan);
    if least <= ceiling {
        return Ok(());
    }
    let problem = "what may be on its way at once can cost";
    Err(Problem::new(format!(
        "`spend_above` of the scenario allows {ceiling}, and {problem} {least}, so the drill would stop as it begins"
    ))
    .hint("raise `spend_above` of `abort_when`"))
}
