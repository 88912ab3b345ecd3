//! What was sent and what became of it, by when it was due; and what the proxies saw of it.

use super::providers;
use super::subject::Subject;
use crate::model::{NamedWorkload, SloOn};
use crate::report::digest::{Digest, PeriodDigest, WorkloadDigest};
use crate::report::model::{Block, Paragraph, Quantity, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::units::{counted, grouped};
use crate::verdict::Verdict;

/// How many different troubles are told.
const TROUBLES: usize = 8;

/// The section about all that was sent.
pub(in crate::report) fn section(verdict: &Verdict, digest: &Digest, subjects: &[Subject<'_>]) -> Section {
    let mut section = Section::new(SectionKind::Traffic, "Traffic");
    for flow in &digest.flows {
        match flow.named.as_ref().filter(|_| digest.has_several_workloads()) {
            Some(named) => section.blocks.push(Block::Section(workload(named, flow))),
            None => section.blocks.extend(blocks(flow, verdict.evidence.requests)),
        }
    }
    providers::tell(digest, subjects, &mut section.blocks);
    section
}

fn workload(named: &NamedWorkload, flow: &WorkloadDigest) -> Section {
    let load = if named.judged { "" } else { ", load only" };
    let title = Text::outside(&named.name).then(" to ").then(Text::outside(&named.service_name)).then(load);
    let (about, blocks) = (Some(named.name.clone()), blocks(flow, flow.requests));
    Section { about, blocks, ..Section::new(SectionKind::Traffic, title) }
}

/// What one workload sent, and what became of it.
fn blocks(flow: &WorkloadDigest, requests: u64) -> Vec<Block> {
    let sent = flow.named.as_ref().map(|named| Block::from(Paragraph::plain(sent(named, requests))));
    let mut told = Paragraph::plain("Latency runs from when a request was due to its first content; only answered requests count.");
    told.lines.extend(lag(flow));
    told.lines.extend(troubles(flow));
    sent.into_iter().chain([Block::Table(outcomes(flow)), told.into()]).collect()
}

/// What was sent, and what counts as a good answer.
fn sent(named: &NamedWorkload, requests: u64) -> Text {
    let (workload, objectives) = (&named.workload, &named.objectives);
    let what = match &workload.script {
        Some(script) => Text::own("sent by k6 with ").then(Text::outside(script)),
        None => format!("of the kind {}", workload.request).into(),
    };
    let good = format!(
        " at {}, {} arrivals, open model. Good means: {}, {} within {} from when it was due, and the end of it within {}.",
        workload.pace(),
        workload.arrivals,
        if workload.script.is_some() { "accepted by the script" } else { "a complete answer with its canary in it" },
        if objectives.slo_on == SloOn::Proof { "the first token" } else { "the whole answer" },
        objectives.slo,
        objectives.deadline
    );
    Text::own(format!("{} ", counted(requests, "request"))).then(what).then(good)
}

/// How requests ended and how long they took, by the part of the drill in which they were due.
fn outcomes(flow: &WorkloadDigest) -> ReportTable {
    let columns = vec!["when due", "ok", "late", "error", "timeout", "truncated", "unknown", "p50", "p95", "p99"];
    let names = ["before the fault", "in flight when it began", "during the fault", "after the heal"];
    let row = |(name, period): (&str, &PeriodDigest)| {
        let counts = columns[1..7].iter().map(|word| TableCell::count(period.outcomes.get(word).copied().unwrap_or(0)));
        let latencies = [0.5, 0.95, 0.99].map(|quantile| latency(period, quantile));
        TableRow { cells: [name.into()].into_iter().chain(counts).chain(latencies).collect(), ..TableRow::default() }
    };
    let rows = names.into_iter().zip(&flow.periods).map(row).collect();
    ReportTable { columns, rows }
}

fn latency(period: &PeriodDigest, quantile: f64) -> TableCell {
    if period.latency_ms.is_empty() {
        return "".into();
    }
    let ms = period.latency_ms.value_at_quantile(quantile);
    let ns = i64::try_from(ms.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    TableCell::of(format!("{} ms", grouped(ms)), Some(Quantity::Nanoseconds(ns)))
}

/// How late the load generator itself was.
fn lag(flow: &WorkloadDigest) -> Option<Text> {
    let late = &flow.late_ms;
    let ms = |quantile: f64| late.value_at_quantile(quantile) as f64 / 1e3;
    let told = || {
        format!(
            "The load generator sent requests {:.2} ms late at the median, {:.2} ms at the 99th percentile, {:.2} ms at most.",
            ms(0.5),
            ms(0.99),
            late.max() as f64 / 1e3
        )
    };
    // Of what others recorded it is not known when requests were due.
    (!late.is_empty() && flow.named.is_some()).then(|| told().into())
}

/// What went wrong, the most frequent first.
fn troubles(flow: &WorkloadDigest) -> Option<Text> {
    let mut why: Vec<_> = flow.why.iter().collect();
    why.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), (*word).clone()));
    let mut told = Text::own("What went wrong: ");
    for (place, (word, count)) in why.iter().take(TROUBLES).enumerate() {
        let pause = if place == 0 { "" } else { ", " };
        told = told.then(format!("{pause}{} × ", grouped(**count))).then(Text::outside(word));
    }
    (!why.is_empty()).then(|| told.then("."))
}
