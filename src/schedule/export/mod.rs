//! Schedules as what people already run: crontab, systemd timers, Kubernetes CronJobs, GitHub Actions, GitLab CI, and a calendar for people.
//! Settings in, bytes out.
//!
//! ```text
//!  calendar_rule  a schedule's days as months, days and weekdays: found from the days themselves, over a whole cycle of 28 years
//!  cron_line      five fields of cron and what they cannot say: a guard in the shell
//!  invocation     the command that each of them starts
//!  crontab, systemd, kubernetes, github, gitlab, ical (with vtimezone)   a target a file
//! ```
//!
//! Fields of cron cannot say "the second Tuesday": where both the day of the month and the day of the week are restricted, either is enough. So a
//! line restricts one, and a guard asks for the other. What has no rule (every second week) becomes dates, for two years.
//!
//! What this room does not do: write files, or ask what a host's cron understands.

mod calendar_rule;
mod cron_line;
mod crontab;
mod github;
mod gitlab;
mod ical;
mod invocation;
mod kubernetes;
mod systemd;
mod vtimezone;

use crate::model::{DrillSchedule, words};
use crate::units::{Problem, ZoneName};
use chrono::{DateTime, NaiveDate, Utc};

words! {
    /// What a schedule is written as.
    ExportTarget {
        /// Lines of a crontab.
        Crontab = "crontab",
        /// A timer and a service of systemd.
        Systemd = "systemd",
        /// A CronJob of Kubernetes.
        Kubernetes = "kubernetes",
        /// A workflow of GitHub Actions.
        Github = "github",
        /// A job of GitLab CI.
        Gitlab = "gitlab",
        /// A calendar (RFC 5545).
        Ical = "ical",
    }
}

/// What an export needs to know besides the schedules.
#[derive(Debug, Clone)]
pub struct ExportSettings {
    /// How `lifeboat` is called there.
    pub program: String,
    /// The project's folder there.
    pub root: String,
    /// Dates are written from this day on.
    pub from: NaiveDate,
    /// When the schedules were changed last: a calendar's revision.
    pub changed: DateTime<Utc>,
    /// By which clock the host's cron goes, where it does not know `CRON_TZ`.
    pub host_zone: Option<ZoneName>,
    /// The container's image.
    pub image: String,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its name, with the folders that it belongs into.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Schedules as something else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    /// Its files.
    pub files: Vec<ExportedFile>,
    /// What is not as in the schedule, for whoever puts them to use. The files say it too.
    pub notes: Vec<String>,
}

/// Schedules as something that others run or show.
///
/// # Errors
/// Where the target cannot say what a schedule says.
pub fn export(target: ExportTarget, schedules: &[DrillSchedule], settings: &ExportSettings) -> Result<Exported, Problem> {
    match target {
        ExportTarget::Crontab => crontab::exported(schedules, settings),
        ExportTarget::Systemd => systemd::exported(schedules, settings),
        ExportTarget::Kubernetes => kubernetes::exported(schedules, settings),
        ExportTarget::Github => github::exported(schedules, settings),
        ExportTarget::Gitlab => gitlab::exported(schedules, settings),
        ExportTarget::Ical => ical::exported(schedules, settings),
    }
}

/// A name as hosts' and objects' names are: small letters, digits and dashes, at most so many. One that had to be changed gets a part of its hash.
fn object_name(name: &str, most: usize) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let plain: String = name.chars().map(safe).collect();
    let plain = plain.trim_matches('-').to_owned();
    if plain == name && plain.len() <= most {
        return plain;
    }
    let hash = &crate::units::sha256_hex(name.as_bytes())[..8];
    let short: String = plain.chars().take(most.saturating_sub(9)).collect();
    format!("{}-{hash}", short.trim_end_matches('-')).trim_start_matches('-').to_owned()
}

/// What is told of each file's origin, in comments.
fn origin(schedule: &DrillSchedule) -> String {
    format!("{}: {}, by the clocks of {}", schedule.name, crate::units::one_line(&schedule.when.text), schedule.when.zone)
}

/// What the targets that start drills leave to people: approvals.
fn approval_note(schedule: &DrillSchedule) -> Option<String> {
    let approval = schedule.approval.as_ref()?;
    let by = approval.by.join(", ");
    Some(format!(
        "{} wants an approval by {by}: without `--approval FILE` a protected environment lets no drill begin, and it exits with 4",
        schedule.name
    ))
}
