//! A timer and a service of systemd for each schedule: `OnCalendar` says days of the week and of the month at once, days from the end of a month, and
//! the zone; `Persistent` makes up for what was missed; the jitter is systemd's own, and stays the same on a host.

use super::calendar_rule::{CalendarRules, DayRule, MonthDays};
use super::invocation::words;
use super::{ExportSettings, Exported, ExportedFile, approval_note, object_name, origin};
use crate::model::{DrillSchedule, IfMissed};
use crate::schedule::starts::DueTimes;
use crate::units::{Problem, one_line};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

pub(super) fn exported(schedules: &[DrillSchedule], settings: &ExportSettings) -> Result<Exported, Problem> {
    let mut exported = Exported::default();
    for schedule in schedules {
        let never = || {
            Problem::new(format!("the schedule `{}` is never due", schedule.name))
                .hint("`lifeboat schedule preview` shows when schedules are due")
        };
        let calendar = on_calendar(schedule, settings.from).filter(|lines| !lines.is_empty()).ok_or_else(never)?;
        let name = format!("lifeboat-{}", object_name(&schedule.name, 60));
        let notes: Vec<String> = approval_note(schedule).into_iter().collect();
        let head: String =
            std::iter::once(origin(schedule)).chain(notes.iter().cloned()).map(|line| format!("# {}\n", one_line(&line))).collect();
        exported.files.push(ExportedFile { name: format!("{name}.timer"), text: timer(schedule, &head, &calendar) });
        exported.files.push(ExportedFile { name: format!("{name}.service"), text: service(schedule, &head, settings) });
        exported.notes.extend(notes);
    }
    Ok(exported)
}

fn timer(schedule: &DrillSchedule, head: &str, calendar: &[String]) -> String {
    let persistent = schedule.if_missed == IfMissed::RunLate;
    let jitter = schedule.jitter.std().as_secs();
    let jitter = if jitter == 0 { String::new() } else { format!("RandomizedDelaySec={jitter}s\nFixedRandomDelay=true\n") };
    let lines: String = calendar.iter().map(|line| format!("OnCalendar={line}\n")).collect();
    format!(
        "{head}[Unit]\nDescription=Failover drills, schedule {}\n\n[Timer]\n{lines}AccuracySec=1s\nPersistent={persistent}\n{jitter}\n[Install]\nWantedBy=timers.target\n",
        specifiers(&schedule.name)
    )
}

fn service(schedule: &DrillSchedule, head: &str, settings: &ExportSettings) -> String {
    let command = words(schedule, &settings.program).iter().map(|word| argument(word)).collect::<Vec<_>>().join(" ");
    format!(
        "{head}# Its exit code is that of `lifeboat run`: 1 an objective missed, 2 usage, 3 inconclusive, 4 stopped for safety.\n\
         [Unit]\nDescription=Failover drills, schedule {}\nWants=network-online.target\nAfter=network-online.target\n\n\
         [Service]\nType=oneshot\nWorkingDirectory={}\nExecStart={command}\n\
         # Told to stop, a drill heals its faults first.\nKillMode=mixed\nTimeoutStopSec=5min\n",
        specifiers(&schedule.name),
        specifiers(&settings.root),
    )
}

/// A word of a command line, systemd.service(5): quoted, and without specifiers and variables.
fn argument(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@=+,".contains(letter);
    let escaped = specifiers(word).replace('$', "$$");
    if word.chars().all(is_plain) { escaped } else { format!("\"{}\"", escaped.replace('\\', "\\\\").replace('"', "\\\"")) }
}

fn specifiers(text: &str) -> String {
    one_line(text).replace('%', "%%")
}

/// The lines `OnCalendar=`; systemd.time(7). Zones that are a fixed distance from UTC it does not know: those lines go by UTC.
fn on_calendar(schedule: &DrillSchedule, from: NaiveDate) -> Option<Vec<String>> {
    let zone = &schedule.when.zone;
    let Some(ahead) = zone.fixed_minutes() else {
        return Some(lines(&CalendarRules::of(schedule, from)?, zone.as_str()));
    };
    let times = DueTimes::of(&schedule.when)?;
    let mut shifted: BTreeMap<i64, Vec<u16>> = BTreeMap::new();
    for minute in times.minutes() {
        let utc = i64::from(*minute) - i64::from(ahead);
        shifted.entry(utc.div_euclid(1440)).or_default().push(u16::try_from(utc.rem_euclid(1440)).unwrap_or(0));
    }
    let by_utc = |(days, minutes): (i64, Vec<u16>)| {
        let rules = CalendarRules::by(&|date| times.holds(date - TimeDelta::days(days)), minutes, from)?;
        Some(lines(&rules, "UTC"))
    };
    Some(shifted.into_iter().filter_map(by_utc).flatten().collect())
}

fn lines(rules: &CalendarRules, zone: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (minutes, hours) in rules.times() {
        let time = format!(
            "{}:{}:00 {zone}",
            numbers(hours.iter().map(|hour| u32::from(*hour)), 24),
            numbers(minutes.iter().map(|minute| u32::from(*minute)), 60)
        );
        found.extend(rules.rules.iter().map(|rule| format!("{}{} {time}", weekdays(rule), days(rule))));
        found.extend(rules.dates.iter().map(|date| format!("{} {time}", date.format("%Y-%m-%d"))));
    }
    found
}

fn weekdays(rule: &DayRule) -> String {
    if rule.is_any_weekday() {
        return String::new();
    }
    let names: Vec<&str> = rule.weekdays.iter().filter_map(|day| WEEKDAYS.get(*day as usize - 1).copied()).collect();
    format!("{} ", names.join(","))
}

fn days(rule: &DayRule) -> String {
    let months = numbers(rule.months.iter().copied(), 12);
    match &rule.days {
        MonthDays::Any => format!("*-{months}-*"),
        MonthDays::Of(days) => format!("*-{months}-{}", numbers(days.iter().copied(), 32)),
        MonthDays::FromEnd(days) => format!("*-{months}~{}", days.iter().map(|day| format!("{day:02}")).collect::<Vec<_>>().join(",")),
    }
}

/// A list of numbers with runs as `08..14`; a star where it is all of them.
fn numbers(numbers: impl Iterator<Item = u32>, all: usize) -> String {
    let set: BTreeSet<u32> = numbers.collect();
    if set.len() == all {
        return "*".to_owned();
    }
    let padded = |part: &str| match part.split_once('-') {
        Some((first, last)) => format!("{first:0>2}..{last:0>2}"),
        None => format!("{part:0>2}"),
    };
    super::cron_line::ranges(&set).split(',').map(padded).collect::<Vec<_>>().join(",")
}
