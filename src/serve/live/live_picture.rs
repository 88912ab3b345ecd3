//! The picture of a drill as far as it has come, in the shape that its report has in the end: on an axis as long as the whole drill is planned to be, so
//! that nothing moves but what is new.
//!
//! A report counts a request when it was due; here it is counted when its answer ended, because that is when anybody knows. So the report's picture is
//! sharper.

use super::sight::DrillSight;
use crate::history::{Event, Phase};
use crate::model::StepEnd;
use crate::report::{
    DrillPicture, Grade, MarkKind, PictureMark, PictureObjective, PictureSeries, PictureSpan, SeriesEnding, SpanKind, Text, picture_within,
};
use crate::scheduler::{CurveColumn, DrillCurve};
use crate::units::grouped;
use std::collections::BTreeMap;

/// Columns that a picture has at most.
const COLUMNS: u64 = 200;
/// Columns that it has at least, where there are as many.
const FEW: u64 = 60;
/// Requests that a column has on average, where it can be narrower.
const ENOUGH: u64 = 8;
/// Spans and marks of one kind that it has at most.
const MOST: usize = 40;
/// Widths of columns in milliseconds.
const WIDTHS_MS: [u64; 15] =
    [200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000];
const MILLISECOND: u64 = 1_000_000;

/// The picture as SVG; nothing before the traffic has begun.
pub(super) fn drawn(sight: &DrillSight) -> Option<String> {
    picture(sight).map(|picture| picture_within(&picture, "live"))
}

fn picture(sight: &DrillSight) -> Option<DrillPicture> {
    let zero = sight.live.traffic_since?;
    let passed = sight.now.saturating_sub(zero);
    let planned = sight.plan.scenario.timeline.total().as_nanos();
    let end_ns = if sight.live.finished { passed.max(1) } else { planned.max(passed) };
    let requests = sight.plan.requests_of(&sight.plan.workloads.leading().workload);
    let width = width(end_ns, sight.curve.width_ns(), requests);
    let columns = usize::try_from(end_ns.div_ceil(width)).ok()?;
    let cells = cells(&sight.curve, width, columns);
    let since = |moment: u64| moment.saturating_sub(zero);
    let fault_ns = sight.live.faults.iter().filter_map(|fault| fault.confirmed).min().map(since);
    let rto = sight.plan.workloads.leading().objectives.rto;
    Some(DrillPicture {
        about: None,
        words: vec![Text::own(words(sight))],
        column_ns: width,
        columns,
        end_ns,
        series: series(sight, &cells),
        latency: Vec::new(),
        limit: None,
        spans: spans(sight, zero),
        marks: marks(sight, zero),
        fault_ns,
        objective: fault_ns.map(|_| PictureObjective { ns: rto.as_nanos(), label: format!("RTO {rto}") }),
        cutover: None,
        overlays: Vec::new(),
    })
}

/// The width of a column: a round number, and whole columns of the curve, with enough requests in each that chance draws no teeth.
fn width(end_ns: u64, curve: u64, requests: u64) -> u64 {
    let fits = |width: &u64| {
        let count = end_ns.div_ceil(*width).max(1);
        count <= COLUMNS && width.is_multiple_of(curve) && (count <= FEW || requests / count >= ENOUGH)
    };
    let round = WIDTHS_MS.iter().map(|ms| ms * MILLISECOND).find(fits);
    round.unwrap_or_else(|| end_ns.div_ceil(COLUMNS).div_ceil(curve).max(1) * curve)
}

fn cells(curve: &DrillCurve, width: u64, columns: usize) -> Vec<CurveColumn> {
    let mut cells = vec![CurveColumn::default(); columns];
    for (place, column) in curve.columns().iter().enumerate() {
        let at = place as u64 * curve.width_ns() / width;
        if let Some(cell) = usize::try_from(at).ok().and_then(|at| cells.get_mut(at)) {
            cell.add(column);
        }
    }
    cells
}

/// Requests by who served them, in the service's order, then by how they were not good.
fn series(sight: &DrillSight, cells: &[CurveColumn]) -> Vec<PictureSeries> {
    let all = sight.live.providers.len();
    // An answer that ends at the edge of a column may be counted at the provider in one and at the user in the next.
    let mut known =
        cells.iter().find(|cell| cell.served.iter().any(|count| *count > 0)).map(|cell| cell.served.clone()).unwrap_or_default();
    let shares: Vec<Vec<u32>> = cells
        .iter()
        .map(|cell| {
            if cell.served.iter().any(|count| *count > 0) {
                known.clone_from(&cell.served);
            }
            shared(cell.good, &known, all)
        })
        .collect();
    let by = |place: usize| shares.iter().map(|share| share.get(place).copied().unwrap_or(0)).collect::<Vec<u32>>();
    let own = sight.plan.workloads.leading().service.providers.len();
    let mut series: Vec<PictureSeries> = (0..=all)
        .map(|place| match sight.live.providers.get(place) {
            Some(name) => {
                PictureSeries { name: name.clone(), grade: Grade::Good, ending: SeriesEnding::Provider(place), counts: by(place) }
            }
            None => PictureSeries {
                name: "good, not known who served".to_owned(),
                grade: Grade::Good,
                ending: SeriesEnding::Good,
                counts: by(place),
            },
        })
        .collect();
    let bad = [
        ("late", Grade::Bad, SeriesEnding::Late, (|cell| cell.slow) as fn(&CurveColumn) -> u64),
        ("failed", Grade::Bad, SeriesEnding::Error, |cell| cell.failed),
        ("not sent", Grade::Open, SeriesEnding::Unsent, |cell| cell.shed),
    ];
    series.extend(bad.map(|(name, grade, ending, count)| PictureSeries {
        name: name.to_owned(),
        grade,
        ending,
        counts: cells.iter().map(|cell| clamped(count(cell))).collect(),
    }));
    let mut place = 0;
    series.retain(|each| {
        place += 1;
        place <= own || each.counts.iter().any(|count| *count > 0)
    });
    series
}

fn clamped(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Good requests of a column by provider, and last those of which nobody knows. Providers answer attempts, and a request may need several: what they
/// answered says only in which shares.
fn shared(good: u64, served: &[u64], providers: usize) -> Vec<u32> {
    let answered: u64 = served.iter().sum();
    let mut shares = vec![0; providers + 1];
    if answered == 0 {
        shares[providers] = clamped(good);
        return shares;
    }
    let mut left = good;
    for (place, count) in served.iter().enumerate().take(providers) {
        let share = (u128::from(good) * u128::from(*count) / u128::from(answered)) as u64;
        shares[place] = clamped(share);
        left -= share.min(left);
    }
    // What rounding left goes to the provider that answered most.
    if let Some((place, _)) = served.iter().enumerate().take(providers).max_by_key(|(_, count)| **count) {
        shares[place] = shares[place].saturating_add(clamped(left));
    }
    shares
}

fn words(sight: &DrillSight) -> String {
    let total = &sight.live.leading().total;
    let bad = total.slow + total.failed + total.shed;
    format!(
        "So far {} requests have ended, {} of them badly. {}",
        grouped(total.requests()),
        grouped(bad),
        super::headline::headline(sight)
    )
}

fn spans(sight: &DrillSight, zero: u64) -> Vec<PictureSpan> {
    let since = |moment: u64| moment.saturating_sub(zero);
    let span = |kind, name: Text, grade, from: u64, until: Option<u64>| PictureSpan {
        kind,
        name,
        lane: None,
        grade,
        from_ns: since(from),
        until_ns: until.map(since),
    };
    let mut spans = Vec::new();
    for (place, fault) in sight.live.faults.iter().enumerate().take(MOST) {
        let Some(confirmed) = fault.confirmed else { continue };
        let name = Text::outside(super::headline::fault_told(sight, place));
        spans.push(span(SpanKind::Fault, name, Grade::Bad, confirmed, Some(fault.healed.unwrap_or(sight.now))));
    }
    let mut phase: Option<(Phase, u64)> = None;
    let mut begun: BTreeMap<u32, (u64, &str)> = BTreeMap::new();
    let (mut phases, mut steps) = (Vec::new(), Vec::new());
    let told = |phase: Phase| !matches!(phase, Phase::Preparing | Phase::Draining);
    for stamped in &sight.live.notable {
        match &stamped.event {
            Event::Phase(entered) => {
                if let Some((name, from)) = phase.replace((entered.name, stamped.t)).filter(|(name, _)| told(*name)) {
                    phases.push(span(SpanKind::Phase, Text::own(name.word()), Grade::Neutral, from, Some(stamped.t)));
                }
            }
            Event::StepStarted(step) => drop(begun.entry(step.step).or_insert((stamped.t, &step.name))),
            Event::StepFinished(step) => {
                if let Some((from, name)) = begun.remove(&step.step) {
                    let grade = if step.end == StepEnd::Done { Grade::Good } else { Grade::Bad };
                    steps.push(span(SpanKind::Step, Text::outside(name), grade, from, Some(stamped.t)));
                }
            }
            _ => {}
        }
    }
    if let Some((name, from)) = phase.filter(|(name, _)| told(*name)) {
        phases.push(span(SpanKind::Phase, Text::own(name.word()), Grade::Neutral, from, Some(sight.now)));
    }
    steps.extend(begun.into_values().map(|(from, name)| span(SpanKind::Step, Text::outside(name), Grade::Neutral, from, Some(sight.now))));
    steps.truncate(MOST);
    spans.extend(phases);
    spans.extend(steps);
    spans
}

fn marks(sight: &DrillSight, zero: u64) -> Vec<PictureMark> {
    let mark = |kind, name: Text, at: u64| PictureMark { kind, name, lane: None, at_ns: at.saturating_sub(zero) };
    let all = sight.live.notable.iter().filter_map(|stamped| match &stamped.event {
        Event::AlertReceived(alert) if alert.firing => Some(mark(MarkKind::Alert, Text::outside(&alert.name), stamped.t)),
        Event::RunbookStarted(_) => Some(mark(MarkKind::Runbook, Text::own("runbook begins"), stamped.t)),
        Event::Cancelled(_) => Some(mark(MarkKind::Stop, Text::own("stopped"), stamped.t)),
        _ => None,
    });
    all.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_requests_are_shared_as_providers_answered_and_none_is_lost() {
        assert_eq!(shared(10, &[20, 10], 2), [7, 3, 0]);
        assert_eq!(shared(10, &[], 2), [0, 0, 10]);
        assert_eq!(shared(0, &[5], 1), [0, 0]);
    }

    #[test]
    fn a_column_is_round_and_whole_columns_of_the_curve() {
        let second = 1_000 * MILLISECOND;
        assert_eq!(width(30 * second, 100 * MILLISECOND, 3_000), 200 * MILLISECOND);
        assert_eq!(width(3_600 * second, 400 * MILLISECOND, 9_999), 30 * second);
        assert!(width(10_000_000 * second, 100 * MILLISECOND, 9) >= 21_600 * second);
    }
}
