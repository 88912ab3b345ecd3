//! A time zone that a calendar defines itself (VTIMEZONE of RFC 5545, section 3.6.5), as Outlook does for zones that have no name of their own.

use super::property::{all, one};
use super::recurrence::occurrences;
use crate::units::Problem;
use chrono::{Datelike, NaiveDate, NaiveDateTime};
use icalendar::parser::Component;

/// Rules are followed until then.
const LAST_YEAR: i32 = 2100;

/// A time zone by its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnZone {
    /// Seconds east of UTC before the first change.
    first: i32,
    /// When it changes, in seconds since 1970, and to how many seconds east of UTC; in order.
    changes: Vec<(i64, i32)>,
}

impl OwnZone {
    /// Of a component VTIMEZONE.
    ///
    /// # Errors
    /// Where a part of it cannot be read, or it has none.
    pub(super) fn of(component: &Component<'_>) -> Result<Self, Problem> {
        let mut changes: Vec<(i64, i32, i32)> = Vec::new();
        for part in &component.components {
            let name = part.name.as_str();
            if !["STANDARD", "DAYLIGHT"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
                continue;
            }
            let value = |name: &'static str| {
                one(part, name).map(|property| property.val.as_str().trim()).ok_or_else(|| Problem::new(format!("it has no {name}")))
            };
            let offset =
                |name| value(name).and_then(|text| distance(text).ok_or_else(|| Problem::new(format!("`{text}` is no distance from UTC"))));
            let (from, to) = (offset("TZOFFSETFROM")?, offset("TZOFFSETTO")?);
            for local in onsets(part, value("DTSTART")?)? {
                changes.push((local.and_utc().timestamp() - i64::from(from), from, to));
            }
        }
        changes.sort_unstable();
        let first = changes.first().ok_or_else(|| Problem::new("it has neither STANDARD nor DAYLIGHT"))?.1;
        Ok(Self { first, changes: changes.into_iter().map(|(at, _, to)| (at, to)).collect() })
    }

    /// Seconds east of UTC.
    pub(in crate::permission) fn offset(&self, at: i64) -> i32 {
        let after = self.changes.partition_point(|(change, _)| *change <= at);
        after.checked_sub(1).map_or(self.first, |last| self.changes[last].1)
    }
}

/// When a part of it begins to hold, by the clock that holds until then.
fn onsets(part: &Component<'_>, start: &str) -> Result<Vec<NaiveDateTime>, Problem> {
    let read = |text: &str| {
        let text = text.trim().trim_end_matches(['Z', 'z']);
        NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").map_err(|_| Problem::new(format!("`{text}` is no date with a time")))
    };
    let start = read(start)?;
    let last = NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31).unwrap_or(NaiveDate::MAX).and_hms_opt(0, 0, 0).unwrap_or(NaiveDateTime::MAX);
    let mut found = vec![start];
    for rule in all(part, "RRULE") {
        // Outlook begins in 1601. What was before 1970 concerns no drill, and a yearly rule says the same in each year.
        let (upper, early) = (rule.val.as_str().to_ascii_uppercase(), start.year() < 1970);
        let begin = if early && upper.contains("FREQ=YEARLY") && !upper.contains("COUNT=") {
            start.with_year(1970).unwrap_or(start)
        } else {
            start
        };
        // (The end of such a rule is told in UTC; no clock changes twice on a day, so that the day is enough.)
        found.extend(occurrences(rule.val.as_str(), begin, last, |at| at.naive_utc() + chrono::TimeDelta::hours(12))?);
    }
    for dates in all(part, "RDATE") {
        for text in dates.val.as_str().split(',') {
            found.push(read(text)?);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// `+0100`, `-033000`: seconds.
fn distance(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Ok(0), str::parse::<i32>);
    let (hours, minutes, seconds) = (part(0).ok()?, part(2).ok()?, part(4).ok()?);
    (hours < 24 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}
