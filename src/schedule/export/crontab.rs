//! A crontab, as cronie's `crontab(5)` has it: `CRON_TZ` says by whose clock the lines below it go.
//!
//! Debian's cron does not know `CRON_TZ` and goes by the host's clock. A guard in each line notices and says so; `host_zone` writes the lines by
//! that clock.

use super::cron_line::{CronLine, own_lines, utc_lines, zone_of};
use super::invocation::{command, quoted};
use super::{ExportSettings, Exported, ExportedFile, approval_note, origin};
use crate::model::{DrillSchedule, IfMissed};
use crate::schedule::jitter_of;
use crate::units::{Problem, ZoneName, one_line};

const HEAD: &str = "\
# Drills of Lifeboat: made by `lifeboat schedule export crontab`. Put these lines into a crontab with `crontab -e`, or this file into
# /etc/cron.d with a user before each command.
#
# cron sends what a drill prints by mail and does not know exit codes: `lifeboat schedule` says what is overdue. It does not make up for what
# was missed while the host was down. Where clocks are put forward over a time, cron starts it right after.
SHELL=/bin/sh
";

pub(super) fn exported(schedules: &[DrillSchedule], settings: &ExportSettings) -> Result<Exported, Problem> {
    let (mut text, mut notes) = (HEAD.to_owned(), Vec::new());
    for schedule in schedules {
        let lines = lines_of(schedule, settings)?;
        text += &format!("\n# {}\n", origin(schedule));
        if settings.host_zone.is_none() {
            text += &format!("CRON_TZ={}\n", zone_of(schedule));
        }
        let mut told: Vec<String> = approval_note(schedule).into_iter().collect();
        if schedule.if_missed != IfMissed::Skip {
            told.push(format!(
                "{} is to be made up for where it was missed (`if_missed: {}`): cron does not",
                schedule.name, schedule.if_missed
            ));
        }
        text += &told.iter().map(|note| format!("# {}\n", one_line(note))).collect::<String>();
        text += &lines.iter().map(|line| written(line, schedule, settings)).collect::<String>();
        notes.extend(told);
    }
    Ok(Exported { files: vec![ExportedFile { name: "lifeboat.crontab".to_owned(), text }], notes })
}

/// By the schedule's clock, or by the host's.
fn lines_of(schedule: &DrillSchedule, settings: &ExportSettings) -> Result<Vec<CronLine>, Problem> {
    let never = || {
        Problem::new(format!("the schedule `{}` is never due", schedule.name))
            .hint("`lifeboat schedule preview` shows when schedules are due")
    };
    match &settings.host_zone {
        None => own_lines(schedule, settings.from).ok_or_else(never),
        Some(zone) if *zone == zone_of(schedule) => own_lines(schedule, settings.from).ok_or_else(never),
        Some(zone) if zone.as_str() == "UTC" => utc_lines(schedule, settings.from).ok_or_else(never),
        Some(zone) => {
            let told = format!(
                "the schedule `{}` goes by the clocks of {}, and lines by those of {zone} cannot follow both",
                schedule.name, schedule.when.zone
            );
            Err(Problem::new(told).hint("let the host's clock be UTC, use a cron that knows `CRON_TZ` (cronie), or export to systemd"))
        }
    }
}

fn written(line: &CronLine, schedule: &DrillSchedule, settings: &ExportSettings) -> String {
    let mut parts = Vec::new();
    if settings.host_zone.is_none() {
        parts.extend(clock_guard(line, &zone_of(schedule)));
    }
    parts.extend(line.guards());
    let jitter = jitter_of(schedule).std().as_secs();
    if jitter > 0 {
        parts.push(format!("sleep {jitter}"));
    }
    parts.push(format!("cd {} && exec {}", quoted(&settings.root), command(schedule, settings)));
    // A percent sign ends the command.
    format!("{} {}\n", line.fields(), parts.join("; ").replace('%', "\\%"))
}

/// Notices a cron that does not know `CRON_TZ`: the hour is another. Where clocks are changed at that hour it may be another anyway.
fn clock_guard(line: &CronLine, zone: &ZoneName) -> Option<String> {
    let hours: Vec<String> = line.hours().iter().map(|hour| format!("{hour:02}")).collect();
    let is_changed_then = line.hours().iter().any(|hour| *hour < 4);
    let told = "echo 'this cron does not know CRON_TZ: export again with --host-zone' >&2; exit 2";
    (!is_changed_then && hours.len() < 24).then(|| format!("case \"$(TZ={zone} date +%H)\" in {}) ;; *) {told} ;; esac", hours.join("|")))
}
