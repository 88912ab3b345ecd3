//! A schedule's cell of the control ledger: what became of each time that it was due in the quarter.

use super::PastDrill;
use super::ledger::{LedgerCell, LedgerDrill, LedgerState};
use super::ledger_index::LedgerIndex;
use crate::model::DrillSchedule;
use crate::schedule::{Deferral, DeferredSubject, Occurrence, OccurrenceEnd, OccurrenceState, Quarter, next_due, starts};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// So many times of a quarter are looked at: about one an hour.
const DUE_MAX: usize = 2_300;

/// What became of a time that it was due.
struct DueOutcome<'a> {
    due: DateTime<Utc>,
    state: LedgerState,
    told: String,
    drills: Vec<&'a PastDrill>,
}

/// One cell a quarter.
pub(super) fn cells<'a>(index: &LedgerIndex<'a>, schedule: &'a DrillSchedule, quarters: &[Quarter], now: DateTime<Utc>) -> Vec<LedgerCell> {
    let nothing = BTreeMap::new();
    let occurrences = index.occurrences(&schedule.name).unwrap_or(&nothing);
    let ran = index.ran(schedule);
    let drills = ran.iter().flatten().filter_map(|ran| ran.first()).map(|drill| drill.started);
    let first = drills.chain(occurrences.keys().copied()).min();
    // It may have begun a moment before the first drill by it, which comes within its window.
    let window = TimeDelta::from_std(schedule.window.std()).unwrap_or_default();
    let known = ScheduleKnown { index, schedule, occurrences, ran, in_force: first.map_or(now, |first| first - window), now };
    quarters.iter().map(|quarter| cell(&known, *quarter)).collect()
}

fn cell(known: &ScheduleKnown<'_, '_>, quarter: Quarter) -> LedgerCell {
    let last = quarter.end() - TimeDelta::milliseconds(1);
    let mut times: BTreeSet<DateTime<Utc>> = known.occurrences.range(quarter.start()..=last).map(|(due, _)| *due).collect();
    let by_rule = starts(known.schedule, quarter.start() - TimeDelta::milliseconds(1), last);
    let is_old = !by_rule.is_empty() && by_rule.iter().all(|due| *due < known.in_force);
    times.extend(by_rule.iter().copied().filter(|due| *due >= known.in_force));
    let deferral = known.index.deferral(DeferredSubject::Schedule, &known.schedule.name, quarter);
    let after = times.first().and_then(|_| next_due(known.schedule, last)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let again = |due: DateTime<Utc>| by_rule.get(by_rule.partition_point(|start| *start <= due)).copied().unwrap_or(after);
    let outcome = |due: &DateTime<Utc>| known.outcome(*due, again(*due), deferral);
    let outcomes: Vec<DueOutcome<'_>> = times.iter().take(DUE_MAX).map(outcome).collect();
    let none = if is_old { LedgerState::Unrecorded } else { LedgerState::NotDue };
    let worst = outcomes.iter().max_by_key(|outcome| outcome.state);
    let mut seen = BTreeSet::new();
    let drills = outcomes.iter().flat_map(|outcome| &outcome.drills).filter(|drill| seen.insert(&drill.id));
    LedgerCell {
        quarter,
        state: worst.map_or(none, |outcome| outcome.state),
        told: worst.map(|outcome| told(outcome, &outcomes)).unwrap_or_default(),
        due: outcomes.iter().map(|outcome| outcome.due).collect(),
        drills: drills.map(|drill| LedgerDrill::of(drill)).collect(),
        deferral: deferral.cloned(),
    }
}

/// What the worst of them says, and how many are like it.
fn told(worst: &DueOutcome<'_>, all: &[DueOutcome<'_>]) -> String {
    let alike = all.iter().filter(|outcome| outcome.state == worst.state).count();
    let of = if all.len() > 1 && worst.state > LedgerState::Done { format!("{alike} of {}: ", all.len()) } else { String::new() };
    let told = if worst.told.is_empty() { String::new() } else { format!("{of}{}", worst.told) };
    if told.is_empty() { of.trim_end_matches(": ").to_owned() } else { told }
}

struct ScheduleKnown<'a, 'b> {
    index: &'b LedgerIndex<'a>,
    schedule: &'a DrillSchedule,
    occurrences: &'b BTreeMap<DateTime<Utc>, &'a Occurrence>,
    /// The drills of each of its scenarios where it runs, the oldest first; `None` where a scenario is not known today.
    ran: Option<Vec<&'b [&'a PastDrill]>>,
    /// Before it, nothing is expected of it.
    in_force: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl<'a> ScheduleKnown<'a, '_> {
    /// What became of a time that it was due; `again` is the next one.
    fn outcome(&self, due: DateTime<Utc>, again: DateTime<Utc>, deferral: Option<&Deferral>) -> DueOutcome<'a> {
        let known = self.occurrences.get(&due);
        let outcome = known.map_or_else(|| self.by_drills(due, again), |occurrence| self.by_occurrence(occurrence));
        match (outcome.state, deferral) {
            (LedgerState::Missed | LedgerState::Open, Some(deferral)) => self.deferred(outcome, deferral),
            _ => outcome,
        }
    }

    fn by_occurrence(&self, occurrence: &Occurrence) -> DueOutcome<'a> {
        let state = match (occurrence.state, occurrence.end) {
            (OccurrenceState::Over, _) if occurrence.interrupted => LedgerState::Missed,
            (OccurrenceState::Over, Some(OccurrenceEnd::Started | OccurrenceEnd::Kept)) => LedgerState::Done,
            (OccurrenceState::Over, Some(OccurrenceEnd::Late)) => LedgerState::Late,
            (OccurrenceState::Over, Some(OccurrenceEnd::Missed) | None) => LedgerState::Missed,
            (OccurrenceState::Due | OccurrenceState::Asked | OccurrenceState::Running, _) => LedgerState::Open,
        };
        let reason = occurrence.reason.map(|reason| reason.to_string());
        let words = [reason, Some(occurrence.told.clone()).filter(|told| !told.is_empty())];
        let told = match (occurrence.interrupted, occurrence.end) {
            (true, _) => "its drill was interrupted".to_owned(),
            (false, Some(OccurrenceEnd::Kept)) => "kept by a drill that was run by hand".to_owned(),
            _ => words.into_iter().flatten().collect::<Vec<_>>().join(": "),
        };
        let mut drills: Vec<&PastDrill> = occurrence.drills.iter().filter_map(|id| self.index.drill(id)).collect();
        drills.sort_by_key(|drill| drill.started);
        DueOutcome { due: occurrence.due, state, told, drills }
    }

    /// Where nobody kept occurrences: by when drills of its scenarios began.
    fn by_drills(&self, due: DateTime<Utc>, again: DateTime<Utc>) -> DueOutcome<'a> {
        let outcome = |state, told: &str, drills| DueOutcome { due, state, told: told.to_owned(), drills };
        let slack = self.schedule.window.plus(self.schedule.jitter).std();
        let closes = due + TimeDelta::from_std(slack).unwrap_or_default();
        if let Some(drills) = self.begun(due, closes) {
            return outcome(LedgerState::Done, "", drills);
        }
        if let Some(drills) = self.begun(due, again) {
            let told = format!("done on {}", drills.iter().map(|drill| drill.started).max().unwrap_or(due).date_naive());
            return outcome(LedgerState::Late, &told, drills);
        }
        if closes >= self.now {
            outcome(LedgerState::Open, "", Vec::new())
        } else {
            outcome(LedgerState::Missed, "no drill was begun", Vec::new())
        }
    }

    /// What was deferred and is done by its day is late; after that it is missed.
    fn deferred(&self, outcome: DueOutcome<'a>, deferral: &Deferral) -> DueOutcome<'a> {
        let until = deferral.until.succ_opt().unwrap_or(deferral.until).and_time(chrono::NaiveTime::MIN).and_utc();
        if let Some(drills) = self.begun(outcome.due, until - TimeDelta::milliseconds(1)) {
            let day = drills.iter().map(|drill| drill.started).max().unwrap_or(outcome.due).date_naive();
            return DueOutcome { state: LedgerState::Late, told: format!("done on {day}, {}", deferral.told()), drills, ..outcome };
        }
        let (state, told) = match deferral.is_over(self.now) {
            true => (LedgerState::Missed, format!("{}; not done since", deferral.told())),
            false => (LedgerState::Deferred, deferral.told()),
        };
        DueOutcome { state, told, ..outcome }
    }

    /// The first drill of each of its scenarios that began from one moment to another, where each has one.
    fn begun(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<Vec<&'a PastDrill>> {
        let first = |ran: &&[&'a PastDrill]| {
            let drill = *ran.get(ran.partition_point(|drill| drill.started < from))?;
            (drill.started <= until).then_some(drill)
        };
        self.ran.as_ref()?.iter().map(first).collect()
    }
}
