//! A calendar for people (RFC 5545): an event for each time of day of each rule of a schedule, with an alarm before.
//!
//! Identifiers are made of the schedule's name, and stay the same; the revision (`SEQUENCE`) is when the schedules were changed last, so that a
//! calendar that subscribes takes over what changed. Where clocks are put forward over an event, calendars and schedules differ by up to an
//! hour (RFC 5545, 3.3.5), which is noted.

use super::calendar_rule::{CalendarRules, DayRule, MonthDays};
use super::vtimezone::vtimezone;
use super::{ExportSettings, Exported, ExportedFile};
use crate::model::DrillSchedule;
use crate::schedule::starts::DueTimes;
use crate::units::{Problem, ZoneName, sha256_hex};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// So many events a day are no calendar any more.
const A_DAY: usize = 12;
/// An alarm comes so many seconds before where the schedule says nothing.
const BEFORE: u64 = 86_400;

pub(super) fn exported(schedules: &[DrillSchedule], settings: &ExportSettings) -> Result<Exported, Problem> {
    let (mut events, mut zones, mut notes) = (Vec::new(), BTreeSet::new(), Vec::new());
    for schedule in schedules {
        let times = DueTimes::of(&schedule.when).map(|times| times.minutes().to_vec()).unwrap_or_default();
        if times.len() > A_DAY {
            let told =
                format!("the schedule `{}` is due {} times a day, and a calendar shows no more than {A_DAY}", schedule.name, times.len());
            return Err(Problem::new(told).hint("name the schedules that people should see, without this one"));
        }
        let zone = &schedule.when.zone;
        let (found, event_zone) = events_of(schedule, settings)?;
        events.extend(found);
        if event_zone.fixed_minutes().is_none() {
            zones.insert(event_zone);
        }
        if zone.fixed_minutes().is_none() && times.iter().any(|minute| *minute < 240) {
            notes.push(format!(
                "{}: where clocks are put forward over it, calendars show it up to an hour later than it is due",
                schedule.name
            ));
        }
    }
    let mut lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Lifeboat//Schedules//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Failover drills",
    ]
    .map(str::to_owned)
    .to_vec();
    lines.extend(zones.iter().flat_map(|zone| vtimezone(zone, settings.from)));
    lines.extend(events);
    lines.push("END:VCALENDAR".to_owned());
    let text = lines.iter().map(|line| folded(line)).collect();
    Ok(Exported { files: vec![ExportedFile { name: "lifeboat.ics".to_owned(), text }], notes })
}

/// The events of a schedule, and by whose clock they go.
fn events_of(schedule: &DrillSchedule, settings: &ExportSettings) -> Result<(Vec<String>, ZoneName), Problem> {
    let never = || {
        Problem::new(format!("the schedule `{}` is never due", schedule.name))
            .hint("`lifeboat schedule preview` shows when schedules are due")
    };
    let times = DueTimes::of(&schedule.when).ok_or_else(never)?;
    // Zones that are a fixed distance from UTC calendars do not know: those events go by UTC.
    let ahead = schedule.when.zone.fixed_minutes().map_or(0, i64::from);
    let zone = if schedule.when.zone.fixed_minutes().is_some() { ZoneName::utc() } else { schedule.when.zone.clone() };
    let mut shifted: BTreeMap<i64, Vec<u16>> = BTreeMap::new();
    for minute in times.minutes() {
        let shown = i64::from(*minute) - ahead;
        shifted.entry(shown.div_euclid(1440)).or_default().push(u16::try_from(shown.rem_euclid(1440)).unwrap_or(0));
    }
    let (mut lines, mut number) = (Vec::new(), 0);
    for (days, minutes) in shifted {
        let holds = |date: NaiveDate| times.holds(date - TimeDelta::days(days));
        let rules = CalendarRules::by(&holds, minutes.clone(), settings.changed.date_naive()).ok_or_else(never)?;
        for minute in minutes {
            for rule in &rules.rules {
                let first = settings.changed.date_naive().iter_days().take(29 * 366).find(|date| is_of(rule, *date));
                let Some(first) = first else { continue };
                lines.extend(event(schedule, settings, number, &zone, (first, minute), &[format!("RRULE:{}", recurrence(rule))]));
                number += 1;
            }
            if let Some(first) = rules.dates.first() {
                // The first as well, for those who do not take the event's own start for one of them.
                let dates: Vec<String> = rules.dates.iter().map(|date| format!("RDATE{}", moment(&zone, *date, minute))).collect();
                lines.extend(event(schedule, settings, number, &zone, (*first, minute), &dates));
                number += 1;
            }
        }
    }
    if lines.is_empty() { Err(never()) } else { Ok((lines, zone)) }
}

/// True where a rule holds on a day.
fn is_of(rule: &DayRule, date: NaiveDate) -> bool {
    use chrono::Datelike;
    let from_end = || {
        let (year, month) = if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) };
        NaiveDate::from_ymd_opt(year, month, 1).map_or(0, |next| (next - date).num_days())
    };
    let day = match &rule.days {
        MonthDays::Any => true,
        MonthDays::Of(days) => days.contains(&date.day()),
        MonthDays::FromEnd(days) => u32::try_from(from_end()).is_ok_and(|day| days.contains(&day)),
    };
    day && rule.months.contains(&date.month()) && rule.weekdays.contains(&date.weekday().number_from_monday())
}

/// A rule as `RRULE` has it.
fn recurrence(rule: &DayRule) -> String {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let list = |set: &BTreeSet<u32>, sign: &str| set.iter().map(|number| format!("{sign}{number}")).collect::<Vec<_>>().join(",");
    let days = match &rule.days {
        MonthDays::Any => None,
        MonthDays::Of(days) => Some(format!("BYMONTHDAY={}", list(days, ""))),
        MonthDays::FromEnd(days) => Some(format!("BYMONTHDAY={}", list(days, "-"))),
    };
    let weekdays: Vec<&str> = rule.weekdays.iter().filter_map(|day| DAYS.get(*day as usize - 1).copied()).collect();
    let months = (rule.months.len() < 12).then(|| format!("BYMONTH={}", list(&rule.months, "")));
    let weekdays = (!rule.is_any_weekday()).then(|| format!("BYDAY={}", weekdays.join(",")));
    let often = match (&days, &months, &weekdays) {
        (None, None, Some(_)) => "FREQ=WEEKLY",
        (None, _, None) => "FREQ=DAILY",
        _ => "FREQ=MONTHLY",
    };
    std::iter::once(often.to_owned()).chain(months).chain(days).chain(weekdays).collect::<Vec<_>>().join(";")
}

fn event(
    schedule: &DrillSchedule,
    settings: &ExportSettings,
    number: usize,
    zone: &ZoneName,
    first: (NaiveDate, u16),
    again: &[String],
) -> Vec<String> {
    let stamp = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
    let epoch = DateTime::from_timestamp(1_577_836_800, 0).unwrap_or_default();
    let before = schedule.notify.before.map_or(BEFORE, |before| before.std().as_secs());
    let length = schedule.window.std().as_secs().clamp(900, 86_400);
    let described = format!(
        "{}\nScenarios: {}\nEnvironment: {}\nIt may begin within {}.",
        schedule.when.text,
        schedule.scenarios.join(", "),
        schedule.environment,
        schedule.window
    );
    let mut lines = vec![
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}-{number}@lifeboat", &sha256_hex(schedule.name.as_bytes())[..24]),
        format!("DTSTAMP:{}", stamp(settings.changed)),
        format!("LAST-MODIFIED:{}", stamp(settings.changed)),
        format!("SEQUENCE:{}", (settings.changed - epoch).num_minutes().max(0)),
        format!("DTSTART{}", moment(zone, first.0, first.1)),
        format!("DURATION:PT{}M", length / 60),
    ];
    lines.extend(again.iter().cloned());
    lines.extend([
        format!("SUMMARY:{}", escaped(&format!("Failover drill: {}", schedule.name))),
        format!("DESCRIPTION:{}", escaped(&described)),
        "TRANSP:TRANSPARENT".to_owned(),
        "CATEGORIES:drill".to_owned(),
        "BEGIN:VALARM".to_owned(),
        "ACTION:DISPLAY".to_owned(),
        format!("TRIGGER:-PT{}M", before / 60),
        format!("DESCRIPTION:{}", escaped(&format!("Failover drill: {}", schedule.name))),
        "END:VALARM".to_owned(),
        "END:VEVENT".to_owned(),
    ]);
    lines
}

/// `;TZID=Europe/Berlin:20261110T100000`, or `:20261110T090000Z`.
fn moment(zone: &ZoneName, date: NaiveDate, minute: u16) -> String {
    let at = format!("{}T{:02}{:02}00", date.format("%Y%m%d"), minute / 60, minute % 60);
    if zone.as_str() == "UTC" { format!(":{at}Z") } else { format!(";TZID={zone}:{at}") }
}

/// A text, RFC 5545, 3.3.11.
fn escaped(text: &str) -> String {
    let text = crate::units::printable(text).replace('\t', " ");
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// A line of at most 75 bytes, what goes on in the next behind a blank (RFC 5545, 3.1).
fn folded(line: &str) -> String {
    let (mut text, mut bytes) = (String::with_capacity(line.len() + 8), 0);
    for letter in line.chars() {
        if bytes + letter.len_utf8() > 75 {
            text += "\r\n ";
            bytes = 1;
        }
        text.push(letter);
        bytes += letter.len_utf8();
    }
    text + "\r\n"
}
