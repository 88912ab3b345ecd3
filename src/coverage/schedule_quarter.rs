//! A schedule's cell of the control ledger: what became of each time that it was due in the quarter.

use super::PastDrill;
use super::ledger::{LedgerCell, LedgerDrill, LedgerFacts, LedgerState};
use crate::model::DrillSchedule;
use crate::schedule::{Deferral, DeferredSubject, Occurrence, OccurrenceEnd, OccurrenceState, Quarter, next_due, starts};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// So many times of a quarter are looked at: about one an hour.
const DUE_MAX: usize = 2_300;

/// What became of a time that it was due.
struct DueOutcome<'a> {
    due: DateTime<Utc>,
    state: LedgerState,
    told: String,
    drills: Vec<&'a PastDrill>,
}

/// The cell of one quarter.
pub(super) fn cell(facts: &LedgerFacts<'_>, schedule: &DrillSchedule, quarter: Quarter, now: DateTime<Utc>) -> LedgerCell {
    let known = ScheduleKnown::of(facts, schedule, quarter, now);
    let moment = TimeDelta::milliseconds(1);
    let mut times: BTreeSet<DateTime<Utc>> = known.occurrences.iter().map(|each| each.due).filter(|due| quarter.holds(*due)).collect();
    let by_rule = starts(schedule, quarter.start() - moment, quarter.end() - moment);
    let is_old = !by_rule.is_empty() && by_rule.iter().all(|due| *due < known.in_force);
    times.extend(by_rule.into_iter().filter(|due| *due >= known.in_force));
    let outcomes: Vec<DueOutcome<'_>> = times.iter().take(DUE_MAX).map(|due| known.outcome(*due)).collect();
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
        deferral: known.deferral.cloned(),
    }
}

/// What the worst of them says, and how many are like it.
fn told(worst: &DueOutcome<'_>, all: &[DueOutcome<'_>]) -> String {
    let alike = all.iter().filter(|outcome| outcome.state == worst.state).count();
    let of = if all.len() > 1 && worst.state > LedgerState::Done { format!("{alike} of {}: ", all.len()) } else { String::new() };
    let told = if worst.told.is_empty() { String::new() } else { format!("{of}{}", worst.told) };
    if told.is_empty() { of.trim_end_matches(": ").to_owned() } else { told }
}

struct ScheduleKnown<'a> {
    facts: &'a LedgerFacts<'a>,
    schedule: &'a DrillSchedule,
    occurrences: Vec<&'a Occurrence>,
    /// The names of its scenarios; `None` where one is not known today.
    names: Option<Vec<&'a str>>,
    /// The drills of its scenarios where it runs, the oldest first.
    ran: Vec<&'a PastDrill>,
    /// Before it, nothing is expected of it.
    in_force: DateTime<Utc>,
    deferral: Option<&'a Deferral>,
    now: DateTime<Utc>,
}

impl<'a> ScheduleKnown<'a> {
    fn of(facts: &'a LedgerFacts<'a>, schedule: &'a DrillSchedule, quarter: Quarter, now: DateTime<Utc>) -> Self {
        let occurrences: Vec<&Occurrence> = facts.occurrences.iter().filter(|each| each.schedule == schedule.name).collect();
        let names: Option<Vec<&str>> =
            schedule.scenarios.iter().map(|file| facts.scenario(file).map(|scenario| scenario.name.as_str())).collect();
        let ran = |drill: &&PastDrill| {
            drill.environment == schedule.environment && names.as_ref().is_some_and(|names| names.contains(&drill.scenario.as_str()))
        };
        let mut ran: Vec<&PastDrill> = facts.drills.iter().filter(ran).collect();
        ran.sort_by_key(|drill| drill.started);
        let drills = ran.first().map(|drill| drill.started);
        let first = drills.into_iter().chain(occurrences.iter().map(|each| each.due)).min();
        // It may have begun a moment before the first drill by it, which comes within its window.
        let window = TimeDelta::from_std(schedule.window.std()).unwrap_or_default();
        let in_force = first.map_or(now, |first| first - window);
        let deferral = facts.deferral(DeferredSubject::Schedule, &schedule.name, quarter);
        Self { facts, schedule, occurrences, names, ran, in_force, deferral, now }
    }

    fn outcome(&self, due: DateTime<Utc>) -> DueOutcome<'a> {
        let known = self.occurrences.iter().find(|each| each.due == due);
        let outcome = known.map_or_else(|| self.by_drills(due), |occurrence| self.by_occurrence(occurrence));
        match (outcome.state, self.deferral) {
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
        let drills = self.facts.drills.iter().filter(|drill| occurrence.drills.contains(&drill.id)).collect();
        DueOutcome { due: occurrence.due, state, told, drills }
    }

    /// Where nobody kept occurrences: by when drills of its scenarios began.
    fn by_drills(&self, due: DateTime<Utc>) -> DueOutcome<'a> {
        let outcome = |state, told: &str, drills| DueOutcome { due, state, told: told.to_owned(), drills };
        let slack = self.schedule.window.plus(self.schedule.jitter).std();
        let closes = due + TimeDelta::from_std(slack).unwrap_or_default();
        if let Some(drills) = self.begun(due, closes) {
            return outcome(LedgerState::Done, "", drills);
        }
        let again = next_due(self.schedule, due).unwrap_or(DateTime::<Utc>::MAX_UTC);
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
        let within = &self.ran[self.ran.partition_point(|drill| drill.started < from)..];
        let first = |name: &&str| within.iter().take_while(|drill| drill.started <= until).find(|drill| drill.scenario == *name).copied();
        self.names.as_ref()?.iter().map(first).collect()
    }
}
