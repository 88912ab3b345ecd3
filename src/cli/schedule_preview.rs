//! `lifeboat schedule preview`: the times at which schedules are due, by their own clocks, with what would stand in the way of each as far as hours and
//! freezes tell it today.

use super::named_schedules::{ScheduleFormat, WIDTH, fit, named};
use super::{Exit, note, put, say, until_interrupted};
use crate::model::DrillSchedule;
use crate::permission::{NotPermitted, Timetable, takes};
use crate::project::Project;
use crate::schedule::{begins, closes, starts_of_days, told_local, told_zoned};
use crate::units::{Duration, counted, explained};
use chrono::{DateTime, Days, Local, NaiveDate, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// Of one schedule at most so many times are listed.
const ROWS_MAX: usize = 2_000;

/// Lists the times at which schedules are due, by the clocks of their zones, and marks those at which nothing may begin.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// These schedules; without a name, all of them
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// The first day, for example 2027-01-01; without it today
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last day; without it a year after the first
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = ScheduleFormat::Table)]
    format: ScheduleFormat,
}

const EXAMPLES: &str = "Examples:
  lifeboat schedule preview
  lifeboat schedule preview support-chat-quarterly --from 2027-01-01 --to 2027-12-31
  lifeboat schedule preview --format json";

pub(super) fn preview(args: Args) -> anyhow::Result<Exit> {
    let from = args.from.unwrap_or_else(|| Local::now().date_naive());
    let to = args.to.unwrap_or_else(|| from.checked_add_days(Days::new(365)).unwrap_or(from));
    if to < from {
        say(&format!("error: {to} is before {from}\n\nhint: give the first day with `--from`, and the last with `--to`"));
        return Ok(Exit::Usage);
    }
    until_interrupted("stopping", move |_| async move { listed(&args, from, to).await })
}

/// A time at which a schedule is due.
#[derive(Debug, Serialize)]
struct PreviewRow<'a> {
    schedule: &'a str,
    due: DateTime<Utc>,
    local: String,
    zone: &'a str,
    /// When it begins: after its jitter, or once it may.
    begins: Option<DateTime<Utc>>,
    /// What stands in its way: `freeze` or `hours`.
    stands: Option<&'static str>,
    /// The same in words.
    told: String,
}

async fn listed(args: &Args, from: NaiveDate, to: NaiveDate) -> anyhow::Result<Exit> {
    let (project, schedules, exit) = named(&args.names)?;
    let mut timetables: BTreeMap<&str, Timetable> = BTreeMap::new();
    let mut rows: Vec<PreviewRow<'_>> = Vec::new();
    for schedule in &schedules {
        let environment = schedule.environment.as_str();
        if !timetables.contains_key(environment) {
            timetables.insert(environment, timetable(&project, environment).await);
        }
        let starts = starts_of_days(schedule, from, to, ROWS_MAX);
        if starts.len() == ROWS_MAX {
            note(&format!("of `{}` the first {ROWS_MAX} times are listed", schedule.name));
        }
        let takes = length(&project, schedule);
        rows.extend(starts.into_iter().map(|due| row(schedule, due, &timetables[environment], takes)));
    }
    rows.sort_by(|one, other| (one.due, one.schedule).cmp(&(other.due, other.schedule)));
    match args.format {
        ScheduleFormat::Json => put(&(serde_json::to_string_pretty(&rows)? + "\n"))?,
        ScheduleFormat::Table => put(&table(&rows, &schedules))?,
    }
    Ok(exit)
}

/// When drills may run in an environment. A calendar that cannot be read is told of, and then marks nothing.
async fn timetable(project: &Project, environment: &str) -> Timetable {
    let Some(place) = project.inventory.environments.get(environment) else { return Timetable::default() };
    match Timetable::of_environment(environment, &place.allow, &project.root).await {
        Ok(timetable) => timetable,
        Err(error) => {
            note(&format!("warning: {}", explained(&error)));
            Timetable::new(environment, place.allow.hours.clone(), Vec::new())
        }
    }
}

/// How long its drills take at most, one after the other; a minute where that cannot be told.
fn length(project: &Project, schedule: &DrillSchedule) -> Duration {
    let of = |path: &String| project.plan(&project.root.join(path), &schedule.environment).ok().map(|(plan, _)| takes(&plan));
    schedule.scenarios.iter().map(of).try_fold(Duration::ZERO, |sum, each| Some(sum.plus(each?))).unwrap_or(Duration::from_secs(60))
}

fn row<'a>(schedule: &'a DrillSchedule, due: DateTime<Utc>, timetable: &Timetable, takes: Duration) -> PreviewRow<'a> {
    let at = begins(schedule, due);
    let (begins, stands, told) = match timetable.permits(at, takes) {
        Ok(()) => (Some(at), None, String::new()),
        Err(refusal) => {
            let (word, told) = match &refusal {
                NotPermitted::Frozen { freeze, .. } => ("freeze", format!("frozen: {}", freeze.replace('`', ""))),
                _ => ("hours", "outside the hours".to_owned()),
            };
            let later = timetable.next(at, takes).ok().flatten().filter(|next| *next < closes(schedule, due));
            match later {
                Some(later) => (Some(later), Some(word), format!("{told}; begins {}", &told_local(&schedule.when, later)[15..])),
                None => (None, Some(word), told),
            }
        }
    };
    let (schedule_name, zone) = (schedule.name.as_str(), schedule.when.zone.as_str());
    PreviewRow { schedule: schedule_name, due, local: told_zoned(&schedule.when, due), zone, begins, stands, told }
}

fn table(rows: &[PreviewRow<'_>], schedules: &[DrillSchedule]) -> String {
    let mut text = String::new();
    for row in rows {
        let line = format!("{:<26} {:<25} {}", fit(&row.local, 26), fit(row.schedule, 25), fit(&row.told, WIDTH - 53));
        text += line.trim_end();
        text.push('\n');
    }
    let held = rows.iter().filter(|row| row.begins.is_none()).count();
    let held = if held > 0 { format!(", at {held} of them nothing may begin") } else { String::new() };
    let times = counted(rows.len() as u64, "time");
    text + &format!("{}{times} of {}{held}\n", if rows.is_empty() { "" } else { "\n" }, counted(schedules.len() as u64, "schedule"))
}
