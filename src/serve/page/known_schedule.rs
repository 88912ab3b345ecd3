//! Schedules with what is known of them: what is next, what was kept last, what is overdue.

use super::occurrences::occurrences;
use super::problem::PageProblem;
use super::project::seen;
use crate::model::DrillSchedule;
use crate::permission::Zone;
use crate::schedule::{ManualRun, Occurrence, Standing, standing};
use crate::serve::App;
use crate::store::{DrillQuery, DrillState, RunKind};
use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

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
    pub(super) standing: Standing,
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
    let (schedules, problems, files) = seen(app, |project| {
        let (schedules, problems) = project.schedules();
        (schedules.to_vec(), problems.to_vec(), project.scenario_names())
    })
    .await?;
    let known = occurrences(app, None, now - BACK, now).await?;
    let since = first_seen(app).await?;
    let runs = runs(app, now).await?;
    let all = schedules.into_iter().map(|schedule| {
        let occurrences: Vec<Occurrence> = known.iter().filter(|each| each.schedule == schedule.name).cloned().collect();
        let runs = files.runs_of(&schedule, &runs);
        let since = since.get(&schedule.name).copied().or_else(|| occurrences.first().map(|first| first.due)).unwrap_or(now);
        let standing = standing(&schedule, &occurrences, &runs, since, now);
        KnownSchedule { schedule, standing, occurrences }
    });
    Ok(KnownSchedules { all: all.collect(), problems })
}
