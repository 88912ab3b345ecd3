//! The picture of a drill: one workload's requests over time, who served them and how they ended, how long that took, and what happened meanwhile.
//!
//! What this file does not do: draw (`render/svg`, `render/bars`), find what happened meanwhile (`picture_events`), or tell it in words
//! (`words/picture`).

use super::picture_events::{marks, spans};
use super::subject::Subject;
use crate::history::{Event, Stamped};
use crate::model::{Gate, SloOn};
use crate::report::digest::{Column, Ending, Spread};
use crate::report::model::{
    Block, DrillPicture, Grade, LatencyKind, LatencyLimit, LatencyLine, OverlaySeries, PictureInterval, PictureObjective, PictureSeries,
    ReportStatus, SeriesEnding, SpanKind, Text,
};
use crate::report::words::nature::{nameless, objective};
use crate::report::words::picture::{PartOfDrill, sentences};
use crate::report::words::wording::{between, span};
use crate::verdict::{Criterion, Interval, ObjectiveName};

/// Columns that a picture has at most.
const COLUMNS: u64 = 240;
/// Columns that it has at least, as far as the digest has them.
const FEW: u64 = 60;
/// Requests that a column has on average, where it can be narrower.
const ENOUGH: u64 = 8;
/// Requests that percentiles are taken of, where columns are joined for it.
const SAMPLE: u64 = 40;
/// Milliseconds that a column may be wide: what people count in.
const WIDTHS_MS: [u64; 23] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
];
const PERCENTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")];

/// The picture of one workload; nothing where it sent nothing.
pub(in crate::report) fn block(subject: &Subject<'_>) -> Option<Block> {
    let shape = PictureShape::of(subject)?;
    let series = series(subject, &shape.cells);
    let fault_ns = subject.digest.fault_span().map(|(from, _)| from);
    let (kinds, limit) = kinds(subject);
    let spans = spans(subject, shape.end_ns);
    let mut picture = DrillPicture {
        about: subject.name().map(str::to_owned),
        words: Vec::new(),
        column_ns: shape.column_ns,
        columns: shape.cells.len(),
        end_ns: shape.end_ns,
        series,
        latency: kinds.into_iter().flat_map(|kind| lines(kind, &shape)).collect(),
        limit,
        spans,
        marks: marks(subject, shape.end_ns),
        fault_ns,
        objective: fault_ns.and_then(|_| promised(subject)),
        cutover: fault_ns.and_then(|_| measured(subject)),
        overlays: overlays(subject),
    };
    picture.words = sentences(&picture, &parts(subject, &picture, &shape.cells));
    Some(Block::Picture(Box::new(picture)))
}

/// Series of the team's own, beside the workload that leads.
fn overlays(subject: &Subject<'_>) -> Vec<OverlaySeries> {
    let leading = subject.digest.started().map(|started| started.plan.workloads.leading().name.as_str());
    if subject.name().is_some_and(|name| Some(name) != leading) {
        return Vec::new();
    }
    let zero = i64::try_from(subject.digest.zero()).unwrap_or(0);
    let series = |stamped: &Stamped| match &stamped.event {
        Event::Overlay(read) if !read.points.is_empty() => Some(OverlaySeries {
            name: Text::outside(&read.name),
            unit: read.unit.clone(),
            points: read.points.iter().map(|(at, value)| (at.saturating_sub(zero), *value)).collect(),
        }),
        _ => None,
    };
    subject.digest.notable.iter().filter_map(series).collect()
}

/// The columns that are shown, and until when.
struct PictureShape {
    column_ns: u64,
    cells: Vec<Column>,
    end_ns: u64,
    /// Columns that percentiles are taken of together.
    joined: usize,
}

impl PictureShape {
    fn of(subject: &Subject<'_>) -> Option<Self> {
        let columns = &subject.workload.columns;
        let (width, seen) = (columns.width_ns(), columns.cells().len() as u64);
        if seen == 0 {
            return None;
        }
        let finished = subject.digest.notable.iter().rev().find_map(|stamped| match &stamped.event {
            Event::Finished(finished) => Some(finished.observed_until.saturating_sub(subject.digest.zero())),
            _ => None,
        });
        // A history may say any moment. The traffic has not ended before its last request was due.
        let end = finished.unwrap_or(0).clamp((seen - 1) * width + 1, seen.saturating_mul(width * 10));
        let end_ns = if finished.is_some_and(|finished| finished > (seen - 1) * width) { end } else { seen * width };
        let times = times(width, end_ns, subject.workload.requests);
        let column_ns = width * times;
        let mut cells = columns.wider(times as usize);
        cells.resize_with(end_ns.div_ceil(column_ns) as usize, Column::default);
        // Less than half a column more makes the last one wider: by itself it would say little.
        if cells.len() > 1 && end_ns % column_ns > 0 && end_ns % column_ns < column_ns / 2 {
            let rest = cells.pop().unwrap_or_default();
            cells.last_mut().expect("there are two").merge(&rest);
        }
        let mean = (subject.workload.requests / cells.len() as u64).max(1);
        let joined = SAMPLE.div_ceil(mean).clamp(1, (cells.len() as u64 / 24).max(1)) as usize;
        Some(Self { column_ns, cells, end_ns, joined })
    }
}

/// How many times as wide as in the digest a column is shown.
fn times(width: u64, end_ns: u64, requests: u64) -> u64 {
    let fits = |column: u64| {
        let count = end_ns.div_ceil(column);
        count <= COLUMNS && (count <= FEW || requests / count >= ENOUGH)
    };
    let widths = WIDTHS_MS.iter().map(|ms| ms * 1_000_000).filter(|column| *column >= width && column.is_multiple_of(width));
    let column = widths.into_iter().find(|column| fits(*column)).unwrap_or_else(|| end_ns.div_ceil(COLUMNS).div_ceil(width) * width);
    column / width
}

/// Requests by who served them, in the service's order, then by how they were not good.
fn series(subject: &Subject<'_>, cells: &[Column]) -> Vec<PictureSeries> {
    let counts =
        |endings: &[Ending]| -> Vec<u32> { cells.iter().map(|cell| endings.iter().map(|ending| cell.count(*ending)).sum()).collect() };
    let providers = &subject.digest.providers;
    let place = |name: &String| providers.iter().position(|known| known == name).and_then(|place| u16::try_from(place).ok());
    let by = |name: &String| place(name).map_or_else(|| vec![0; cells.len()], |place| counts(&[Ending::GoodBy(place)]));
    let own: Vec<String> = subject.workload.named.as_ref().map_or_else(Vec::new, |named| named.service.providers.clone());
    let others = providers.iter().filter(|name| !own.contains(name)).cloned();
    let good =
        |name: &str, ending: SeriesEnding, counts: Vec<u32>| PictureSeries { name: name.to_owned(), grade: Grade::Good, ending, counts };
    let mut series: Vec<PictureSeries> = Vec::new();
    // Nobody told who served: a row without a bar would say that they did not.
    if nameless(subject.verdict) {
        let all: Vec<Ending> = (0..providers.len() as u16).map(Ending::GoodBy).chain([Ending::Good]).collect();
        series.push(good("good", SeriesEnding::Good, counts(&all)));
    } else {
        let shown = own.iter().cloned().map(|name| (true, name)).chain(others.map(|name| (subject.name().is_none(), name)));
        for (place, (always, name)) in shown.enumerate() {
            let counts = by(&name);
            if always || counts.iter().any(|count| *count > 0) {
                series.push(good(&name, SeriesEnding::Provider(place), counts));
            }
        }
        series.push(good("good, not known who served", SeriesEnding::Good, counts(&[Ending::Good])));
    }
    for (ending, name) in Ending::BAD {
        let (grade, shown) = match ending {
            Ending::Late => (Grade::Bad, SeriesEnding::Late),
            Ending::Error => (Grade::Bad, SeriesEnding::Error),
            Ending::Timeout => (Grade::Bad, SeriesEnding::Timeout),
            Ending::Truncated => (Grade::Bad, SeriesEnding::Truncated),
            Ending::Unsent => (Grade::Open, SeriesEnding::Unsent),
            _ => (Grade::Open, SeriesEnding::Unknown),
        };
        series.push(PictureSeries { name: name.to_owned(), grade, ending: shown, counts: counts(&[ending]) });
    }
    series.retain(|each| matches!(each.ending, SeriesEnding::Provider(_)) || each.counts.iter().any(|count| *count > 0));
    series
}

/// The latencies that are shown, and which of them has a limit.
fn kinds(subject: &Subject<'_>) -> (Vec<LatencyKind>, Option<LatencyLimit>) {
    let streamed = subject.workload.named.as_ref().is_some_and(|named| named.workload.request.is_streamed());
    let first_counts = streamed && subject.verdict.terms.slo_on == SloOn::Proof;
    let kind = if first_counts { LatencyKind::FirstToken } else { LatencyKind::Service };
    let limit = Some(LatencyLimit { kind, ns: subject.verdict.terms.slo.as_nanos() });
    let more = if streamed { vec![LatencyKind::FirstToken, LatencyKind::Streaming] } else { Vec::new() };
    let service = (!first_counts).then_some(LatencyKind::Service);
    (service.into_iter().chain(more).collect(), limit)
}

fn spread(cell: &Column, kind: LatencyKind) -> &Spread {
    match kind {
        LatencyKind::Service => &cell.service,
        LatencyKind::FirstToken => &cell.first_token,
        LatencyKind::Streaming => &cell.streaming,
    }
}

/// The percentiles of one kind; columns that are joined have the same.
fn lines(kind: LatencyKind, shape: &PictureShape) -> Vec<LatencyLine> {
    let mut joined: Vec<Spread> = shape.cells.chunks(shape.joined).map(|cells| together(cells, kind)).collect();
    // What is left over goes with what comes before, as in columns.
    if joined.len() > 1 && !shape.cells.len().is_multiple_of(shape.joined) && shape.cells.len() % shape.joined < shape.joined.div_ceil(2) {
        let rest = joined.pop().unwrap_or_default();
        joined.last_mut().expect("there are two").merge(&rest);
    }
    if joined.iter().all(|spread| spread.count() == 0) {
        return Vec::new();
    }
    let line = |(quantile, name): (f64, &str)| {
        let each: Vec<Option<u64>> = joined.iter().map(|spread| spread.quantile(quantile)).collect();
        let ns = (0..shape.cells.len()).map(|column| each[(column / shape.joined).min(each.len() - 1)]).collect();
        LatencyLine { name: name.to_owned(), kind, quantile, ns }
    };
    PERCENTILES.into_iter().map(line).collect()
}

fn together(cells: &[Column], kind: LatencyKind) -> Spread {
    let mut all = Spread::default();
    cells.iter().for_each(|cell| all.merge(spread(cell, kind)));
    all
}

/// The time that was promised from the fault on.
fn promised(subject: &Subject<'_>) -> Option<PictureObjective> {
    let terms = &subject.verdict.terms;
    let (limit, word) = if subject.verdict.only_rotates { (terms.rotation, "objective") } else { (terms.rto, "RTO") };
    (limit.as_nanos() > 0).then(|| PictureObjective { ns: limit.as_nanos(), label: format!("{word} {}", span(limit)) })
}

/// The interval that it is held against.
fn measured(subject: &Subject<'_>) -> Option<PictureInterval> {
    let verdict = subject.verdict;
    let (word, interval, decision): (&'static str, Interval, _) = if verdict.only_rotates {
        let moved = verdict.rotations.iter().filter_map(|rotated| Some((rotated, rotated.moments.t6?)));
        let (rotated, last) = moved.max_by_key(|(_, moved)| moved.hi.unwrap_or(i64::MAX))?;
        ("new key", last, rotated.of(Criterion::Rotation).map(|judgement| judgement.verdict))
    } else {
        let measures = verdict.measures.as_ref()?;
        let decision = objective(verdict, ObjectiveName::RTO);
        match verdict.terms.gate {
            Gate::Cutover => ("cutover", measures.cutover, decision),
            Gate::Restore => ("restore", measures.restore, decision),
        }
    };
    let grade = decision.map_or(Grade::Neutral, |decision| ReportStatus::from(decision).grade);
    let label = match interval.hi {
        None if interval.lo <= 0 => format!("{word} not proven"),
        _ => format!("{word} {}", between(interval)),
    };
    Some(PictureInterval { word, between: interval.into(), label, grade })
}

/// The parts of the drill that the words compare: before the fault, from the recovery to the heal, and afterwards.
fn parts(subject: &Subject<'_>, picture: &DrillPicture, cells: &[Column]) -> Vec<PartOfDrill> {
    let (Some(fault), Some((_, healed))) = (picture.fault_ns, subject.digest.fault_span()) else { return Vec::new() };
    let kind = picture.limit.map_or(LatencyKind::Service, |limit| limit.kind);
    let recovered = picture.cutover.as_ref().and_then(|cutover| cutover.between.hi_ns).map(|hi| fault.saturating_add_signed(hi));
    let part = |name: &'static str, from: u64, until: u64| {
        let (first, last) = (from.div_ceil(picture.column_ns) as usize, (until / picture.column_ns) as usize);
        let columns = first.min(cells.len())..last.clamp(first.min(cells.len()), cells.len());
        let latency = together(&cells[columns.clone()], kind);
        PartOfDrill { name, columns, p95_ns: latency.quantile(0.95) }
    };
    // A key that was revoked is never healed: what is shaded ends when the new one is used everywhere.
    let shaded = picture.spans.iter().filter(|span| span.kind == SpanKind::Fault).map(|span| span.until_ns).max().flatten();
    let healed = shaded.or(healed);
    let end = healed.unwrap_or(picture.end_ns);
    let (again, after) = if subject.verdict.only_rotates {
        ("once the new key was in use", "after the rotation")
    } else {
        ("from the recovery to the end of the fault", "after the fault")
    };
    let before = if subject.verdict.only_rotates { "before the rotation" } else { "before the fault" };
    let mut parts = vec![part(before, 0, fault)];
    parts.extend(recovered.filter(|recovered| *recovered < end).map(|recovered| part(again, recovered, end)));
    parts.extend(healed.map(|healed| part(after, healed, picture.end_ns)));
    parts.retain(|part| !part.columns.is_empty());
    parts
}
