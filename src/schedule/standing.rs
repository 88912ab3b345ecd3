//! How a schedule stands at a moment: when it is due next, when it was last drilled, and since when that is too long ago.
//!
//! It was drilled when an occurrence began that was not interrupted and whose drills count, or when the last of its scenarios was drilled by hand in
//! its environment. It is overdue once its cadence has passed since then or, where it never was drilled, since it was first seen.

use super::occurrence::{Occurrence, OccurrenceEnd, OccurrenceState};
use super::reckon::ManualRun;
use super::starts::next_due;
use super::window::after;
use crate::model::DrillSchedule;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// How a schedule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleStanding {
    /// When it is due next.
    pub next: Option<DateTime<Utc>>,
    /// When something was last drilled that counts.
    pub last_kept: Option<DateTime<Utc>>,
    /// Since when it is overdue.
    pub overdue: Option<DateTime<Utc>>,
    /// Nothing that counts was ever drilled.
    pub never: bool,
}

/// How a schedule stands at a moment. `since` is when it was first seen.
pub fn standing(
    schedule: &DrillSchedule,
    known: &[Occurrence],
    runs: &[ManualRun],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> ScheduleStanding {
    let last_kept = of_occurrences(schedule, known, runs).max(by_hand(schedule, runs, now));
    let overdue = schedule.cadence.map(|cadence| after(last_kept.unwrap_or(since), cadence)).filter(|at| *at <= now);
    ScheduleStanding { next: next_due(schedule, now), last_kept, overdue, never: last_kept.is_none() }
}

fn of_occurrences(schedule: &DrillSchedule, known: &[Occurrence], runs: &[ManualRun]) -> Option<DateTime<Utc>> {
    let worthless: BTreeSet<&str> = runs.iter().filter(|run| !run.counts).map(|run| run.drill.as_str()).collect();
    let counts = |each: &&Occurrence| {
        let is_done = each.state == OccurrenceState::Over && each.end.is_some_and(|end| end != OccurrenceEnd::Missed) && !each.interrupted;
        is_done && each.schedule == schedule.name && !each.drills.iter().any(|drill| worthless.contains(drill.as_str()))
    };
    known.iter().filter(counts).map(|each| each.began.unwrap_or(each.due)).max()
}

/// When all of its scenarios had been drilled lately: of their newest drills the oldest.
fn by_hand(schedule: &DrillSchedule, runs: &[ManualRun], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let newest = |scenario: &String| {
        let fits = |run: &&ManualRun| run.counts && run.environment == schedule.environment && run.scenario == *scenario && run.at <= now;
        runs.iter().filter(fits).map(|run| run.at).max()
    };
    schedule.scenarios.iter().map(newest).min().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Duration;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    #[test]
    fn it_is_overdue_once_its_cadence_has_passed_since_what_counts() {
        let mut schedule = crate::schedule::example("second Tuesday of every quarter, 10:00 UTC");
        schedule.cadence = Some(Duration::from_secs(100 * 86_400));
        schedule.scenarios.push("scenarios/other.yaml".to_owned());
        let run = |drill: &str, scenario: &str, day: &str, counts: bool| ManualRun {
            drill: drill.to_owned(),
            scenario: format!("scenarios/{scenario}.yaml"),
            environment: "lab".to_owned(),
            at: at(day),
            counts,
        };
        let since = at("2026-01-01T00:00");
        let stands = |known: &[Occurrence], runs: &[ManualRun], now: &str| standing(&schedule, known, runs, since, at(now));
        let never = stands(&[], &[], "2026-04-01T00:00");
        assert_eq!((never.next, never.last_kept, never.overdue, never.never), (Some(at("2026-04-14T10:00")), None, None, true));
        assert_eq!(stands(&[], &[], "2026-05-01T00:00").overdue, Some(at("2026-04-11T00:00")));
        // One of two scenarios is not enough; both are, as old as the older one.
        let runs = [
            run("a", "outage", "2026-03-01T00:00", true),
            run("b", "other", "2026-03-05T00:00", true),
            run("c", "other", "2026-04-05T00:00", false),
        ];
        assert_eq!(stands(&[], &runs[..1], "2026-05-01T00:00").last_kept, None);
        assert_eq!(stands(&[], &runs, "2026-05-01T00:00").last_kept, Some(at("2026-03-01T00:00")));
        assert_eq!(stands(&[], &runs, "2026-06-10T00:00").overdue, Some(at("2026-06-09T00:00")));
        // An occurrence counts unless it was missed, interrupted, or its drill was worth nothing.
        let due = at("2026-04-14T10:00");
        let over = |end| Occurrence { state: OccurrenceState::Over, end: Some(end), ..Occurrence::new("example", due) };
        let kept = |known: Occurrence| stands(&[known], &runs[2..], "2026-05-01T00:00").last_kept;
        assert_eq!(kept(over(OccurrenceEnd::Started)), Some(due));
        assert_eq!(kept(over(OccurrenceEnd::Missed)), None);
        assert_eq!(kept(Occurrence { interrupted: true, ..over(OccurrenceEnd::Late) }), None);
        assert_eq!(kept(Occurrence { drills: vec!["c".to_owned()], ..over(OccurrenceEnd::Started) }), None);
        assert_eq!(kept(Occurrence { state: OccurrenceState::Running, ..over(OccurrenceEnd::Started) }), None);
    }
}
