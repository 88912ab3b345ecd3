//! What two drills measured, row by row, each with whether the difference is more than noise.
//!
//! What this file does not do: decide that (`verdict::difference`), or say it in words (`words::difference`).

use super::subject::Subject;
use crate::report::digest::PeriodDigest;
use crate::report::model::{Grade, Quantity, ReportStatus, ReportTable, TableCell, TableRow};
use crate::report::words::difference::{self, ContrastWords};
use crate::report::words::wording::between;
use crate::verdict::{CountOf, Interval, Measures, Outage, counts, percentile_ranks, times};
use hdrhistogram::Histogram;

/// The columns of each table here, where the first is what was measured.
fn columns(first: &'static str) -> Vec<&'static str> {
    vec![first, "A", "B", "more than noise?"]
}

/// A measurement of both drills.
struct Apart {
    what: String,
    key: &'static str,
    first: TableCell,
    second: TableCell,
    words: ContrastWords,
}

impl Apart {
    fn time(what: &str, key: &'static str, first: Option<Interval>, second: Option<Interval>) -> Self {
        let contrast = times(first, second);
        let cell = |interval: Option<Interval>| match interval {
            Some(interval) => TableCell::of(between(interval), Some(interval.into())),
            None => "not measured".into(),
        };
        let words = difference::of_times(contrast, first.zip(second));
        Self { what: what.to_owned(), key, first: cell(first), second: cell(second), words }
    }

    fn count(what: &str, key: &'static str, first: CountOf, second: CountOf) -> Self {
        let (contrast, chance) = counts(first, second);
        let cell = |count: CountOf| TableCell::of(difference::share(count), Some(Quantity::Count(count.count)));
        let words = difference::of_counts(contrast, chance);
        Self { what: what.to_owned(), key, first: cell(first), second: cell(second), words }
    }

    fn row(self) -> TableRow {
        let cells = vec![self.what.into(), self.first, self.second, self.words.words.into()];
        TableRow { key: Some(self.key.to_owned()), status: Some(self.words.status), cells }
    }
}

/// Times and counts; `None` where one of the two measured nothing.
pub(in crate::report) fn measured(first: &Subject<'_>, second: &Subject<'_>) -> Option<ReportTable> {
    let (one, other) = (first.verdict.measures.as_ref()?, second.verdict.measures.as_ref()?);
    let of = |subject: &Subject<'_>, count: u64| CountOf::new(count, subject.verdict.evidence.during_fault);
    let count = |what: &str, key: &'static str, pick: &dyn Fn(&Measures) -> u64| {
        Apart::count(what, key, of(first, pick(one)), of(second, pick(other)))
    };
    let mut rows = Vec::new();
    // Where nobody is known to have served, no time of a standby says anything.
    if one.cutover.hi.is_some() || other.cutover.hi.is_some() {
        rows.push(Apart::time("cutover, after the fault", "cutover", Some(one.cutover), Some(other.cutover)));
    }
    rows.push(Apart::time("service good again, after the fault", "restore", Some(one.restore), Some(other.restore)));
    if one.failback.is_some() || other.failback.is_some() {
        rows.push(Apart::time("failback, after the heal", "failback", one.failback, other.failback));
    }
    let (ours, theirs) = (outage(one.outage), outage(other.outage));
    let words = difference::of_percentiles(times(Some(ours), Some(theirs)), Some((ours, theirs)));
    rows.push(Apart { words, ..Apart::time("without good service in all", "outage", Some(ours), Some(theirs)) });
    rows.push(count("bad during the fault", "bad", &|measures| measures.bad));
    rows.push(count("lost during the fault", "lost", &|measures| measures.lost));
    rows.push(count("late during the fault", "late", &|measures| measures.late));
    if one.duplicates.is_some() && other.duplicates.is_some() {
        rows.push(count("executed more than once", "duplicates", &|measures| measures.duplicates.unwrap_or(0)));
    }
    rows.extend(rescued(one, other));
    Some(ReportTable { columns: columns("what"), rows: rows.into_iter().map(Apart::row).collect() })
}

/// The time in which users were without good service, as an interval.
fn outage(outage: Outage) -> Interval {
    Interval { lo: outage.lo.0, hi: outage.hi.map(|hi| hi.0) }
}

/// Requests that were served only after a broken provider had been asked. Of some that may not be known, so that only what is left of a difference
/// then counts.
fn rescued(one: &Measures, other: &Measures) -> Option<Apart> {
    let (first, second) = (one.rescued.as_ref()?, other.rescued.as_ref()?);
    let nearest = |least: u64, most: u64, wanted: u64| wanted.clamp(least, most.max(least));
    // The counts within both ranges that differ least, as shares.
    let scaled = |count: u64, of: u64, to: u64| if of == 0 { 0 } else { (u128::from(count) * u128::from(to) / u128::from(of)) as u64 };
    let near = nearest(second.requests, second.at_most, scaled(first.requests, first.of, second.of));
    let back = nearest(first.requests, first.at_most, scaled(near, second.of, first.of));
    let near = nearest(second.requests, second.at_most, scaled(back, first.of, second.of));
    let told = Apart::count("rescued", "rescued", CountOf::new(back, first.of), CountOf::new(near, second.of));
    let cell = |requests: u64, at_most: u64, of: u64| {
        let least = difference::share(CountOf::new(requests, of));
        let text = if at_most > requests { format!("{least}, perhaps {}", crate::units::grouped(at_most)) } else { least };
        TableCell::of(text, Some(Quantity::Count(requests)))
    };
    // To be rescued is neither good nor bad: it is better than to be lost, and worse than not to have asked the dead one.
    let words = ContrastWords { status: ReportStatus { grade: Grade::Neutral, ..told.words.status }, words: told.words.words };
    let ours = cell(first.requests, first.at_most, first.of);
    let theirs = cell(second.requests, second.at_most, second.of);
    Some(Apart { what: told.what, key: told.key, first: ours, second: theirs, words })
}

/// Percentiles of latency before, during and after the fault; `None` where nothing was answered in one of the two.
pub(in crate::report) fn latencies(first: &Subject<'_>, second: &Subject<'_>) -> Option<ReportTable> {
    let parts = [(0, "before the fault"), (2, "during the fault"), (3, "after the heal")];
    let mut rows = Vec::new();
    for (place, part) in parts {
        let period = |subject: &Subject<'_>| subject.workload.periods[place].clone();
        let (one, other): (PeriodDigest, PeriodDigest) = (period(first), period(second));
        if one.latency_ms.is_empty() && other.latency_ms.is_empty() {
            continue;
        }
        for (quantile, name, key) in [(0.5, "p50", "p50"), (0.95, "p95", "p95"), (0.99, "p99", "p99")] {
            let (one, other) = (percentile(&one.latency_ms, quantile), percentile(&other.latency_ms, quantile));
            let contrast = times(one, other);
            let cell = |interval: Option<Interval>| match interval {
                Some(interval) => TableCell::of(difference::percentile(interval), Some(interval.into())),
                None => "too few".into(),
            };
            let words = difference::of_percentiles(contrast, one.zip(other));
            rows.push(Apart { what: format!("{name} {part}"), key, first: cell(one), second: cell(other), words }.row());
        }
    }
    (!rows.is_empty()).then(|| ReportTable { columns: columns("latency"), rows })
}

/// Between which lengths of time a percentile lies, as far as so many values tell and as finely as the histogram keeps them.
fn percentile(latency_ms: &Histogram<u64>, quantile: f64) -> Option<Interval> {
    let (lower, upper) = percentile_ranks(latency_ms.len(), quantile);
    let at = |rank: u64| {
        let mut seen = 0;
        let found = latency_ms.iter_recorded().find(|step| {
            seen += step.count_since_last_iteration();
            seen >= rank
        });
        found.map(|step| step.value_iterated_to())
    };
    let ns = |ms: u64| i64::try_from(ms.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    let lo = lower.and_then(at).map(|ms| ns(latency_ms.lowest_equivalent(ms)))?;
    let hi = upper.and_then(at).map(|ms| ns(latency_ms.highest_equivalent(ms).saturating_add(1)));
    Some(Interval { lo, hi })
}
