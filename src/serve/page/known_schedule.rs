//! Schedules with what is known of them: what is next, what was kept last, what is overdue.

use super::occurrences::{first_seen, occurrences};
use super::problem::PageProblem;
use super::project::seen;
use crate::model::DrillSchedule;
use crate::permission::Zone;
use crate::schedule::{Occurrence, OccurrenceEnd, next_due};
use crate::serve::App;
use crate::store::{DrillEntry, DrillQuery, RunKind};
use crate::verdict::Decision;
use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// How far back occurrences are looked at.
const BACK: TimeDelta = TimeDelta::days(400);
/// So many drills that somebody ran by hand are looked through.
const RUNS: u64 = 2_000;

/// A schedule with what is known of it.
#[derive(Debug)]
pub(super) struct KnownSchedule {
    /// As it is written.
    pub(super) schedule: DrillSchedule,
    /// How it stands.
    pub(super) standing: ScheduleStanding,
    /// The times that it was due, the oldest first.
    pub(super) occurrences: Vec<Occurrence>,
}

/// All schedules of the project.
#[derive(Debug)]
pub(super) struct KnownSchedules {
    /// By their names.
    pub(super) all: Vec<KnownSchedule>,
    /// What is wrong in their files.
    pub(super) problems: Vec<String>,
}

impl KnownSchedule {
    /// A moment on the clocks of the schedule's place: `Tue 2026-05-12 10:00 CEST`.
    pub(super) fn told(&self, at: DateTime<Utc>) -> Markup {
        let zone = Zone::named(&self.schedule.when.zone);
        html! { time datetime=(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (zone.told(at)) } }
    }
}

/// All of them as they stand at a moment.
///
/// # Errors
/// Where the store does not answer.
pub(super) async fn known_schedules(app: &App, now: DateTime<Utc>) -> Result<KnownSchedules, PageProblem> {
    let (schedules, problems, names) = seen(app, |project| {
        let (schedules, problems) = project.schedules().clone();
        // A schedule names files, a drill the scenario in one.
        let names: BTreeMap<String, String> = if schedules.is_empty() {
            BTreeMap::new()
        } else {
            let places: BTreeSet<&String> = schedules.iter().map(|schedule| &schedule.environment).collect();
            let planned = places.into_iter().flat_map(|place| project.planned(place).to_vec());
            planned.map(|planned| (planned.file, planned.name)).collect()
        };
        (schedules, problems, names)
    })
    .await?;
    if schedules.is_empty() {
        return Ok(KnownSchedules { all: Vec::new(), problems });
    }
    let known = occurrences(app, None, now - BACK, now).await?;
    let since = first_seen(app).await?;
    let query = DrillQuery { kind: Some(RunKind::Drill), since: Some(now - BACK), limit: Some(RUNS), ..DrillQuery::default() };
    let runs = app.store().drills(&query).await?;
    let all = schedules.into_iter().map(|schedule| {
        let occurrences: Vec<Occurrence> = known.iter().filter(|each| each.schedule == schedule.name).cloned().collect();
        let first = occurrences.first().map(|first| first.due);
        let since = since.get(&schedule.name).copied().or(first).unwrap_or(now);
        let standing = ScheduleStanding::of(&schedule, &occurrences, last_run(&schedule, &names, &runs), since, now);
        KnownSchedule { schedule, standing, occurrences }
    });
    Ok(KnownSchedules { all: all.collect(), problems })
}

/// The last drill by hand that counts for a schedule: one of its scenarios, in its environment, that was judged.
fn last_run(schedule: &DrillSchedule, names: &BTreeMap<String, String>, runs: &[DrillEntry]) -> Option<DateTime<Utc>> {
    let files = schedule.scenarios.iter().map(|file| file.trim_start_matches("./"));
    let wanted: BTreeSet<&String> = files.filter_map(|file| names.get(file)).collect();
    let counts = |run: &&DrillEntry| {
        run.environment == schedule.environment
            && wanted.contains(&run.scenario)
            && matches!(run.verdict, Some(Decision::Met | Decision::Missed))
    };
    runs.iter().filter(counts).map(|run| run.started).max()
}

/// How a schedule stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScheduleStanding {
    /// When it is due next; `None` where it never is again.
    pub(super) next: Option<DateTime<Utc>>,
    /// When something counted for it last.
    pub(super) last_kept: Option<DateTime<Utc>>,
    /// Since when it is overdue.
    pub(super) overdue: Option<DateTime<Utc>>,
    /// True where nothing ever counted for it.
    pub(super) never: bool,
}

impl ScheduleStanding {
    // SEAM(standing): `schedule::standing` says the same.
    fn of(schedule: &DrillSchedule, known: &[Occurrence], run: Option<DateTime<Utc>>, since: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let kept = |each: &&Occurrence| !each.interrupted && matches!(each.end, Some(OccurrenceEnd::Started | OccurrenceEnd::Late | OccurrenceEnd::Kept));
        let last_kept = known.iter().filter(kept).map(|each| each.began.unwrap_or(each.due)).max().max(run);
        let within = schedule.cadence.and_then(|cadence| TimeDelta::from_std(cadence.std()).ok());
        let until = within.and_then(|within| last_kept.unwrap_or(since).checked_add_signed(within));
        Self { next: next_due(schedule, now), last_kept, overdue: until.filter(|until| *until < now), never: last_kept.is_none() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::page::tests::schedule;
    use crate::units::Duration;

    #[test]
    fn a_schedule_is_overdue_once_nothing_counted_for_longer_than_its_cadence() {
        let mut chat = schedule("chat");
        chat.cadence = Some(Duration::from_secs(100 * 86_400));
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (since, now) = (at("2026-01-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
        let never = ScheduleStanding::of(&chat, &[], None, since, now);
        assert!(never.never && never.overdue == Some(at("2026-04-11T00:00:00Z")), "{never:?}");
        let by_hand = ScheduleStanding::of(&chat, &[], Some(at("2026-05-01T00:00:00Z")), since, now);
        assert!(!by_hand.never && by_hand.overdue.is_none() && by_hand.next.is_some(), "{by_hand:?}");
        chat.cadence = None;
        assert_eq!(ScheduleStanding::of(&chat, &[], None, since, now).overdue, None);
    }
}
