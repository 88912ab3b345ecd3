//! Whether lines that could not be read may be of the time that decides: *near the fault*, which is from the last good request before the
//! fault to the end of the hold.
//!
//! The hold ends one hold after the last bad request of the outage; a bad request that comes later than that is a relapse and no part of it.
//! After a heal, failback is measured too: that is near from the last good request before the heal until its objective and its hold are
//! over. One line may be the good request that would have ended the outage earlier, or the bad one that would have made it longer, so that
//! their share of the record means nothing here.
//!
//! When a line would have been, its neighbours tell: lines are written in the order of requests' ends or of their beginnings, give or take
//! the disorder that the readable lines show. Of both orders the one that is kept better counts. By the order of ends a line may be of a
//! request that began as much earlier as the longest one took.

use super::caveat::caveat;
use super::record::{Gap, Record};
use crate::history::{Caveat, Kind, Lost, Request, Terms};

/// Beyond this a moment is none, and an end is open.
const FIFTY_YEARS: i64 = 50 * 365 * 86_400 * 1_000_000_000;

/// Unreadable lines near the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) lines: u64,
    /// The time that is near the fault, in nanoseconds from it.
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The unreadable lines of a record that may be of one of these times, where the fault is at `zero` of the record's clock.
pub(super) fn near(record: &Record, zero: i64, spans: &[(i64, i64)]) -> Option<Near> {
    let Record { gaps, disorder, rows, .. } = record;
    let longest = rows.iter().filter_map(|row| row.took).max().unwrap_or(0);
    let place = |gap: &Gap| {
        let bound = |moment: Option<i64>, none: i64| moment.map_or(none, |moment| moment.saturating_sub(zero));
        let (from, to) = if disorder.sent <= disorder.ended {
            let from = gap.after.map(|stood| stood.sent.saturating_sub(disorder.sent));
            (from, gap.before.map(|stood| stood.sent.saturating_add(disorder.sent)))
        } else {
            let from = gap.after.map(|stood| stood.ended.saturating_sub(disorder.ended).saturating_sub(longest));
            (from, gap.before.map(|stood| stood.ended.saturating_add(disorder.ended)))
        };
        (bound(from, i64::MIN), bound(to, i64::MAX))
    };
    let touches = |gap: &&Gap| {
        let (from, to) = place(gap);
        spans.iter().any(|(begin, end)| from <= *end && to >= *begin)
    };
    let lines = gaps.iter().filter(touches).map(|gap| gap.lines).sum();
    let (from, to) = (spans.iter().map(|span| span.0).min()?, spans.iter().map(|span| span.1).max()?);
    (lines > 0).then_some(Near { lines, from, to })
}

impl Near {
    /// What follows from it.
    pub(super) fn caveat(&self) -> Caveat {
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        let from = if self.from < -FIFTY_YEARS { "the record's start".to_owned() } else { format!("{:.2} s", seconds(self.from)) };
        let to = if self.to > FIFTY_YEARS { "the record's end".to_owned() } else { format!("{:.2} s", seconds(self.to)) };
        let lines = if self.lines == 1 {
            "1 line that cannot be read may be".to_owned()
        } else {
            format!("{} lines that cannot be read may be", self.lines)
        };
        caveat(
            Lost::LinesNearFault,
            format!(
                "{lines} of the time that decides, between the last good request before the fault and the end of the hold ({from} to {to} from \
                 the fault): one of them may turn the verdict, so none is given"
            ),
        )
    }
}

/// The times that are near a fault at zero, and near its heal.
pub(super) fn spans(requests: &[Request], heal: Option<i64>, terms: &Terms) -> Vec<(i64, i64)> {
    let slack = terms.clock_error.saturating_add(terms.fault_uncertainty);
    let last_good = |before: i64| {
        let earlier = &requests[..requests.partition_point(|request| request.due < before)];
        earlier.iter().rfind(|request| request.kind == Kind::Ok).map_or(i64::MIN, |request| request.due)
    };
    let mut end = terms.hold;
    let later = &requests[requests.partition_point(|request| request.due < 0)..];
    let failed = |kind: Kind| matches!(kind, Kind::Error | Kind::Timeout | Kind::Truncated | Kind::Unsent);
    let bad = later.iter().filter(|request| failed(request.kind) || request.proof.saturating_sub(request.due) > terms.slo);
    for (number, request) in bad.enumerate() {
        // The first one may be late: a fault takes its time to bite.
        let over = if number > 0 { request.due > end } else { heal.is_some_and(|heal| request.due > heal) };
        if over {
            break;
        }
        end = request.due.saturating_add(terms.hold);
    }
    let mut spans = vec![(last_good(0).saturating_sub(slack), end.saturating_add(slack))];
    if let (Some(heal), Some(failback)) = (heal, terms.failback_rto) {
        let end = heal.saturating_add(failback).saturating_add(terms.failback_hold.unwrap_or(terms.hold));
        spans.push((last_good(heal).saturating_sub(slack), end.saturating_add(slack)));
    }
    spans
}
