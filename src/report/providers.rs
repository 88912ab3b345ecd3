//! What the proxies saw at each provider: the drill's own attempts, what others asked, and what the faults touched.

use super::digest::{Digest, Others};
use super::markdown::escaped;
use crate::history::TouchedBy;
use crate::price::most_tokens;
use crate::units::{Money, counted, grouped};
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
            "\n| provider | attempts by the drill | answered completely | cost at list prices, at most | other requests |\n|---|---|---|---|---|"
        )?;
    }
    for name in &names {
        let (attempts, whole) = digest.attempts.get(*name).copied().unwrap_or_default();
        let cost = cost(digest, name).map(|cost| format!("{cost:.2}")).unwrap_or_default();
        let others = digest.others.get(*name).map(told).unwrap_or_default();
        writeln!(text, "| {} | {} | {} | {cost} | {others} |", escaped(name), grouped(attempts), grouped(whole))?;
    }
    if !names.is_empty() {
        writeln!(
            text,
            "\nAs the proxies saw it. Other requests are those without the drill's mark, such as a gateway's own health checks; they count nowhere else in this report."
        )?;
    }
    for (provider, [connections, up, down]) in &digest.carried {
        let (connections, up, down) = (counted(*connections, "connection"), counted(*up, "byte"), grouped(*down));
        writeln!(text, "The proxy in front of {provider} sees only bytes: {connections}, {up} sent and {down} received.")?;
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
        "During the fault the proxies saw {} for {}, {:.2} each; {} of these attempts reached a provider, {:.2} each.",
        counted(dispatched.attempts, "attempt"),
        counted(due, "request"),
        each(dispatched.attempts),
        grouped(dispatched.reached),
        each(dispatched.reached)
    )?;
    if dispatched.connections > 0 {
        writeln!(
            text,
            "The fault also swallowed {}; who opened them and how many requests they carried was not seen.",
            counted(dispatched.connections, "connection")
        )?;
    }
    Ok(())
}

/// What the answers of a provider cost at most, where its price is known.
fn cost(digest: &Digest, provider: &str) -> Option<Money> {
    let plan = &digest.started.as_ref()?.plan;
    let price = plan.prices.get(provider)?;
    // Which workload it answered is not told here: the dearest counts, and nothing where one of them may cost anything.
    let each = plan.workloads.iter().map(|each| most_tokens(each, plan).map(|most| price.of(most.input, most.output)));
    let most = each.collect::<Option<Vec<Money>>>()?.into_iter().max()?;
    Some(most.times(digest.billed.get(provider).copied().unwrap_or(0)))
}

/// `37 (all GET /v1/models)`, `37 (30 GET /v1/models, 7 GET /)`.
fn told(others: &Others) -> String {
    let mut kinds: Vec<(&String, &u64)> = others.kinds.iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
    let all = grouped(others.requests);
    match kinds.as_slice() {
        [] => all,
        [(kind, count)] if **count == others.requests => format!("{all} (all {})", escaped(kind)),
        kinds => {
            let named: Vec<String> =
                kinds.iter().take(NAMED).map(|(kind, count)| format!("{} {}", grouped(**count), escaped(kind))).collect();
            format!("{all} ({})", named.join(", "))
        }
    }
}

/// A count of what a fault touched, by whose it was: `418 (241 by the drill, 177 by others)`, `400 (all by the drill)`.
pub(super) fn touched(total: u64, by: TouchedBy) -> String {
    let known = by.drill + by.others + by.health_checks;
    let rest = total.saturating_sub(known);
    let parts = [(by.drill, "by the drill"), (by.health_checks, "health checks"), (by.others, "by others"), (rest, "connections")];
    let parts: Vec<(u64, &str)> = parts.into_iter().filter(|(count, _)| *count > 0).collect();
    match parts.as_slice() {
        // What is revoked goes on to touch after it was counted.
        _ if known > total => grouped(total),
        [] => grouped(total),
        [(count, whose)] if *count == total => format!("{} (all {whose})", grouped(total)),
        several => {
            let several: Vec<String> = several.iter().map(|(count, whose)| format!("{} {whose}", grouped(*count))).collect();
            format!("{} ({})", grouped(total), several.join(", "))
        }
    }
}
