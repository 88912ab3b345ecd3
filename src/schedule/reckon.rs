//! What is to be done about a schedule at a moment.
//!
//! It is asked again and again, and from the same knowledge gives the same answer: nothing is remembered here. Each start that has come becomes one
//! occurrence, and each occurrence ends once, as exactly one of started, late, kept or missed:
//!
//! ```text
//!  its window is open               it is to begin on time, after its jitter
//!  its window has passed unused     the newest alone is begun late, or asked about, until the next one is due; all others are missed
//!  somebody drilled by hand         it is kept
//! ```
//!
//! A drill by hand keeps an occurrence where each of the schedule's scenarios was drilled in its environment, ended with a verdict that counts, and
//! began no earlier than half-way from the start before, and not so early that its cadence would be over before the next start. It may come
//! until the window ends or, where the schedule may run late or ask, until the next start. Each drill keeps one occurrence. So a drill the day
//! before counts, as does one on the next day after a freeze, and one from last quarter does not: an auditor finds for each cycle a drill of that cycle.
//!
//! What has an end is never touched again, and starts up to the newest that is known are known: a clock that jumps makes nothing twice, and loses
//! nothing. However many were missed, a schedule goes on.
//!
//! What this file does not do: find out whether anything stands in the way of a beginning (`scheduler`), or write anything down (`store`).

use super::occurrence::{MissReason, Occurrence, OccurrenceEnd, OccurrenceState};
use super::starts::{first_starts, next_due};
use super::window::{begins, closes};
use crate::model::{DrillSchedule, IfMissed};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// At most so many starts are entered at once: whoever finds so many asks again at once. (A month of a schedule that is due each minute has fewer.)
pub const ENTERED_MAX: usize = 50_000;

/// Something that is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A start has come: a new occurrence, perhaps over at once. They come in the order in which they were due, and before what else is done.
    Enter(Occurrence),
    /// It is to begin, if nothing stands in its way; else it stays due, with what does as its reason and told.
    Begin {
        /// When it was due.
        due: DateTime<Utc>,
        /// On time or late.
        end: OccurrenceEnd,
    },
    /// It is over.
    Close {
        /// When it was due.
        due: DateTime<Utc>,
        /// Kept or missed.
        end: OccurrenceEnd,
        /// Why it was missed.
        reason: Option<MissReason>,
        /// The drills that keep it.
        drills: Vec<String>,
        /// The same in words.
        told: String,
    },
    /// Somebody is to be asked whether it is to run late.
    Ask {
        /// When it was due.
        due: DateTime<Utc>,
    },
}

/// A drill that was run without a schedule, or for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualRun {
    /// Its identifier.
    pub drill: String,
    /// The scenario's file, as a path from the project's root.
    pub scenario: String,
    /// Where it ran.
    pub environment: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// It ended with a verdict that says something: met or missed, and neither inconclusive nor void.
    pub counts: bool,
}

/// What is to be done about a schedule at a moment.
///
/// `known` are its occurrences: the newest at least, and all that are not over. `since` is when the schedule was first seen with the rule that it has:
/// whatever was due before was never promised. `looked` is the last moment at which any scheduler did all that was to be done.
pub fn reckon(
    schedule: &DrillSchedule,
    known: &[Occurrence],
    runs: &[ManualRun],
    since: DateTime<Utc>,
    looked: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Vec<Act> {
    let known: BTreeMap<DateTime<Utc>, &Occurrence> =
        known.iter().filter(|each| each.schedule == schedule.name).map(|each| (each.due, each)).collect();
    let after = known.keys().next_back().map_or(since, |newest| since.max(*newest));
    let mut fresh = first_starts(&schedule.when, after, now, ENTERED_MAX + 1);
    // Where there are more, none of these is the newest.
    let are_all = fresh.len() <= ENTERED_MAX;
    fresh.truncate(ENTERED_MAX);
    let mut reckoning = Reckoning { schedule, looked, now, runs: Runs::of(schedule, &known, runs), acts: (Vec::new(), Vec::new()) };
    let starts: Vec<DateTime<Utc>> = known.keys().copied().chain(fresh).collect();
    let newest = starts.iter().rev().find(|start| **start <= now).copied().filter(|_| are_all);
    for (place, due) in starts.iter().enumerate() {
        let occurrence = known.get(due).copied();
        let is_done = occurrence.is_some_and(|each| matches!(each.state, OccurrenceState::Over | OccurrenceState::Running));
        if is_done || *due > now {
            continue;
        }
        let before = place.checked_sub(1).map(|before| starts[before]);
        reckoning.one(*due, occurrence, before, starts.get(place + 1).copied(), newest == Some(*due));
    }
    let (mut entered, rest) = reckoning.acts;
    entered.extend(rest);
    entered
}

struct Reckoning<'a> {
    schedule: &'a DrillSchedule,
    looked: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    runs: Runs<'a>,
    /// What is entered, and what else is done.
    acts: (Vec<Act>, Vec<Act>),
}

impl Reckoning<'_> {
    /// What is to be done about one start that has come and is not over.
    fn one(
        &mut self,
        due: DateTime<Utc>,
        known: Option<&Occurrence>,
        before: Option<DateTime<Utc>>,
        next: Option<DateTime<Utc>>,
        is_newest: bool,
    ) {
        if let Some((drills, at)) = self.runs.keeping(self.schedule, due, before, next, self.now) {
            let told = "drilled by hand".to_owned();
            let kept = Occurrence { drills: drills.clone(), began: Some(at), ..self.over(due, OccurrenceEnd::Kept, None, told.clone()) };
            let close = Act::Close { due, end: OccurrenceEnd::Kept, reason: None, drills, told };
            return self.enter_or(known, kept, close);
        }
        let is_open = self.now < closes(self.schedule, due);
        if !is_open && (!is_newest || self.schedule.if_missed == IfMissed::Skip) {
            let (reason, told) = self.missed(due, known);
            let missed = self.over(due, OccurrenceEnd::Missed, Some(reason), told.clone());
            let close = Act::Close { due, end: OccurrenceEnd::Missed, reason: Some(reason), drills: Vec::new(), told };
            return self.enter_or(known, missed, close);
        }
        if known.is_none() {
            let (reason, told) = if is_open {
                (None, String::new())
            } else {
                let (reason, told) = self.missed(due, None);
                (Some(reason), told)
            };
            self.acts.0.push(Act::Enter(Occurrence { reason, told, ..Occurrence::new(&self.schedule.name, due) }));
        }
        let is_asked = known.is_some_and(|each| each.state == OccurrenceState::Asked);
        match self.schedule.if_missed {
            _ if is_asked => {}
            _ if is_open && self.now < begins(self.schedule, due) => {}
            _ if is_open => self.acts.1.push(Act::Begin { due, end: OccurrenceEnd::Started }),
            IfMissed::Ask => self.acts.1.push(Act::Ask { due }),
            _ => self.acts.1.push(Act::Begin { due, end: OccurrenceEnd::Late }),
        }
    }

    fn enter_or(&mut self, known: Option<&Occurrence>, enter: Occurrence, close: Act) {
        if known.is_none() { self.acts.0.push(Act::Enter(enter)) } else { self.acts.1.push(close) }
    }

    fn over(&self, due: DateTime<Utc>, end: OccurrenceEnd, reason: Option<MissReason>, told: String) -> Occurrence {
        let new = Occurrence::new(&self.schedule.name, due);
        Occurrence { state: OccurrenceState::Over, end: Some(end), reason, told, over: Some(self.now), ..new }
    }

    /// Why one was missed: what stood in its way last, or that nobody was there.
    fn missed(&self, due: DateTime<Utc>, known: Option<&Occurrence>) -> (MissReason, String) {
        let moment = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        let nobody = || match self.looked {
            Some(looked) => format!("no scheduler has looked since {}", moment(looked)),
            None => "no scheduler has looked before".to_owned(),
        };
        match known {
            Some(known) => {
                let unanswered = if known.state == OccurrenceState::Asked { "; nobody answered before the next one was due" } else { "" };
                let told = if known.told.is_empty() { nobody() } else { known.told.clone() };
                (known.reason.unwrap_or(MissReason::DaemonDown), told + unanswered)
            }
            None if self.looked.is_some_and(|looked| looked >= due) => {
                (MissReason::Invalid, "schedules were looked at then, and this one could not be read".to_owned())
            }
            None => (MissReason::DaemonDown, nobody()),
        }
    }
}

/// Drills that may keep an occurrence: of each scenario, by when they began; each keeps one.
struct Runs<'a> {
    of: Vec<Vec<&'a ManualRun>>,
    used: BTreeSet<&'a str>,
}

impl<'a> Runs<'a> {
    fn of(schedule: &DrillSchedule, known: &BTreeMap<DateTime<Utc>, &'a Occurrence>, runs: &'a [ManualRun]) -> Self {
        let counting = |scenario: &String| {
            let fits = |run: &&ManualRun| run.counts && run.environment == schedule.environment && run.scenario == *scenario;
            let mut of: Vec<&ManualRun> = runs.iter().filter(fits).collect();
            of.sort_by_key(|run| run.at);
            of
        };
        let used = known.values().flat_map(|each| each.drills.iter().map(String::as_str)).collect();
        Self { of: schedule.scenarios.iter().map(counting).collect(), used }
    }

    /// The drills that keep an occurrence, and when the first of them began.
    fn keeping(
        &mut self,
        schedule: &DrillSchedule,
        due: DateTime<Utc>,
        before: Option<DateTime<Utc>>,
        next: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(Vec<String>, DateTime<Utc>)> {
        if self.of.iter().any(Vec::is_empty) {
            return None;
        }
        let next = next.or_else(|| next_due(schedule, due));
        let before = before.or_else(|| previous(schedule, due));
        let half = before.map_or(due, |before| before + (due - before) / 2);
        // So early that the cadence would be over before the next start, it is no drill of this cycle.
        let within = schedule.cadence.and_then(|cadence| TimeDelta::from_std(cadence.std()).ok());
        let kept_until = next.zip(within).map_or(half, |(next, within)| (next - within).min(due));
        let from = half.max(kept_until);
        let until = if schedule.if_missed == IfMissed::Skip { closes(schedule, due) } else { next.unwrap_or(DateTime::<Utc>::MAX_UTC) };
        let fits = |run: &&&ManualRun| from <= run.at && run.at < until && run.at <= now && !self.used.contains(run.drill.as_str());
        let found: Option<Vec<&ManualRun>> = self.of.iter().map(|runs| runs.iter().rev().find(fits).copied()).collect();
        let found = found?;
        self.used.extend(found.iter().map(|run| run.drill.as_str()));
        let first = found.iter().map(|run| run.at).min()?;
        Some((found.into_iter().map(|run| run.drill.clone()).collect(), first))
    }
}

/// The start before one.
fn previous(schedule: &DrillSchedule, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
    const DAYS: [i64; 6] = [1, 8, 40, 130, 400, 3_000];
    let just_before = due - TimeDelta::milliseconds(1);
    DAYS.iter().find_map(|days| {
        let from = due.checked_sub_signed(TimeDelta::days(*days))?;
        first_starts(&schedule.when, from, just_before, usize::MAX).pop()
    })
}

#[cfg(test)]
mod tests;
