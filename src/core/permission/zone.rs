//! Clocks on the wall: those of places, of fixed distances from UTC, and those that a calendar defines itself.
//!
//! A local time that summer time leaves out is taken with the distance from UTC before the gap, and one that comes twice is the first of the two:
//! RFC 5545, section 3.3.5.

use super::calendar::own_zone::OwnZone;
use crate::units::ZoneName;
use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use std::sync::Arc;

/// A clock on a wall.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// That of a place.
    Place(chrono_tz::Tz),
    /// At a fixed distance from UTC.
    Fixed(FixedOffset),
    /// One that a calendar defines.
    Own(Arc<OwnZone>),
}

impl Zone {
    /// UTC.
    pub const fn utc() -> Self {
        Self::Place(chrono_tz::Tz::UTC)
    }

    /// Of a name that is known.
    pub fn named(name: &ZoneName) -> Self {
        match name.fixed_minutes() {
            Some(0) => Self::utc(),
            Some(minutes) => FixedOffset::east_opt(minutes * 60).map_or(Self::utc(), Self::Fixed),
            None => name.as_str().parse().map_or(Self::utc(), Self::Place),
        }
    }

    /// Seconds east of UTC.
    fn offset(&self, at: DateTime<Utc>) -> i32 {
        match self {
            Self::Place(zone) => zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc(),
            Self::Fixed(offset) => offset.local_minus_utc(),
            Self::Own(zone) => zone.offset(at.timestamp()),
        }
    }

    /// What the clock shows.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let offset = TimeDelta::seconds(i64::from(self.offset(at)));
        at.naive_utc().checked_add_signed(offset).unwrap_or(NaiveDateTime::MAX)
    }

    /// When the clock shows this.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let near = local.and_utc();
        let around = |days| near.checked_add_signed(TimeDelta::days(days)).map_or(0, |at| self.offset(at));
        let (before, after) = (around(-1), around(1));
        let with = |offset: i32| near.checked_sub_signed(TimeDelta::seconds(i64::from(offset))).unwrap_or(near);
        let shown = [before, after].into_iter().filter(|offset| self.offset(with(*offset)) == *offset).map(with).min();
        shown.unwrap_or_else(|| with(before))
    }

    /// A moment as this clock shows it: `Thu 2026-12-24 18:00 CET`.
    pub fn told(&self, at: DateTime<Utc>) -> String {
        const FORM: &str = "%a %Y-%m-%d %H:%M %Z";
        match self {
            Self::Place(zone) => at.with_timezone(zone).format(FORM).to_string(),
            Self::Fixed(_) | Self::Own(_) => {
                let offset = FixedOffset::east_opt(self.offset(at)).unwrap_or_else(|| Utc.fix());
                at.with_timezone(&offset).format(FORM).to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(&name.parse().unwrap())
    }

    fn instant(name: &str, local: &str) -> String {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        zone(name).instant(local).format("%Y-%m-%d %H:%M").to_string()
    }

    #[test]
    fn a_local_time_is_one_moment_even_where_clocks_change() {
        assert_eq!(instant("Europe/Berlin", "2026-07-01 12:00"), "2026-07-01 10:00");
        assert_eq!(instant("+05:30", "2026-07-01 12:00"), "2026-07-01 06:30");
        // 29 March 2026: 02:00 to 03:00 is left out. 25 October: 02:00 to 03:00 comes twice.
        assert_eq!(instant("Europe/Berlin", "2026-03-29 02:30"), "2026-03-29 01:30");
        assert_eq!(instant("Europe/Berlin", "2026-10-25 02:30"), "2026-10-25 00:30");
        assert_eq!(instant("America/New_York", "2026-03-08 02:30"), "2026-03-08 07:30");
        assert_eq!(instant("America/New_York", "2026-11-01 01:30"), "2026-11-01 05:30");
        // Half an hour, on the southern half of the world.
        assert_eq!(instant("Australia/Lord_Howe", "2026-10-04 02:15"), "2026-10-03 15:45");
    }

    #[test]
    fn a_moment_is_told_with_the_name_of_its_clock() {
        let at = DateTime::from_timestamp(1_798_131_600, 0).unwrap();
        assert_eq!(zone("Europe/Berlin").told(at), "Thu 2026-12-24 18:00 CET");
        assert_eq!(zone("UTC").told(at), "Thu 2026-12-24 17:00 UTC");
        assert_eq!(zone("-03:30").told(at), "Thu 2026-12-24 13:30 -03:30");
    }
}
