//! `lifeboat check`: all findings, then one line that counts. It reads the project's own files and nothing else: a project may be anybody's, so
//! it starts nothing, asks nobody and reads no secret. What only a server can tell, `doctor` asks.

use super::configurations;
use super::sarif::{self, CheckRule, CheckedFinding};
use super::terminal::note;
use super::{Exit, put};
use crate::permission::{NotPermitted, Timetable, calendars_within};
use crate::project::{Checked, Finding, Project, Severity, check as check_files};
use crate::schedule::{begins, closes, first_starts};
use crate::units::{Duration, explained};
use chrono::{DateTime, TimeDelta, Utc};
use std::path::{Path, PathBuf};

/// Validates inventory, runbooks, scenarios and schedules, each and across them. Every finding is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders; without any, everything under `runbooks/`, `scenarios/` and `schedules/`
    paths: Vec<PathBuf>,
    /// How it is told: text, json, or sarif, which code hosts show beside the lines
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: CheckFormat,
}

/// How findings are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum CheckFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For code hosts: SARIF 2.1.0
    Sarif,
}

impl std::fmt::Display for CheckFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
        })
    }
}

pub(super) fn check(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(args.paths.first().map_or(Path::new("."), PathBuf::as_path))?;
    let today = chrono::Local::now().format("%Y-%m-%d").to_string();
    let mut checked = check_files(&root, &args.paths, &today);
    let slow = configurations::findings(&root);
    let unreadable = unreadable_calendars(&root);
    let frozen = frozen_schedules(&root, Utc::now());
    if args.format != CheckFormat::Text {
        return machine_read(args.format, &checked, slow, &unreadable, &frozen);
    }
    checked.findings.extend(slow);
    for finding in &checked.findings {
        put(&format!("{finding}\n"))?;
    }
    for told in &checked.only_for_drills {
        note(told);
    }
    for told in &unreadable {
        put(&format!("error: {told}\n\n"))?;
    }
    for told in &frozen {
        put(&format!("warning: {told}\n\n"))?;
    }
    let (errors, warnings) = (checked.findings.errors() + unreadable.len(), checked.findings.warnings() + frozen.len());
    note(&format!("checked {}: {}", counts(&checked).join(", "), found(errors, warnings)));
    Ok(if checked.findings.has_errors() || !unreadable.is_empty() { Exit::Usage } else { Exit::Met })
}

fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What was looked at.
fn counts(checked: &Checked) -> Vec<String> {
    let counts = [
        count(checked.providers, "provider"),
        count(checked.services, "service"),
        count(checked.runbooks, "runbook"),
        count(checked.scenarios, "scenario"),
    ];
    counts.into_iter().chain((checked.schedules > 0).then(|| count(checked.schedules, "schedule"))).collect()
}

fn found(errors: usize, warnings: usize) -> String {
    match (errors, warnings) {
        (0, 0) => "no problems found".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

/// All of it for a program, on standard output, and nothing else there.
fn machine_read(
    format: CheckFormat,
    checked: &Checked,
    slow: Vec<Finding>,
    unreadable: &[String],
    frozen: &[String],
) -> anyhow::Result<Exit> {
    let mut all: Vec<CheckedFinding> =
        checked.findings.iter().map(|finding| CheckedFinding { rule: CheckRule::Project, finding: finding.clone() }).collect();
    all.extend(slow.into_iter().map(|finding| {
        let rule = if finding.severity == Severity::Error { CheckRule::Project } else { CheckRule::SlowCutover };
        CheckedFinding { rule, finding }
    }));
    let told = |severity: Severity, told: &String| {
        let (message, hint) = told.split_once("\n\nhint: ").unwrap_or((told, ""));
        let mut finding = Finding::unreadable_configuration("runbooks/inventory.yaml", message, hint);
        finding.severity = severity;
        CheckedFinding { rule: CheckRule::Permission, finding }
    };
    all.extend(unreadable.iter().map(|text| told(Severity::Error, text)));
    all.extend(frozen.iter().map(|text| told(Severity::Warning, text)));
    let has_errors = all.iter().any(|each| each.finding.severity == Severity::Error);
    let Checked { providers, services, runbooks, scenarios, schedules, .. } = checked;
    let counts = serde_json::json!({
        "providers": providers, "services": services, "runbooks": runbooks, "scenarios": scenarios, "schedules": schedules,
    });
    let document = if format == CheckFormat::Sarif { sarif::sarif(&all) } else { sarif::plain(&all, &counts) };
    put(&format!("{document:#}\n"))?;
    Ok(if has_errors { Exit::Usage } else { Exit::Met })
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
