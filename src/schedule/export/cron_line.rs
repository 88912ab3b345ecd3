//! A schedule as lines of five fields of cron, each with a guard in the shell for what the fields cannot say.
//!
//! A guard asks `date` (POSIX; `TZ` names the clock) and ends the command well where the day is none of the schedule's. Lines are by the clock of the
//! schedule's own zone or, for what knows UTC alone, by UTC: then there is a line for each distance from UTC that the zone has in those
//! months, and a guard asks which one is in force.

use super::calendar_rule::{CalendarRules, DayRule, MonthDays};
use crate::model::DrillSchedule;
use crate::schedule::starts::DueTimes;
use crate::schedule::wall_clock::WallClock;
use crate::units::ZoneName;
use chrono::{Datelike, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// What a line's fields cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LineGuard {
    /// The day of the week, by the clock of the fields.
    Weekday(BTreeSet<u32>),
    /// The day counted from the end of February, by the same clock.
    EndOfFebruary(BTreeSet<u32>),
    /// The year, by the same clock.
    Year(i32),
    /// How far the schedule's zone is ahead of UTC, as `date +%z` has it.
    Ahead(ZoneName, String),
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CronLine {
    minutes: Vec<u16>,
    hours: Vec<u16>,
    /// Empty for each.
    days: BTreeSet<u32>,
    months: BTreeSet<u32>,
    weekdays: BTreeSet<u32>,
    guards: Vec<LineGuard>,
    /// Whose clock the fields go by.
    zone: String,
}

/// By which clock lines go that are by the schedule's own: its zone; where that is a fixed distance from UTC, which few know, UTC.
pub(super) fn zone_of(schedule: &DrillSchedule) -> ZoneName {
    if schedule.when.zone.fixed_minutes().is_some() { ZoneName::utc() } else { schedule.when.zone.clone() }
}

/// The lines of a schedule, by [the clock of its zone](zone_of); `None` where it is never due.
pub(super) fn own_lines(schedule: &DrillSchedule, from: NaiveDate) -> Option<Vec<CronLine>> {
    match schedule.when.zone.fixed_minutes() {
        None | Some(0) => Some(lines(&CalendarRules::of(schedule, from)?, zone_of(schedule).as_str())),
        Some(_) => utc_lines(schedule, from),
    }
}

/// The lines of a schedule by UTC.
pub(super) fn utc_lines(schedule: &DrillSchedule, from: NaiveDate) -> Option<Vec<CronLine>> {
    let times = DueTimes::of(&schedule.when)?;
    let clock = WallClock::of(&schedule.when.zone);
    let mut found = Vec::new();
    for ahead in distances(clock, from) {
        // Minutes of the day before, of the same and of the next by UTC, whose days are others.
        let mut shifted: BTreeMap<i64, Vec<u16>> = BTreeMap::new();
        for minute in times.minutes() {
            let utc = i64::from(*minute) - ahead;
            shifted.entry(utc.div_euclid(1440)).or_default().push(u16::try_from(utc.rem_euclid(1440)).unwrap_or(0));
        }
        for (days, minutes) in shifted {
            let holds = |date: NaiveDate| times.holds(date - TimeDelta::days(days));
            let Some(rules) = CalendarRules::by(&holds, minutes.clone(), from) else { continue };
            for line in lines(&rules, "UTC") {
                found.extend(in_force(line, clock, &schedule.when.zone, ahead, from));
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

/// How far a clock is ahead of UTC, in minutes, within the next years.
fn distances(clock: WallClock, from: NaiveDate) -> BTreeSet<i64> {
    (0..YEARS * 366).map(|day| ahead_on(clock, from + TimeDelta::days(day), 12 * 60)).collect()
}

/// Zones change their rules more often than anybody looks further.
const YEARS: i64 = 10;

/// How far it is ahead at a minute of a day by UTC.
fn ahead_on(clock: WallClock, day: NaiveDate, minute: i64) -> i64 {
    let at = (day.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(minute)).and_utc();
    (clock.local(at) - at.with_timezone(&Utc).naive_utc()).num_minutes()
}

/// The line for the months in which the zone may be so far ahead: without a guard where it always is, with one where it comes or goes.
fn in_force(line: CronLine, clock: WallClock, zone: &ZoneName, ahead: i64, from: NaiveDate) -> Vec<CronLine> {
    let minute = i64::from(line.hours[0]) * 60 + i64::from(line.minutes[0]);
    let (mut always, mut sometimes) = (BTreeSet::new(), BTreeSet::new());
    for month in &line.months {
        let days = (0..YEARS * 366).map(|day| from + TimeDelta::days(day)).filter(|day| day.month() == *month);
        let those = days.filter(|day| line.days.is_empty() || line.days.contains(&day.day()));
        let seen: BTreeSet<bool> = those.map(|day| ahead_on(clock, day, minute) == ahead).collect();
        match (seen.contains(&true), seen.contains(&false)) {
            (true, false) => always.insert(*month),
            (true, true) => sometimes.insert(*month),
            (false, _) => false,
        };
    }
    let told = format!("{}{:02}{:02}", if ahead < 0 { '-' } else { '+' }, ahead.abs() / 60, ahead.abs() % 60);
    let guard = LineGuard::Ahead(zone.clone(), told);
    let of = |months: BTreeSet<u32>, guard: Option<LineGuard>| {
        let guards = line.guards.iter().cloned().chain(guard).collect();
        (!months.is_empty()).then(|| CronLine { months, guards, ..line.clone() })
    };
    [of(always, None), of(sometimes, Some(guard))].into_iter().flatten().collect()
}

/// Rules and dates as lines by the clock of a zone.
fn lines(rules: &CalendarRules, zone: &str) -> Vec<CronLine> {
    let mut found = Vec::new();
    for (minutes, hours) in rules.times() {
        let line = |days: BTreeSet<u32>, months: BTreeSet<u32>, weekdays: &BTreeSet<u32>, mut guards: Vec<LineGuard>| {
            let mut weekdays = if weekdays.len() == 7 { BTreeSet::new() } else { weekdays.clone() };
            if !days.is_empty() && !weekdays.is_empty() {
                guards.push(LineGuard::Weekday(std::mem::take(&mut weekdays)));
            }
            CronLine { minutes: minutes.clone(), hours: hours.clone(), days, months, weekdays, guards, zone: zone.to_owned() }
        };
        for rule in &rules.rules {
            match &rule.days {
                MonthDays::Any => found.push(line(BTreeSet::new(), rule.months.clone(), &rule.weekdays, Vec::new())),
                MonthDays::Of(days) => found.push(line(days.clone(), rule.months.clone(), &rule.weekdays, Vec::new())),
                MonthDays::FromEnd(days) => {
                    found.extend(from_end(rule, days).into_iter().map(|(of, months, guards)| line(of, months, &rule.weekdays, guards)));
                }
            }
        }
        let mut dates: BTreeMap<(i32, u32), BTreeSet<u32>> = BTreeMap::new();
        for date in &rules.dates {
            dates.entry((date.year(), date.month())).or_default().insert(date.day());
        }
        let all: BTreeSet<u32> = (1..=7).collect();
        found.extend(dates.into_iter().map(|((year, month), days)| line(days, BTreeSet::from([month]), &all, vec![LineGuard::Year(year)])));
    }
    found
}

/// Days counted from the end of a month as their numbers: months of 31 days, of 30, and February, whose length a guard asks for.
fn from_end(rule: &DayRule, days: &BTreeSet<u32>) -> Vec<(BTreeSet<u32>, BTreeSet<u32>, Vec<LineGuard>)> {
    let of = |length: u32| days.iter().filter(move |day| **day <= length).map(move |day| length + 1 - day);
    let those = |months: &[u32]| -> BTreeSet<u32> { rule.months.iter().filter(|month| months.contains(month)).copied().collect() };
    let (long, short, february) = (those(&[1, 3, 5, 7, 8, 10, 12]), those(&[4, 6, 9, 11]), those(&[2]));
    let found = [
        (of(31).collect(), long, Vec::new()),
        (of(30).collect(), short, Vec::new()),
        (of(28).chain(of(29)).collect(), february, vec![LineGuard::EndOfFebruary(days.clone())]),
    ];
    found.into_iter().filter(|(_, months, _)| !months.is_empty()).collect()
}

impl CronLine {
    /// Its five fields.
    pub(super) fn fields(&self) -> String {
        let small = |numbers: &[u16]| numbers.iter().map(|number| u32::from(*number)).collect::<BTreeSet<u32>>();
        let whole = |set: &BTreeSet<u32>, all: usize| if set.len() == all { "*".to_owned() } else { ranges(set) };
        let star = |set: &BTreeSet<u32>| if set.is_empty() { "*".to_owned() } else { ranges(set) };
        // Sunday is 0 everywhere, and 7 in some places.
        let sunday_first: BTreeSet<u32> = self.weekdays.iter().map(|day| day % 7).collect();
        let (minutes, hours) = (whole(&small(&self.minutes), 60), whole(&small(&self.hours), 24));
        format!("{minutes} {hours} {} {} {}", star(&self.days), whole(&self.months, 12), star(&sunday_first))
    }

    /// The hours of its fields.
    pub(super) fn hours(&self) -> &[u16] {
        &self.hours
    }

    /// How many minutes lie between two of its times, at the least.
    pub(super) fn shortest(&self) -> u32 {
        let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| u32::from(*hour) * 60 + u32::from(*minute)));
        let times: BTreeSet<u32> = times.collect();
        let over_midnight = times.first().zip(times.last()).map(|(first, last)| first + 1440 - last);
        let within = times.iter().zip(times.iter().skip(1)).map(|(one, next)| next - one);
        within.chain(over_midnight).min().unwrap_or(1440)
    }

    /// True where the fields say all of it.
    pub(super) const fn is_plain(&self) -> bool {
        self.guards.is_empty()
    }

    /// What the shell asks, each a statement that leaves with 0 where the day is none of the schedule's.
    pub(super) fn guards(&self) -> Vec<String> {
        let zone = &self.zone;
        let list = |set: &BTreeSet<u32>| set.iter().map(ToString::to_string).collect::<Vec<_>>().join("|");
        let ask = |asked: &str, wanted: &str| format!("case \"{asked}\" in {wanted}) ;; *) exit 0 ;; esac");
        let told = self.guards.iter().map(|guard| match guard {
            LineGuard::Weekday(days) => ask(&format!("$(TZ={zone} date +%u)"), &list(days)),
            LineGuard::Year(year) => ask(&format!("$(TZ={zone} date +%Y)"), &year.to_string()),
            LineGuard::Ahead(zone, ahead) => ask(&format!("$(TZ={zone} date +%z)"), ahead),
            LineGuard::EndOfFebruary(days) => {
                let length = format!("$(TZ={zone} date +%Y) % 4 == 0 ? 30 : 29");
                ask(&format!("$(( ({length}) - $(TZ={zone} date +%e) ))"), &list(days))
            }
        });
        told.collect()
    }
}

/// Numbers as cron lists them: `1,8-14`.
pub(super) fn ranges(set: &BTreeSet<u32>) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for number in set {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => parts.push((*number, *number)),
        }
    }
    let told = parts.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    told.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: &str, utc: bool) -> Vec<String> {
        let (schedule, from) = (crate::schedule::example(rule), "2026-11-30".parse().unwrap());
        let lines = if utc { utc_lines(&schedule, from) } else { own_lines(&schedule, from) }.unwrap();
        lines.iter().map(|line| format!("{} {}", line.fields(), line.guards().join("; ")).trim().to_owned()).collect()
    }

    #[test]
    fn fields_restrict_one_of_the_days_and_a_guard_asks_for_the_other() {
        assert_eq!(told("every day 07:00 Europe/Berlin", false), ["0 7 * * *"]);
        assert_eq!(told("every weekday 07:00 and 15:30 Europe/Berlin", false), ["0 7 * * 1-5", "30 15 * * 1-5"]);
        let tuesday = "case \"$(TZ=Europe/Berlin date +%u)\" in 2) ;; *) exit 0 ;; esac";
        assert_eq!(told("second Tuesday of every quarter, 10:00 Europe/Berlin", false), [format!("0 10 8-14 1,4,7,10 * {tuesday}")]);
        let last = told("last Friday of every month, 10:00 Europe/Berlin", false);
        assert!(last[0].starts_with("0 10 25-31 1,3,5,7,8,10,12 * case") && last[2].starts_with("0 10 22-29 2 * case"), "{last:?}");
        assert!(last[2].contains("% 4 == 0 ? 30 : 29"), "{last:?}");
        assert_eq!(told("every day 01:30 +05:30", false), ["0 20 * * *"]);
    }

    #[test]
    fn by_utc_there_is_a_line_for_summer_and_one_for_winter() {
        let lines = told("second Tuesday of February, May, August and November, 10:00 Europe/Berlin", true);
        assert_eq!(lines.iter().map(|line| line.split(" case").next().unwrap()).collect::<Vec<_>>(), ["0 9 8-14 2,11 *", "0 8 8-14 5,8 *"]);
        let lines = told("every day 10:00 Europe/Berlin", true);
        assert_eq!(lines[0], "0 9 * 1,2,11,12 *");
        assert!(lines[1].starts_with("0 9 * 3,10 * case \"$(TZ=Europe/Berlin date +%z)\" in +0100)"), "{lines:?}");
        assert_eq!((lines[2].as_str(), lines.len()), ("0 8 * 4-9 *", 4));
        // Over midnight the day is another.
        assert!(told("every Monday 01:00 Asia/Tokyo", true).iter().all(|line| line == "0 16 * * 0"));
    }
}
