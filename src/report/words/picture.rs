//! The picture of a drill in a few sentences: what somebody takes from it who sees it.
//!
//! What this file does not do: judge. Every number here stands in the picture.

use crate::report::model::{DrillPicture, Grade, PictureSeries, SeriesEnding, SpanKind, Text};
use crate::report::words::wording::seconds_down;
use crate::units::{Duration, counted, grouped};
use std::ops::Range;

/// A part of the drill that the sentences compare with others.
#[derive(Debug, Clone)]
pub(in crate::report) struct PartOfDrill {
    /// When, as the end of a sentence.
    pub(in crate::report) name: &'static str,
    /// The columns that are wholly in it.
    pub(in crate::report) columns: Range<usize>,
    /// The latency that 95 of 100 of its answers did not exceed.
    pub(in crate::report) p95_ns: Option<u64>,
}

/// Two to six sentences.
pub(in crate::report) fn sentences(picture: &DrillPicture, parts: &[PartOfDrill]) -> Vec<Text> {
    let all = [Some(traffic(picture)), faults(picture), served(picture, parts), bad(picture), recovery(picture), latency(parts)];
    all.into_iter().flatten().collect()
}

fn sum(counts: &[u32]) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}

fn traffic(picture: &DrillPicture) -> Text {
    let total: u64 = picture.series.iter().map(|series| sum(&series.counts)).sum();
    let rate = total as f64 / (picture.end_ns.max(1) as f64 / 1e9);
    let rate = match rate {
        ..0.95 => format!("{} a minute", (rate * 60.0).round() as u64),
        0.95..9.5 => format!("{rate:.1} a second"),
        _ => format!("{} a second", grouped(rate.round() as u64)),
    };
    let whose = picture.about.as_ref().map_or_else(Text::default, |name| Text::own(" of ").then(Text::outside(name)));
    Text::own(counted(total, "request")).then(whose).then(format!(" in {}, about {rate}.", rounded(picture.end_ns)))
}

/// A length to a tenth of a second, and to a second above two minutes.
fn rounded(ns: u64) -> String {
    let step: u64 = if ns < 120_000_000_000 { 100_000_000 } else { 1_000_000_000 };
    Duration::from_nanos((ns + step / 2) / step * step).to_string()
}

fn faults(picture: &DrillPicture) -> Option<Text> {
    let faults: Vec<_> = picture.spans.iter().filter(|span| span.kind == SpanKind::Fault).collect();
    let first = faults.first()?;
    let from = faults.iter().map(|span| span.from_ns).min()?;
    let until = faults.iter().map(|span| span.until_ns).max().flatten().filter(|_| faults.iter().all(|span| span.until_ns.is_some()));
    let when = match until.filter(|until| *until < picture.end_ns) {
        Some(until) => format!(" lasted from {} to {} of the traffic.", rounded(from), rounded(until)),
        None => format!(" lasted from {} of the traffic to its end.", rounded(from)),
    };
    let rotates = picture.cutover.as_ref().is_some_and(|cutover| cutover.word == "new key");
    Some(match faults.len() {
        1 => Text::own(if rotates { "The rotation, " } else { "The fault, " }).then(first.name.clone()).then(",").then(when),
        count => Text::own(format!("{count} faults, the first of them ")).then(first.name.clone()).then(",").then(when),
    })
}

/// Who served most, in each part of the drill.
fn served(picture: &DrillPicture, parts: &[PartOfDrill]) -> Option<Text> {
    let named = |series: &&PictureSeries| matches!(series.ending, SeriesEnding::Provider(_));
    let told = |part: &PartOfDrill| -> Option<Text> {
        let count = |series: &PictureSeries| sum(&series.counts[part.columns.clone()]);
        let total: u64 = picture.series.iter().map(count).sum();
        let (most, by) = picture.series.iter().filter(named).map(|series| (count(series), series)).max_by_key(|(count, _)| *count)?;
        let of = format!("{} of {}", grouped(most), grouped(total));
        (most > 0).then(|| Text::outside(&by.name).then(format!(" served {of} {}", part.name)))
    };
    let told: Vec<Text> = parts.iter().filter_map(told).collect();
    let (first, rest) = told.split_first()?;
    Some(rest.iter().fold(first.clone(), |all, next| all.then("; ").then(next.clone())).then("."))
}

/// How many were not good, and between which columns.
fn bad(picture: &DrillPicture) -> Option<Text> {
    let bad: Vec<&PictureSeries> = picture.series.iter().filter(|series| series.grade != Grade::Good).collect();
    let kinds: Vec<String> = bad.iter().map(|series| format!("{} {}", grouped(sum(&series.counts)), series.name)).collect();
    let hurt = |column: usize| bad.iter().any(|series| series.counts[column] > 0);
    let mut columns = (0..picture.columns).filter(|column| hurt(*column));
    let Some(first) = columns.next() else { return Some("No request was bad.".into()) };
    let last = columns.next_back().unwrap_or(first);
    let from = rounded(first as u64 * picture.column_ns);
    let until = rounded(((last + 1) as u64 * picture.column_ns).min(picture.end_ns));
    let total: u64 = bad.iter().map(|series| sum(&series.counts)).sum();
    let were = if total == 1 { "was" } else { "were" };
    Some(
        format!("{} {were} not good ({}), due between {from} and {until} of the traffic.", counted(total, "request"), kinds.join(", "))
            .into(),
    )
}

/// The interval against the objective, where both are drawn.
fn recovery(picture: &DrillPicture) -> Option<Text> {
    let (cutover, objective) = (picture.cutover.as_ref()?, picture.objective.as_ref()?);
    let lies = match (cutover.grade, cutover.between.hi_ns) {
        (Grade::Good, Some(_)) => "lies before",
        (Grade::Bad, Some(_)) => "lies beyond",
        (Grade::Bad, None) => return Some(format!("No {} was proven by the line of the {}.", cutover.word, objective.label).into()),
        _ => return None,
    };
    Some(format!("Counted from the fault, the {} {lies} the line of the {}.", cutover.label, objective.label).into())
}

/// How long answers took, where the parts can be compared.
fn latency(parts: &[PartOfDrill]) -> Option<Text> {
    let told = |part: &PartOfDrill| Some(format!("{} {}", took(part.p95_ns?), part.name));
    let told: Vec<String> = parts.iter().filter_map(told).collect();
    (told.len() > 1).then(|| format!("95 of 100 answers came within {}.", told.join(", ")).into())
}

/// A latency from a bucket: no finer than the bucket is.
fn took(ns: u64) -> String {
    match ns {
        ..1_000_000_000 => format!("{} ms", (ns as f64 / 1e6).ceil() as u64),
        _ => seconds_down(i64::try_from(ns).unwrap_or(i64::MAX)),
    }
}
