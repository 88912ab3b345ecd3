//! Schedules with what is known of them: what is next, what was kept last, what is overdue.

use super::problem::PageProblem;
use super::project::looked;
use crate::model::DrillSchedule;
use crate::permission::Zone;
use crate::schedule::{Occurrence, ScheduleStanding};
use crate::scheduler::{ScheduleFacts, schedule_facts};
use crate::serve::App;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

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
    let project = looked(app).await?;
    let problems = project.schedules().1.clone();
    if project.schedules().0.is_empty() {
        return Ok(KnownSchedules { all: Vec::new(), problems });
    }
    let of = |facts: ScheduleFacts| KnownSchedule { schedule: facts.schedule, standing: facts.standing, occurrences: facts.known };
    let all = schedule_facts(app.store(), &project, now).await?.into_iter().map(of).collect();
    Ok(KnownSchedules { all, problems })
}
