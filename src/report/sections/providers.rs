//! What the proxies saw at each provider: the drill's own attempts, what others asked, and what the faults touched.

use super::subject::Subject;
use crate::history::TouchedBy;
use crate::price::most_tokens;
use crate::report::digest::{Digest, Others};
use crate::report::model::{Block, Paragraph, ParagraphKind, ReportTable, TableCell, TableRow, Text};
use crate::units::{Money, counted, grouped};
use crate::verdict::Verdict;

/// Kinds of others' requests that are named.
const NAMED: usize = 3;

/// Tells it below what stands there already: a row for each provider that was asked anything, and what no row can tell.
pub(in crate::report) fn tell(digest: &Digest, subjects: &[Subject<'_>], blocks: &mut Vec<Block>) {
    let table = table(digest);
    let mut lines: Vec<Text> = Vec::new();
    if let Some(table) = table {
        blocks.push(table.into());
        lines.extend(digest.started.as_ref().map(|_| Text::own("As the proxies saw it. Other requests are those without the drill's mark, such as a gateway's own health checks; they count nowhere else in this report.")));
    } else if let Some(Block::Paragraph(paragraph)) = blocks.pop_if(|block| matches!(block, Block::Paragraph(_))) {
        lines = paragraph.lines;
    }
    for (provider, [connections, up, down]) in digest.carried.iter() {
        let (connections, up, down) = (counted(*connections, "connection"), counted(*up, "byte"), grouped(*down));
        lines.push(format!("The proxy in front of {provider} sees only bytes: {connections}, {up} sent and {down} received.").into());
    }
    lines.extend(subjects.iter().flat_map(|subject| dispatched(subject.verdict)));
    if !lines.is_empty() {
        blocks.push(Paragraph { kind: ParagraphKind::Plain, lines }.into());
    }
}

fn table(digest: &Digest) -> Option<ReportTable> {
    let mut names: Vec<&String> = digest.providers.iter().collect();
    names.extend(digest.attempts.keys().chain(digest.others.keys()).filter(|name| !digest.providers.contains(name)));
    names.dedup();
    names.retain(|name| digest.attempts.contains_key(name) || digest.others.contains_key(name));
    // What others recorded tells of no drill, no prices and nobody else.
    if digest.started.is_none() {
        let row = |name: &String| {
            let (attempts, whole) = digest.attempts.get(name).copied().unwrap_or_default();
            TableRow::of([Text::outside(name).into(), TableCell::count(attempts), TableCell::count(whole)])
        };
        let columns = vec!["provider, as recorded", "requests", "answered completely"];
        return (!names.is_empty()).then(|| ReportTable { columns, rows: names.into_iter().map(row).collect() });
    }
    let row = |name: &String| {
        let (attempts, whole) = digest.attempts.get(name).copied().unwrap_or_default();
        let cost = cost(digest, name).map(|cost| format!("{cost:.2}")).unwrap_or_default();
        let others = digest.others.get(name).map(told).unwrap_or_default();
        TableRow::of([Text::outside(name).into(), TableCell::count(attempts), TableCell::count(whole), cost.into(), others.into()])
    };
    let columns = vec!["provider", "attempts by the drill", "answered completely", "cost at list prices, at most", "other requests"];
    (!names.is_empty()).then(|| ReportTable { columns, rows: names.into_iter().map(row).collect() })
}

/// How often a request was asked of a provider, and how often one was reached: two numbers.
fn dispatched(verdict: &Verdict) -> Vec<Text> {
    let measures = verdict.measures.as_ref();
    let (Some(dispatched), due @ 1..) = (measures.and_then(|measures| measures.dispatched), verdict.evidence.during_fault) else {
        return Vec::new();
    };
    let each = |count: u64| count as f64 / due as f64;
    let mut lines = vec![Text::own(format!(
        "During the fault the proxies saw {} for {}, {:.2} each; {} of these attempts reached a provider, {:.2} each.",
        counted(dispatched.attempts, "attempt"),
        counted(due, "request"),
        each(dispatched.attempts),
        grouped(dispatched.reached),
        each(dispatched.reached)
    ))];
    if dispatched.connections > 0 {
        lines.push(Text::own(format!(
            "The fault also swallowed {}; who opened them and how many requests they carried was not seen.",
            counted(dispatched.connections, "connection")
        )));
    }
    lines
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
fn told(others: &Others) -> Text {
    let mut kinds: Vec<(&String, &u64)> = others.kinds.iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
    let all = Text::own(grouped(others.requests));
    match kinds.as_slice() {
        [] => all,
        [(kind, count)] if **count == others.requests => all.then(" (all ").then(Text::outside(kind)).then(")"),
        kinds => {
            let mut told = all.then(" (");
            for (place, (kind, count)) in kinds.iter().take(NAMED).enumerate() {
                let pause = if place == 0 { "" } else { ", " };
                told = told.then(format!("{pause}{} ", grouped(**count))).then(Text::outside(kind));
            }
            told.then(")")
        }
    }
}

/// A count of what a fault touched, by whose it was: `418 (241 by the drill, 177 by others)`, `400 (all by the drill)`.
pub(in crate::report) fn touched(total: u64, by: TouchedBy) -> String {
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
