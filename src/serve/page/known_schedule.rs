//! Schedules with what is known of them: what is next, what was kept last, what is overdue.

use super::occurrences::{first_seen, occurrences};
use super::problem::PageProblem;
use super::project::seen;
use crate::model::DrillSchedule;
use crate::permission::Zone;
use crate::schedule::{ManualRun, Occurrence, ScheduleStanding, standing};
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
    let (schedules, problems, files) = seen(app, |project| {
        let (schedules, problems) = project.schedules().clone();
        // A schedule names files, a drill the scenario in one.
        let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let places: BTreeSet<&String> = schedules.iter().map(|schedule| &schedule.environment).collect();
        for planned in places.into_iter().flat_map(|place| project.planned(place).to_vec()) {
            let written =
                schedules.iter().flat_map(|schedule| &schedule.scenarios).filter(|file| file.trim_start_matches("./") == planned.file);
            files.entry(planned.name).or_default().extend(written.cloned());
        }
        files.values_mut().for_each(|files| {
            files.sort();
            files.dedup();
        });
        (schedules, problems, files)
    })
    .await?;
    if schedules.is_empty() {
        return Ok(KnownSchedules { all: Vec::new(), problems });
    }
    let known = occurrences(app, None, now - BACK, now).await?;
    let since = first_seen(app).await?;
    let query = DrillQuery { kind: Some(RunKind::Drill), since: Some(now - BACK), limit: Some(RUNS), ..DrillQuery::default() };
    let runs = manual_runs(&files, &app.store().drills(&query).await?);
    let all = schedules.into_iter().map(|schedule| {
        let occurrences: Vec<Occurrence> = known.iter().filter(|each| each.schedule == schedule.name).cloned().collect();
        let first = occurrences.first().map(|first| first.due);
        let since = since.get(&schedule.name).copied().or(first).unwrap_or(now);
        let standing = standing(&schedule, &occurrences, &runs, since, now);
        KnownSchedule { schedule, standing, occurrences }
    });
    Ok(KnownSchedules { all: all.collect(), problems })
}

/// The drills of a project's scenarios, as schedules count them: by the scenario's file.
fn manual_runs(files: &BTreeMap<String, Vec<String>>, drills: &[DrillEntry]) -> Vec<ManualRun> {
    let of = |drill: &DrillEntry| {
        let run = |file: &String| ManualRun {
            drill: drill.id.clone(),
            scenario: file.clone(),
            environment: drill.environment.clone(),
            at: drill.started,
            counts: matches!(drill.verdict, Some(Decision::Met | Decision::Missed)),
        };
        files.get(&drill.scenario).into_iter().flatten().map(run).collect::<Vec<_>>()
    };
    drills.iter().flat_map(of).collect()
}
