//! The clock on a wall, as schedules go by it: which moment it is when such a clock shows something.
//!
//! A local time that summer time leaves out stands for the first moment after the gap, and one that comes twice for the first of the two. So
//! does Debian's cron(8) with what is due at a fixed time, and so does croner. (Calendars count otherwise, RFC 5545, section 3.3.5: that is
//! `permission`'s.)

use crate::units::ZoneName;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};

/// A clock on a wall.
#[derive(Debug, Clone, Copy)]
pub(super) enum WallClock {
    /// That of a place.
    Place(chrono_tz::Tz),
    /// At a fixed distance from UTC.
    Fixed(FixedOffset),
}

impl WallClock {
    pub(super) fn of(zone: &ZoneName) -> Self {
        let utc = Self::Place(chrono_tz::Tz::UTC);
        match zone.fixed_minutes() {
            Some(0) => utc,
            Some(minutes) => FixedOffset::east_opt(minutes * 60).map_or(utc, Self::Fixed),
            None => zone.as_str().parse().map_or(utc, Self::Place),
        }
    }

    /// How far it is ahead of UTC.
    fn ahead(&self, at: NaiveDateTime) -> TimeDelta {
        let offset = match self {
            Self::Place(zone) => zone.offset_from_utc_datetime(&at).fix(),
            Self::Fixed(offset) => *offset,
        };
        TimeDelta::seconds(i64::from(offset.local_minus_utc()))
    }

    /// What it shows.
    pub(super) fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let at = at.naive_utc();
        at.checked_add_signed(self.ahead(at)).unwrap_or(at)
    }

    /// What its zone is called at a moment: `CET`, `CEST`, `+1030`.
    pub(super) fn name(&self, at: DateTime<Utc>) -> String {
        match self {
            Self::Place(zone) => at.with_timezone(zone).format("%Z").to_string(),
            Self::Fixed(offset) => offset.to_string(),
        }
    }

    /// When it shows this for the first time; where it never does, the first moment after the gap. `None` where it leaves out the whole day.
    pub(super) fn first(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let day = TimeDelta::days(1);
        let (before, after) = (self.ahead(local.checked_sub_signed(day)?), self.ahead(local.checked_add_signed(day)?));
        // On most days there is no change of clocks near.
        let is_even = before == after && self.ahead(local - before) == before;
        if is_even {
            return Some((local - before).and_utc());
        }
        let shown = [before, after].into_iter().map(|ahead| (ahead, local - ahead)).filter(|(ahead, at)| self.ahead(*at) == *ahead);
        if let Some(first) = shown.map(|(_, at)| at).min() {
            return Some(first.and_utc());
        }
        // Put forward: the clock still goes by `before` at the first of these, and by `after` at the second.
        let (mut low, mut high) = (local - after, local - before);
        while high - low > TimeDelta::seconds(1) {
            let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
            if self.ahead(middle) == before { low = middle } else { high = middle }
        }
        let is_left_out = (low + before).date() < local.date() && (high + after).date() > local.date();
        (!is_left_out).then(|| high.and_utc())
    }

    /// From the first moment of a day to the first of the next, and whether the clock goes by one distance from UTC all the while.
    pub(super) fn day(&self, date: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>, bool)> {
        let midnight = |date: NaiveDate| self.first(date.and_time(NaiveTime::MIN));
        let next = date.succ_opt()?;
        // Of a day that is left out there is nothing.
        let (from, until) = (midnight(date)?, midnight(next).or_else(|| midnight(next.succ_opt()?))?);
        let is_even = until - from == TimeDelta::days(1) && self.ahead(from.naive_utc()) == self.ahead(until.naive_utc());
        Some((from, until, is_even))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(zone: &str, local: &str) -> Option<String> {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        let at = WallClock::of(&zone.parse().unwrap()).first(local)?;
        Some(at.format("%Y-%m-%d %H:%M").to_string())
    }

    #[test]
    fn a_time_that_is_left_out_stands_for_the_end_of_the_gap_and_one_that_comes_twice_for_its_first() {
        let first = |zone: &str, local: &str| first(zone, local).unwrap();
        assert_eq!(first("Europe/Berlin", "2026-07-01 12:00"), "2026-07-01 10:00");
        assert_eq!(first("-03:30", "2026-07-01 12:00"), "2026-07-01 15:30");
        // 29 March: 02:00 to 03:00 is left out, which is 01:00 UTC. 25 October: 02:00 to 03:00 comes twice.
        assert_eq!(
            ["02:00", "02:30", "02:59", "03:00"].map(|at| first("Europe/Berlin", &format!("2026-03-29 {at}"))),
            ["2026-03-29 01:00"; 4]
        );
        assert_eq!(first("Europe/Berlin", "2026-10-25 02:30"), "2026-10-25 00:30");
        assert_eq!(first("America/New_York", "2026-03-08 02:30"), "2026-03-08 07:00");
        assert_eq!(first("America/New_York", "2026-11-01 01:30"), "2026-11-01 05:30");
        // Half an hour: 02:00 to 02:30 is left out on 4 October, and 01:30 to 02:00 comes twice on 5 April.
        assert_eq!(first("Australia/Lord_Howe", "2026-10-04 02:15"), "2026-10-03 15:30");
        assert_eq!(first("Australia/Lord_Howe", "2026-04-05 01:45"), "2026-04-04 14:45");
        // Nuuk goes from 22:59:59 on Saturday to 00:00 on Sunday.
        assert_eq!(first("America/Nuuk", "2026-03-28 23:30"), "2026-03-29 01:00");
    }

    #[test]
    fn of_a_day_that_is_left_out_there_is_nothing() {
        // Samoa went over the date line on 30 December 2011.
        assert_eq!(first("Pacific/Apia", "2011-12-30 10:00"), None);
        assert_eq!(first("Pacific/Apia", "2011-12-31 00:00").as_deref(), Some("2011-12-30 10:00"));
        let clock = WallClock::of(&"Pacific/Apia".parse().unwrap());
        assert!(clock.day("2011-12-30".parse().unwrap()).is_none());
        assert!(clock.day("2011-12-29".parse().unwrap()).is_some());
    }
}
