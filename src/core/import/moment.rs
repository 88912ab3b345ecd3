//! Moments and lengths of time as records and people write them, in nanoseconds, without floating point where text is given.

use crate::units::{Duration, Problem};
use std::str::FromStr;

/// One second in nanoseconds.
pub(super) const SECOND: i64 = 1_000_000_000;
/// Beyond this (the year 2096) a number is no moment.
const LATEST: i64 = 4_000_000_000 * SECOND;
/// Beyond this (115 days) a number is no request's duration.
const LONGEST: i64 = 10_000_000 * SECOND;

/// A moment on the record's own clock, as somebody types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordTime {
    /// Nanoseconds since 1970, or since the record's own zero where it counts from there.
    At(i64),
    /// Nanoseconds from the record's start.
    After(i64),
}

impl FromStr for RecordTime {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let hint = "write it as 2026-11-20T14:03:07.5Z, as seconds since 1970 (or as the record counts them), or as +42s from its start";
        let bad = || Problem::new(format!("`{text}` is not a time")).hint(hint);
        if let Some(after) = text.strip_prefix('+') {
            let after: Duration = after.parse().map_err(|_| bad())?;
            return i64::try_from(after.as_nanos()).ok().filter(|after| *after < LATEST).map(Self::After).ok_or_else(bad);
        }
        stamp(text).or_else(|| number(text)).map(Self::At).ok_or_else(bad)
    }
}

/// A number since 1970: in seconds, or by its size in milliseconds, microseconds or nanoseconds.
pub(super) fn number(text: &str) -> Option<i64> {
    let whole = text.split('.').next()?.trim_start_matches('0').len();
    let scale = match whole {
        0..=11 => 9,
        12..=14 => 6,
        15..=17 => 3,
        _ => 0,
    };
    moment(scaled(text, scale)?)
}

/// Only what can be a moment.
pub(super) fn moment(nanos: i64) -> Option<i64> {
    (0..LATEST).contains(&nanos).then_some(nanos)
}

/// A length of time written as a number of units of `10^-(9 - scale)` seconds: scale 9 is seconds, 6 milliseconds, 3 microseconds.
pub(super) fn length(text: &str, scale: u32) -> Option<i64> {
    span(scaled(text, scale)?)
}

/// Only what can be a request's duration.
pub(super) fn span(nanos: i64) -> Option<i64> {
    (0..LONGEST).contains(&nanos).then_some(nanos)
}

/// A number of milliseconds from JSON, where it is one that a duration can have.
pub(super) fn millis(number: f64) -> Option<i64> {
    (0.0..1e10).contains(&number).then(|| (number * 1e6).round() as i64).and_then(span)
}

/// `number × 10^scale`, exactly; digits beyond a nanosecond are cut.
fn scaled(text: &str, scale: u32) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut nanos = whole.parse::<i64>().ok()?.checked_mul(10_i64.checked_pow(scale)?)?;
    for (digit, power) in fraction.bytes().zip((0..scale).rev()) {
        nanos = nanos.checked_add(i64::from(digit - b'0').checked_mul(10_i64.pow(power))?)?;
    }
    Some(nanos)
}

/// RFC 3339, with `T` or a blank in the middle. Without a zone it is taken as UTC.
pub(super) fn stamp(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() < 19 {
        return None;
    }
    let field = |from: usize, to: usize| text[from..to].parse::<i64>().ok().filter(|_| text.as_bytes()[from].is_ascii_digit());
    let mark = |at: usize, any: &[u8]| any.contains(&text.as_bytes()[at]);
    if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":") && mark(16, b":")) {
        return None;
    }
    let days = days(field(0, 4)?, field(5, 7)?, field(8, 10)?)?;
    at(days, [field(11, 13)?, field(14, 16)?, field(17, 19)?], &text[19..])
}

/// `20/Nov/2026:14:03:07 +0000`, with or without a fraction of a second and a zone.
pub(super) fn log_stamp(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() < 20 {
        return None;
    }
    let field = |from: usize, to: usize| text[from..to].parse::<i64>().ok().filter(|_| text.as_bytes()[from].is_ascii_digit());
    let mark = |at: usize, byte: u8| text.as_bytes()[at] == byte;
    if !(mark(2, b'/') && mark(6, b'/') && mark(11, b':') && mark(14, b':') && mark(17, b':')) {
        return None;
    }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == &text[3..6])? as i64 + 1;
    at(days(field(7, 11)?, month, field(0, 2)?)?, [field(12, 14)?, field(15, 17)?, field(18, 20)?], &text[20..])
}

/// A day and a time of day, with what follows: a fraction and a zone.
fn at(days: i64, [hour, minute, second]: [i64; 3], rest: &str) -> Option<i64> {
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let digits = rest.strip_prefix(['.', ',']).map_or(0, |after| after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()));
    let (fraction, zone) = if digits > 0 { (scaled(&format!("0.{}", &rest[1..=digits]), 9)?, &rest[1 + digits..]) } else { (0, rest) };
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset(zone.trim_start())?;
    moment(seconds.checked_mul(SECOND)?.checked_add(fraction)?)
}

/// The moments of a spreadsheet, as JMeter writes and reads them (`jmeter.save.saveservice.timestamp_format`, `CSVSaveService`):
/// `2026/11/20 14:03:07`, with or without milliseconds, and its first default, `11/20/26 14:03:07`, the month in front.
pub(super) fn sheet_stamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let parts: Vec<&str> = date.split('/').collect();
    let all_digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let [first, second, third] = parts[..] else { return None };
    let (year, month, day) = match (first.len(), third.len()) {
        (4, 1..=2) => (first.to_owned(), second, third),
        (1..=2, 2) => (format!("20{third}"), first, second),
        _ => return None,
    };
    if !all_digits || second.len() > 2 {
        return None;
    }
    stamp(&format!("{year}-{month:0>2}-{day:0>2} {time}"))
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(sign * (digits[..2].parse::<i64>().ok()? * 3600 + digits[2..].parse::<i64>().ok()? * 60))
}

/// Days since 1970 of a date in the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1970..2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// For people: RFC 3339 in UTC with milliseconds.
pub fn moment_text(nanos: i64) -> String {
    let (days, of_day) = (nanos.div_euclid(86_400 * SECOND), nanos.rem_euclid(86_400 * SECOND) / 1_000_000);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// How coarse a number is written, in nanoseconds: one unit of its last digit.
pub(super) fn grain(value: &str, scale: u32) -> i64 {
    let fraction = value
        .split_once(['.', ','])
        .filter(|(_, after)| after.starts_with(|digit: char| digit.is_ascii_digit()))
        .map_or(0, |(_, after)| after.bytes().take_while(u8::is_ascii_digit).count());
    let unit = match scale {
        // A whole number of digits that is a moment in milliseconds or finer shows it by its length.
        9 if value.bytes().all(|byte| byte.is_ascii_digit()) => match value.len() {
            0..=11 => SECOND,
            12..=14 => 1_000_000,
            15..=17 => 1000,
            _ => 1,
        },
        scale => 10_i64.pow(scale),
    };
    unit / 10_i64.pow(u32::try_from(fraction.min(9)).unwrap_or(9))
}
