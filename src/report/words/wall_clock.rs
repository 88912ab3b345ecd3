//! Moments of a history as the clock on the wall showed them where it began: `02:14:07 (+3 min 12 s)`. The reader's own clock has no part in it.

use super::wording::length;
use crate::import::RecordTime;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// The clock on the wall of the place and the time where a history began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct WallClock {
    /// Nanoseconds since midnight of the day on which it began, at its origin.
    origin: i64,
    /// As it was recorded: `+01:00`, or `UTC`.
    pub(in crate::report) zone: String,
}

impl WallClock {
    /// That of a recorded time, RFC 3339; `None` where it is none.
    pub(in crate::report) fn of(started: &str) -> Option<Self> {
        let Ok(RecordTime::At(origin)) = started.parse() else { return None };
        let (ahead, zone) = zone(started)?;
        Some(Self { origin: (origin + ahead * SECOND).rem_euclid(DAY * SECOND), zone })
    }

    /// The time of day, and where it is another day than that of the start, which.
    pub(in crate::report) fn time(&self, at: u64) -> String {
        let seconds = self.origin.saturating_add(i64::try_from(at).unwrap_or(i64::MAX)) / SECOND;
        let (day, second) = (seconds / DAY, seconds % DAY);
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        if day == 0 { time } else { format!("day {}, {time}", day + 1) }
    }

    /// The same and how long after the start: `02:14:07 (+3 min 12 s)`.
    pub(in crate::report) fn told(&self, at: u64) -> String {
        if at == 0 { self.time(at) } else { format!("{} (+{})", self.time(at), length(at)) }
    }
}

/// Seconds ahead of UTC, and how that is written.
fn zone(text: &str) -> Option<(i64, String)> {
    if text.ends_with(['Z', 'z']) {
        return Some((0, "UTC".to_owned()));
    }
    let zone = text.get(text.len().checked_sub(6)?..)?;
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let ahead = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    match zone.as_bytes()[0] {
        b'+' => Some((ahead, zone.to_owned())),
        b'-' => Some((-ahead, zone.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_that_of_where_it_began() {
        let minute = 60_000_000_000;
        let at = |started: &str, at| WallClock::of(started).map(|clock| (clock.told(at), clock.zone));
        let is = |told: &str, zone: &str| Some((told.to_owned(), zone.to_owned()));
        assert_eq!(at("2026-11-29T02:10:55.250+01:00", 3 * minute + 12_000_000_000), is("02:14:07 (+3 min 12 s)", "+01:00"));
        assert_eq!(at("2026-11-29T23:59:30Z", minute), is("day 2, 00:00:30 (+1 min)", "UTC"));
        assert_eq!(at("2026-11-29T20:00:00-05:00", 0).unwrap().1, "-05:00");
        assert_eq!(at("2026-11-29T20:00:00-05:00", 0).unwrap().0, "20:00:00");
        assert_eq!(at("yesterday", 0), None);
    }
}
