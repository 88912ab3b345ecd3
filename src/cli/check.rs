//! `lifeboat check`: all findings, then one line that counts. It reads the project's own files and nothing else: a project may be anybody's, so
//! it starts nothing, asks nobody and reads no secret. What only a server can tell, `doctor` asks.

use super::terminal::note;
use super::{Exit, put};
use crate::permission::{NotPermitted, Timetable, calendars_within};
use crate::project::{Project, check as check_files};
use crate::schedule::{begins, closes, first_starts};
use crate::units::{Duration, explained};
use chrono::{DateTime, TimeDelta, Utc};
use std::path::{Path, PathBuf};

/// Validates inventory, runbooks, scenarios and schedules, each and across them. Every finding is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders; without any, everything under `runbooks/`, `scenarios/` and `schedules/`
    paths: Vec<PathBuf>,
}

pub(super) fn check(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(args.paths.first().map_or(Path::new("."), PathBuf::as_path))?;
    let today = chrono::Local::now().format("%Y-%m-%d").to_string();
    let checked = check_files(&root, &args.paths, &today);
    for finding in &checked.findings {
        put(&format!("{finding}\n"))?;
    }
    for told in &checked.only_for_drills {
        note(told);
    }
    let unreadable = unreadable_calendars(&root);
    for told in &unreadable {
        put(&format!("error: {told}\n\n"))?;
    }
    let frozen = frozen_schedules(&root, Utc::now());
    for told in &frozen {
        put(&format!("warning: {told}\n\n"))?;
    }
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let counts = [
        count(checked.providers, "provider"),
        count(checked.services, "service"),
        count(checked.runbooks, "runbook"),
        count(checked.scenarios, "scenario"),
    ];
    let counts = counts.into_iter().chain((checked.schedules > 0).then(|| count(checked.schedules, "schedule"))).collect::<Vec<_>>();
    let (errors, warnings) = (checked.findings.errors() + unreadable.len(), checked.findings.warnings() + frozen.len());
    let found = match (errors, warnings) {
        (0, 0) => "no problems found".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    note(&format!("checked {}: {found}", counts.join(", ")));
    Ok(if checked.findings.has_errors() || !unreadable.is_empty() { Exit::Usage } else { Exit::Met })
}

/// Schedules that no time of the coming year finds outside of freezes, as far as the project's own files tell them.
fn frozen_schedules(root: &Path, now: DateTime<Utc>) -> Vec<String> {
    const LOOKED_AT: usize = 200;
    let project = Project::open(root).0;
    let mut told = Vec::new();
    for schedule in project.schedules().0 {
        let Some(place) = project.inventory.environments.get(&schedule.environment) else { continue };
        let calendars: Vec<_> = calendars_within(&place.allow, root).into_iter().filter_map(|(_, read)| read?.calendar.ok()).collect();
        // What hours alone forbid was found already.
        if calendars.is_empty() {
            continue;
        }
        let timetable = Timetable::new(&schedule.environment, Vec::new(), calendars);
        let starts = first_starts(&schedule.when, now, now + TimeDelta::days(366), LOOKED_AT);
        let begins = |start: &DateTime<Utc>| {
            let next = timetable.next(begins(&schedule, *start), Duration::from_secs(60));
            next.is_ok_and(|next| next.is_some_and(|next| next < closes(&schedule, *start)))
        };
        if !starts.is_empty() && !starts.iter().any(begins) {
            let (name, environment) = (&schedule.name, &schedule.environment);
            told.push(format!(
                "`{name}` cannot begin within a year: freezes of `{environment}` hold each of its times\n\nhint: `lifeboat schedule preview {name}` shows which"
            ));
        }
    }
    told
}

/// Calendars among the project's files that cannot be read, and so would stop every drill.
fn unreadable_calendars(root: &Path) -> Vec<String> {
    let project = Project::open(root).0;
    let environments = project.inventory.environments.iter();
    let read = environments.flat_map(|(name, environment)| {
        let read = calendars_within(&environment.allow, root).into_iter().filter_map(|(_, read)| read);
        read.filter_map(|read| {
            let problem = read.calendar.err()?;
            Some(explained(&NotPermitted::Calendar { environment: name.clone(), calendar: read.name, problem }))
        })
    });
    read.collect()
}
