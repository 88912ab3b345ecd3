//! What the proxies saw at each provider: the drill's own attempts, what others asked, and what the faults touched.

use super::digest::{Digest, Others};
use super::markdown::escaped;
use crate::history::TouchedBy;
use crate::price::of_request;
use crate::units::Money;
use crate::verdict::Verdict;
use std::fmt::Write;

/// Kinds of others' requests that are named.
const NAMED: usize = 3;

/// A row for each provider that was asked anything.
pub(super) fn table(digest: &Digest, verdicts: &[&Verdict], text: &mut String) -> std::fmt::Result {
    let mut names: Vec<&String> = digest.providers.iter().collect();
    names.extend(digest.attempts.keys().chain(digest.others.keys()).filter(|name| !digest.providers.contains(name)));
    names.dedup();
    names.retain(|name| digest.attempts.contains_key(*name) || digest.others.contains_key(*name));
    if !names.is_empty() {
        writeln!(
            text,
            "\n| provider | attempts of the drill | answered whole | cost at list prices, at most | others |\n|---|---|---|---|---|"
        )?;
    }
    for name in &names {
        let (attempts, whole) = digest.attempts.get(*name).copied().unwrap_or_default();
        let cost = cost(digest, name).map(|cost| format!("{cost:.4}")).unwrap_or_default();
        let others = digest.others.get(*name).map(told).unwrap_or_default();
        writeln!(text, "| {} | {attempts} | {whole} | {cost} | {others} |", escaped(name))?;
    }
    if !names.is_empty() {
        writeln!(
            text,
            "\nAs the proxies saw it. Others are requests without the drill's mark, such as a gateway's own health checks; they count for nothing else here."
        )?;
    }
    for (provider, [connections, up, down]) in &digest.carried {
        writeln!(text, "The proxy before {provider} sees bytes only: {connections} connections, {up} bytes sent and {down} received.")?;
    }
    for verdict in verdicts {
        dispatched(verdict, text)?;
    }
    Ok(())
}

/// How often a request was asked of a provider, and how often one was reached: two numbers.
fn dispatched(verdict: &Verdict, text: &mut String) -> std::fmt::Result {
    let Some(measures) = &verdict.measures else { return Ok(()) };
    let (Some(dispatched), due @ 1..) = (measures.dispatched, verdict.evidence.during_fault) else { return Ok(()) };
    let each = |count: u64| count as f64 / due as f64;
    writeln!(
        text,
        "While the fault lasted, {due} requests were dispatched {} times as far as the proxies saw it, {:.2} each; {} of these attempts reached a provider, {:.2} each.",
        dispatched.attempts,
        each(dispatched.attempts),
        dispatched.reached,
        each(dispatched.reached)
    )?;
    if dispatched.connections > 0 {
        writeln!(
            text,
            "The fault swallowed {} connections besides (by connection: whose they were, and how many requests they carried, nobody saw).",
            dispatched.connections
        )?;
    }
    Ok(())
}

/// What the answers of a provider cost at most, where its price is known.
fn cost(digest: &Digest, provider: &str) -> Option<Money> {
    let plan = &digest.started.as_ref()?.plan;
    let price = plan.prices.get(provider)?;
    // Which workload it answered is not told here: the dearest counts.
    let each = plan.workloads().into_iter().map(|each| of_request(price, &each.workload.expect));
    let most = each.reduce(|one, other| if one < other { other } else { one })?;
    Some(most.times(digest.billed.get(provider).copied().unwrap_or(0)))
}

/// `37, of these 37 GET /v1/models`.
fn told(others: &Others) -> String {
    let mut kinds: Vec<(&String, &u64)> = others.kinds.iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
    let named: Vec<String> = kinds.iter().take(NAMED).map(|(kind, count)| format!("{count} {}", escaped(kind))).collect();
    if named.is_empty() { others.requests.to_string() } else { format!("{}, of these {}", others.requests, named.join(", ")) }
}

/// A count of what a fault touched, by whose it was: `418: 241 of the drill, 177 of others`.
pub(super) fn touched(total: u64, by: TouchedBy) -> String {
    let known = by.drill + by.others + by.health_checks;
    let rest = total.saturating_sub(known);
    let parts = [(by.drill, "of the drill"), (by.health_checks, "health checks"), (by.others, "of others"), (rest, "by connection")];
    let parts: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, whose)| format!("{count} {whose}")).collect();
    if total == 0 || parts.is_empty() { total.to_string() } else { format!("{total}: {}", parts.join(", ")) }
}
