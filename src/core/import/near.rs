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
//!
//! *After the hold* a single line decides nothing. That service stayed is in doubt where so many cannot be read within one hold that, had they
//! all been bad, more than was promised would have been.

use super::caveat::caveat;
use super::record::{Gap, ImportedRecord};
use crate::history::{Caveat, Instrument, JudgedRequest, Lost, Outcome};
use crate::model::Objectives;
use crate::units::Binomial;

/// Beyond this a moment is none, and an end is open.
const FIFTY_YEARS: i64 = 50 * 365 * 86_400 * 1_000_000_000;

/// The unreadable lines that may be of the time around the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinesNearFault {
    pub(super) lines: u64,
    /// The time that is near the fault, in nanoseconds from it.
    pub(super) from: i64,
    pub(super) to: i64,
}

/// A run of unreadable lines, and when they may have been due, in nanoseconds from the fault.
struct UnreadLines {
    lines: u64,
    from: i64,
    to: i64,
}

fn missing(record: &ImportedRecord, zero: i64) -> Vec<UnreadLines> {
    let ImportedRecord { gaps, disorder, rows, .. } = record;
    let longest = rows.iter().filter_map(|row| row.took).max().unwrap_or(0);
    let bound = |moment: Option<i64>, none: i64| moment.map_or(none, |moment| moment.saturating_sub(zero));
    let run = |gap: &Gap| {
        let (from, to) = if disorder.sent <= disorder.ended {
            let from = gap.after.map(|stood| stood.sent.saturating_sub(disorder.sent));
            (from, gap.before.map(|stood| stood.sent.saturating_add(disorder.sent)))
        } else {
            let from = gap.after.map(|stood| stood.ended.saturating_sub(disorder.ended).saturating_sub(longest));
            (from, gap.before.map(|stood| stood.ended.saturating_add(disorder.ended)))
        };
        UnreadLines { lines: gap.lines, from: bound(from, i64::MIN), to: bound(to, i64::MAX) }
    };
    gaps.iter().map(run).collect()
}

/// The unreadable lines of a record that may be of one of these times, where the fault is at `zero` of the record's clock.
pub(super) fn near(record: &ImportedRecord, zero: i64, spans: &[(i64, i64)]) -> Option<LinesNearFault> {
    let touches = |missing: &&UnreadLines| spans.iter().any(|(begin, end)| missing.from <= *end && missing.to >= *begin);
    let lines = missing(record, zero).iter().filter(touches).map(|missing| missing.lines).sum();
    let (from, to) = (spans.iter().map(|span| span.0).min()?, spans.iter().map(|span| span.1).max()?);
    (lines > 0).then_some(LinesNearFault { lines, from, to })
}

fn unread(lines: u64) -> String {
    let plural = if lines == 1 { "" } else { "s" };
    format!("{lines} line{plural} that cannot be read may be")
}

impl LinesNearFault {
    /// What follows from it.
    pub(super) fn caveat(&self) -> Caveat {
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        let from = if self.from < -FIFTY_YEARS { "the record's start".to_owned() } else { format!("{:.2} s", seconds(self.from)) };
        let to = if self.to > FIFTY_YEARS { "the record's end".to_owned() } else { format!("{:.2} s", seconds(self.to)) };
        let lines = unread(self.lines);
        caveat(
            Lost::LinesNearFault,
            format!(
                "{lines} of the time that decides, between the last good request before the fault and the end of the hold ({from} to {to} from \
                 the fault): one of them may turn the verdict, so none is given"
            ),
        )
    }
}

/// What follows from lines after the hold, which ends at `begin`, and before the heal, where they may hide a relapse: as many as there may
/// be bad requests in one hold, with those that are known, are more than was promised.
pub(super) fn after_hold(
    record: &ImportedRecord,
    zero: i64,
    requests: &[JudgedRequest],
    (begin, end): (i64, i64),
    objectives: &Objectives,
) -> Option<Caveat> {
    let mut missing = missing(record, zero);
    missing.retain(|missing| missing.to > begin && missing.from < end);
    let hides = |until: &i64| {
        let from = until.saturating_sub(objectives.hold.nanos());
        let hidden: u64 = missing.iter().filter(|missing| missing.from <= *until && missing.to > from).map(|missing| missing.lines).sum();
        let position = |moment: i64| requests.partition_point(|request| request.due <= moment);
        let within = &requests[position(from)..position(*until)];
        let bad = within.iter().filter(|request| is_bad(request, objectives)).count() as u64;
        let promised = Binomial::beyond(objectives.success.get(), within.len() as u64 + hidden).expected().max(1);
        hidden > 0 && bad + hidden > promised
    };
    // The most that a window may hold is reached where one of them begins or a bad request is.
    let bad = requests.iter().filter(|request| request.due > begin && request.due < end && is_bad(request, objectives));
    let near = |due: &i64| missing.iter().any(|missing| missing.from <= *due && missing.to > due.saturating_sub(objectives.hold.nanos()));
    let moments = bad.map(|request| request.due).filter(near).chain(missing.iter().map(|missing| missing.from.max(begin)));
    let lines: u64 = missing.iter().map(|missing| missing.lines).sum();
    moments.into_iter().any(|until| hides(&until)).then(|| {
        caveat(Lost::LinesAfterHold, format!("{} of the time after the hold, and may hide that service did not stay", unread(lines)))
    })
}

/// Whether users were not well served, as far as a record tells.
fn is_bad(request: &JudgedRequest, objectives: &Objectives) -> bool {
    matches!(request.outcome, Outcome::Error | Outcome::Timeout | Outcome::Truncated | Outcome::Unsent)
        || request.proof.saturating_sub(request.due) > objectives.slo.nanos()
}

/// The times that are near a fault at zero, and near its heal.
pub(super) fn spans(requests: &[JudgedRequest], heal: Option<i64>, objectives: &Objectives, instrument: &Instrument) -> Vec<(i64, i64)> {
    let slack = instrument.clock_error.saturating_add(instrument.fault_uncertainty);
    let last_good = |before: i64| {
        let earlier = &requests[..requests.partition_point(|request| request.due < before)];
        earlier.iter().rfind(|request| request.outcome == Outcome::Ok).map_or(i64::MIN, |request| request.due)
    };
    let mut end = objectives.hold.nanos();
    let later = &requests[requests.partition_point(|request| request.due < 0)..];
    let bad = later.iter().filter(|request| is_bad(request, objectives));
    for (number, request) in bad.enumerate() {
        // The first one may be late: a fault takes its time to bite.
        let over = if number > 0 { request.due > end } else { heal.is_some_and(|heal| request.due > heal) };
        if over {
            break;
        }
        end = request.due.saturating_add(objectives.hold.nanos());
    }
    let mut spans = vec![(last_good(0).saturating_sub(slack), end.saturating_add(slack))];
    if let (Some(heal), Some(failback)) = (heal, objectives.failback) {
        let end = heal.saturating_add(failback.nanos()).saturating_add(objectives.failback_hold.nanos());
        spans.push((last_good(heal).saturating_sub(slack), end.saturating_add(slack)));
    }
    spans
}
