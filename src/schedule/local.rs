//! Starts as people read them: by the clocks of their schedule's zone.

use super::starts::first_starts;
use super::wall_clock::WallClock;
use crate::model::{DrillSchedule, DueRule};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// A moment by the clocks of a rule: `Tue 2026-11-10 10:00`.
pub fn told_local(rule: &DueRule, at: DateTime<Utc>) -> String {
    WallClock::of(&rule.zone).local(at).format("%a %Y-%m-%d %H:%M").to_string()
}

/// The same with the name that the zone has then: `Tue 2026-11-10 10:00 CET`.
pub fn told_zoned(rule: &DueRule, at: DateTime<Utc>) -> String {
    format!("{} {}", told_local(rule, at), WallClock::of(&rule.zone).name(at))
}

/// The starts of some days by the clocks of its zone, the last day included; at most so many.
pub fn starts_of_days(schedule: &DrillSchedule, from: NaiveDate, to: NaiveDate, most: usize) -> Vec<DateTime<Utc>> {
    let clock = WallClock::of(&schedule.when.zone);
    let begins = |day: NaiveDate| day.iter_days().take(3).find_map(|day| clock.first(day.and_time(NaiveTime::MIN)));
    let (Some(from), Some(until)) = (begins(from), to.succ_opt().and_then(begins)) else { return Vec::new() };
    let moment = TimeDelta::milliseconds(1);
    first_starts(&schedule.when, from - moment, until - moment, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone() {
        let of = |rule: &str, from: &str, to: &str| {
            let schedule = crate::schedule::example(rule);
            let found = starts_of_days(&schedule, from.parse().unwrap(), to.parse().unwrap(), 10);
            found.into_iter().map(|at| told_zoned(&schedule.when, at)).collect::<Vec<_>>()
        };
        assert_eq!(of("every day 00:00 Australia/Lord_Howe", "2026-10-04", "2026-10-04"), ["Sun 2026-10-04 00:00 +1030"]);
        assert_eq!(of("every day 23:59 America/New_York", "2026-03-08", "2026-03-08"), ["Sun 2026-03-08 23:59 EDT"]);
        assert_eq!(of("every day 10:00 +02:00", "2026-03-08", "2026-03-08"), ["Sun 2026-03-08 10:00 +02:00"]);
        assert_eq!(of("every day 10:00 UTC", "2026-03-08", "2026-03-07"), Vec::<String>::new());
    }
}
