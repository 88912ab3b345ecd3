//! A time zone as calendars carry it (RFC 5545, 3.6.5): when its clocks are changed, as a rule where the next years have one.

use crate::schedule::wall_clock::WallClock;
use crate::units::ZoneName;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// So many years are looked at, from the one before.
const YEARS: i32 = 12;

/// A change of a zone's clocks.
struct ClockChange {
    /// By the clock that was right until then.
    local: NaiveDateTime,
    from: TimeDelta,
    to: TimeDelta,
}

/// The lines of a zone, from the year before a day on.
pub(super) fn vtimezone(zone: &ZoneName, around: NaiveDate) -> Vec<String> {
    let clock = WallClock::of(zone);
    let first = NaiveDate::from_ymd_opt(around.year() - 1, 1, 1).unwrap_or(around);
    let changes = changes(clock, first);
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{zone}")];
    if changes.is_empty() {
        let ahead = ahead(clock, first.and_time(chrono::NaiveTime::MIN).and_utc());
        lines.extend(observance("STANDARD", "19700101T000000", ahead, ahead, Vec::new()));
    }
    for (kind, is_forward) in [("DAYLIGHT", true), ("STANDARD", false)] {
        let mut groups: Vec<Vec<&ClockChange>> = Vec::new();
        for change in changes.iter().filter(|change| (change.to > change.from) == is_forward) {
            match groups.iter_mut().find(|group| (group[0].from, group[0].to) == (change.from, change.to)) {
                Some(group) => group.push(change),
                None => groups.push(vec![change]),
            }
        }
        for group in groups {
            let start = group[0].local.format("%Y%m%dT%H%M%S").to_string();
            lines.extend(observance(kind, &start, group[0].from, group[0].to, again(&group)));
        }
    }
    lines.push("END:VTIMEZONE".to_owned());
    lines
}

fn observance(kind: &str, start: &str, from: TimeDelta, to: TimeDelta, again: Vec<String>) -> Vec<String> {
    let head = [
        format!("BEGIN:{kind}"),
        format!("DTSTART:{start}"),
        format!("TZOFFSETFROM:{}", offset(from)),
        format!("TZOFFSETTO:{}", offset(to)),
    ];
    head.into_iter().chain(again).chain([format!("END:{kind}")]).collect()
}

/// `+0130`.
fn offset(ahead: TimeDelta) -> String {
    let minutes = ahead.num_minutes();
    format!("{}{:02}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
}

/// When it comes again: a rule where each year has one by it, else each time.
fn again(group: &[&ClockChange]) -> Vec<String> {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let each = |of: &dyn Fn(&ClockChange) -> i64| {
        let first = of(group[0]);
        group.iter().all(|change| of(change) == first).then_some(first)
    };
    let month = each(&|change| i64::from(change.local.month()));
    let weekday = each(&|change| i64::from(change.local.weekday().num_days_from_monday()));
    let time = each(&|change| change.local.time().signed_duration_since(chrono::NaiveTime::MIN).num_minutes());
    let nth = each(&|change| i64::from(change.local.day0() / 7 + 1));
    let is_last = |change: &ClockChange| (change.local + TimeDelta::days(7)).month() != change.local.month();
    let nth = if group.iter().all(|change| is_last(change)) { Some(-1) } else { nth };
    // One of the years may have it no more; then it is no rule.
    let years: Vec<i32> = group.iter().map(|change| change.local.year()).collect();
    let is_yearly = years.len() + 1 >= YEARS as usize && years.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match (month, weekday, time, nth) {
        (Some(month), Some(weekday), Some(_), Some(nth)) if is_yearly => {
            let day = usize::try_from(weekday).ok().and_then(|place| DAYS.get(place)).copied().unwrap_or("SU");
            vec![format!("RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={nth}{day}")]
        }
        _ => group.iter().skip(1).map(|change| format!("RDATE:{}", change.local.format("%Y%m%dT%H%M%S"))).collect(),
    }
}

fn ahead(clock: WallClock, at: DateTime<Utc>) -> TimeDelta {
    clock.local(at) - at.naive_utc()
}

fn changes(clock: WallClock, first: NaiveDate) -> Vec<ClockChange> {
    let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
    let days = first.iter_days().take_while(|date| date.year() < first.year() + YEARS);
    let change = |date: NaiveDate| {
        let (mut low, mut high) = (midnight(date), midnight(date.succ_opt()?));
        let (from, to) = (ahead(clock, low), ahead(clock, high));
        if from == to {
            return None;
        }
        while high - low > TimeDelta::seconds(1) {
            let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
            if ahead(clock, middle) == from { low = middle } else { high = middle }
        }
        Some(ClockChange { local: high.naive_utc() + from, from, to })
    };
    days.filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(zone: &str) -> String {
        vtimezone(&zone.parse().unwrap(), "2026-11-30".parse().unwrap()).join("\n")
    }

    #[test]
    fn clocks_that_change_by_a_rule_have_it_and_others_their_dates() {
        let berlin = of("Europe/Berlin");
        assert!(
            berlin.contains("DTSTART:20250330T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"),
            "{berlin}"
        );
        assert!(of("America/New_York").contains("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"));
        let tokyo = of("Asia/Tokyo");
        assert!(tokyo.contains("TZOFFSETTO:+0900") && !tokyo.contains("RRULE") && !tokyo.contains("DAYLIGHT"), "{tokyo}");
        assert!(of("Africa/Casablanca").contains("RDATE:"), "by the moon");
    }
}
