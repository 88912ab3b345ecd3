//! `lifeboat schedule`: what is due next, what is overdue, what was never drilled. Its exit code lets a pipeline shout.

use super::named_schedules::{ScheduleFormat, WIDTH, fit, named};
use super::stored::StoreOption;
use super::{Exit, note, put, schedule_defer, schedule_export, schedule_late, schedule_preview, until_interrupted};
use crate::model::DrillSchedule;
use crate::schedule::{Occurrence, OccurrenceEnd, OccurrenceState, ScheduleStanding, told_zoned};
use crate::scheduler::{ScheduleFacts, SeenProjects, drill_facts};
use crate::units::counted;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Shows of each schedule when it is due next, when it was last drilled, and whether it is overdue. Exits with 1 where one is.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<ScheduleCommand>,
    /// These schedules; without a name, all of them
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// As what it is written
    #[arg(long, value_enum, default_value_t = ScheduleFormat::Table)]
    format: ScheduleFormat,
    #[command(flatten)]
    store: StoreOption,
}

const EXAMPLES: &str = "Examples:
  lifeboat schedule
  lifeboat schedule support-chat-quarterly --format json
  lifeboat schedule preview --from 2027-01-01 --to 2027-12-31

`lifeboat help schedules` tells how a schedule is written, and what counts as drilled.";

#[derive(Debug, clap::Subcommand)]
enum ScheduleCommand {
    /// List the times at which schedules are due, and those at which nothing may begin
    Preview(schedule_preview::Args),
    /// Write schedules for crontab, systemd, Kubernetes, GitHub Actions, GitLab CI, or as a calendar
    Export(schedule_export::Args),
    /// Record that what is due in a quarter is done later: who decided it, why and until when
    Defer(schedule_defer::Args),
    /// Say whether a drill whose window has passed is to run though it is late
    Late(schedule_late::Args),
}

pub(super) fn schedule(args: Args) -> anyhow::Result<Exit> {
    match args.command {
        Some(ScheduleCommand::Preview(args)) => schedule_preview::preview(args),
        Some(ScheduleCommand::Export(args)) => schedule_export::export(&args),
        Some(ScheduleCommand::Defer(args)) => schedule_defer::defer(&args),
        Some(ScheduleCommand::Late(args)) => schedule_late::late(&args),
        None => until_interrupted("stopping", move |_| async move { stand(&args).await }),
    }
}

/// How a schedule stands, as it is written.
#[derive(Debug, Serialize)]
struct ScheduleRow<'a> {
    schedule: &'a str,
    environment: &'a str,
    scenarios: &'a [String],
    rule: &'a str,
    zone: &'a str,
    next: Option<DateTime<Utc>>,
    last_kept: Option<DateTime<Utc>>,
    overdue_since: Option<DateTime<Utc>>,
    never_drilled: bool,
    /// The newest time that it was due.
    newest: Option<&'a Occurrence>,
}

async fn stand(args: &Args) -> anyhow::Result<Exit> {
    let (project, schedules, exit) = named(&args.names)?;
    let now = Utc::now();
    if schedules.is_empty() {
        if matches!(args.format, ScheduleFormat::Json) {
            put("[]\n")?;
        }
        if exit == Exit::Met {
            note("there is no schedule; `lifeboat help schedules` tells how to write one");
        }
        return Ok(exit);
    }
    let store = args.store.index(&project.root).await?;
    let known = drill_facts(&store, &SeenProjects::default().look(&project.root), now).await?.schedules;
    let kept: Vec<ScheduleFacts> =
        known.into_iter().filter(|each| schedules.iter().any(|named| named.name == each.schedule.name)).collect();
    let schedules: Vec<DrillSchedule> = kept.iter().map(|each| each.schedule.clone()).collect();
    let stands: Vec<ScheduleStanding> = kept.iter().map(|each| each.standing).collect();
    match args.format {
        ScheduleFormat::Json => {
            let rows: Vec<ScheduleRow<'_>> =
                schedules.iter().zip(&stands).zip(&kept).map(|((schedule, stands), kept)| row(schedule, *stands, kept, now)).collect();
            put(&(serde_json::to_string_pretty(&rows)? + "\n"))?;
        }
        ScheduleFormat::Table => {
            let newest: Vec<Option<&Occurrence>> = kept.iter().map(|kept| newest(kept, now)).collect();
            put(&table(&schedules, &stands, &newest, now))?;
        }
    }
    let is_overdue = stands.iter().any(|stands| stands.overdue.is_some());
    Ok(if is_overdue { exit.max(Exit::Missed) } else { exit })
}

fn newest(record: &ScheduleFacts, now: DateTime<Utc>) -> Option<&Occurrence> {
    record.known.iter().filter(|each| each.due <= now).max_by_key(|each| each.due)
}

fn row<'a>(schedule: &'a DrillSchedule, stands: ScheduleStanding, record: &'a ScheduleFacts, now: DateTime<Utc>) -> ScheduleRow<'a> {
    ScheduleRow {
        schedule: &schedule.name,
        environment: &schedule.environment,
        scenarios: &schedule.scenarios,
        rule: &schedule.when.text,
        zone: schedule.when.zone.as_str(),
        next: stands.next,
        last_kept: stands.last_kept,
        overdue_since: stands.overdue,
        never_drilled: stands.never,
        newest: newest(record, now),
    }
}

fn table(schedules: &[DrillSchedule], stands: &[ScheduleStanding], newest: &[Option<&Occurrence>], now: DateTime<Utc>) -> String {
    let mut text = line(["schedule", "next", "drilled", "stands"]);
    for ((schedule, stands), newest) in schedules.iter().zip(stands).zip(newest) {
        let next = stands.next.map_or_else(|| "never again".to_owned(), |next| told_zoned(&schedule.when, next));
        let drilled = stands.last_kept.map_or_else(|| "never".to_owned(), |last| last.format("%Y-%m-%d").to_string());
        text += &line([&schedule.name, &next, &drilled, &stood(*stands, now)]);
        text += &newest
            .and_then(|newest| told_newest(schedule, newest))
            .map_or_else(String::new, |told| format!("  {}\n", fit(&told, WIDTH - 2)));
    }
    let count = |holds: fn(&ScheduleStanding) -> bool| stands.iter().filter(|stands| holds(stands)).count();
    let (overdue, never) = (count(|stands| stands.overdue.is_some()), count(|stands| stands.never));
    let some = |count: usize, what: &str| if count > 0 { format!(", {count} {what}") } else { String::new() };
    text + &format!("\n{}{}{}\n", counted(schedules.len() as u64, "schedule"), some(overdue, "overdue"), some(never, "never drilled"))
}

/// How it stands in a few words.
fn stood(stands: ScheduleStanding, now: DateTime<Utc>) -> String {
    match stands.overdue {
        Some(since) if (now - since).num_days() == 0 => "overdue".to_owned(),
        Some(since) => format!("overdue for {} d", (now - since).num_days()),
        None if stands.never => "never drilled".to_owned(),
        None => "kept".to_owned(),
    }
}

/// The newest time that it was due, where something is to be said of it.
fn told_newest(schedule: &DrillSchedule, newest: &Occurrence) -> Option<String> {
    let due = told_zoned(&schedule.when, newest.due);
    let told = if newest.told.is_empty() { String::new() } else { format!(": {}", newest.told) };
    match (newest.state, newest.end, newest.interrupted) {
        (OccurrenceState::Due, ..) => Some(format!("due since {due}{told}")),
        (OccurrenceState::Asked, ..) => Some(format!("{due} has passed; is it to run late?{told}")),
        (OccurrenceState::Running, ..) => Some(format!("{due} runs now")),
        (OccurrenceState::Over, _, true) => Some(format!("{due} was interrupted{told}")),
        (OccurrenceState::Over, Some(OccurrenceEnd::Missed), false) => Some(format!("{due} was missed{told}")),
        _ => None,
    }
}

/// One row.
fn line(cells: [&str; 4]) -> String {
    const WIDTHS: [usize; 4] = [25, 26, 10, 16];
    let cells = cells.iter().zip(WIDTHS).map(|(cell, width)| format!("{:<width$}", fit(cell, width)));
    cells.collect::<Vec<_>>().join(" ").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IfMissed, OverlapPolicy, ScheduleNotices};
    use crate::schedule::{MissReason, read_rule};
    use crate::units::Duration;

    fn schedule(name: &str) -> DrillSchedule {
        DrillSchedule {
            name: name.to_owned(),
            scenarios: vec!["scenarios/outage.yaml".to_owned()],
            environment: "lab".to_owned(),
            when: read_rule("second Tuesday of every quarter, 10:00 Europe/Berlin", None).unwrap(),
            window: Duration::from_secs(7_200),
            jitter: Duration::ZERO,
            if_missed: IfMissed::RunLate,
            overlap: OverlapPolicy::Skip,
            cadence: Some(Duration::from_secs(100 * 86_400)),
            approval: None,
            notify: ScheduleNotices::default(),
        }
    }

    #[test]
    fn the_table_says_next_last_and_overdue_in_eighty_columns() {
        let at = |text: &str| format!("{text}T09:00:00Z").parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-11-30");
        let schedules = [schedule("search-quarterly"), schedule("support-chat-every-quarter-in-staging"), schedule("new")];
        let next = Some("2027-01-12T09:00:00Z".parse().unwrap());
        let stands = |last: Option<&str>, overdue: Option<&str>| ScheduleStanding {
            next,
            last_kept: last.map(at),
            overdue: overdue.map(at),
            never: last.is_none(),
        };
        let all = [stands(Some("2026-10-13"), None), stands(Some("2026-07-14"), Some("2026-10-22")), stands(None, None)];
        let missed = Occurrence {
            state: OccurrenceState::Over,
            end: Some(OccurrenceEnd::Missed),
            reason: Some(MissReason::Freeze),
            told: "the environment `staging` is frozen until Thu 2026-10-15 18:00 CEST by `Quarter end` of freezes.ics".to_owned(),
            ..Occurrence::new("support-chat-every-quarter-in-staging", at("2026-10-13"))
        };
        let text = table(&schedules, &all, &[None, Some(&missed), None], now);
        assert_eq!(
            text,
            "schedule                  next                       drilled    stands
search-quarterly          Tue 2027-01-12 10:00 CET   2026-10-13 kept
support-chat-every-quart… Tue 2027-01-12 10:00 CET   2026-07-14 overdue for 39 d
  Tue 2026-10-13 11:00 CEST was missed: the environment `staging` is frozen unt…
new                       Tue 2027-01-12 10:00 CET   never      never drilled

3 schedules, 1 overdue, 1 never drilled
"
        );
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }
}
