//! Days of the calendar: `2027-03-31`.
//!
//! Dates are those of the proleptic Gregorian calendar. What this file does not do: know which day it is, or where on earth it is that day.

use super::{ParseError, text_form};
use std::fmt;
use std::str::FromStr;

/// A day of the calendar, from year 0001 to 9999. Text form: `2027-03-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// How many days later `other` is; below zero where it is earlier.
    pub fn until(self, other: Self) -> i64 {
        other.number() - self.number()
    }

    /// So many days earlier; never before the first day that there is.
    #[must_use]
    pub fn before(self, days: u64) -> Self {
        let days = i64::try_from(days).unwrap_or(i64::MAX);
        Self::of_number(self.number().saturating_sub(days).max(Self { year: 1, month: 1, day: 1 }.number()))
    }

    /// Days since 0000-03-01, from which leap days are the last of a year. The formula is Howard Hinnant's `days_from_civil`.
    const fn number(self) -> i64 {
        let (month, day) = (self.month as i64, self.day as i64);
        let year = self.year as i64 - (month <= 2) as i64;
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        year * 365 + year / 4 - year / 100 + year / 400 + of_year
    }

    fn of_number(number: i64) -> Self {
        let (era, of_era) = (number.div_euclid(146_097), number.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = (from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let small = |number: i64| u8::try_from(number).unwrap_or(1);
        Self { year: u16::try_from(year).unwrap_or(1), month: small(month), day: small(of_year - (153 * from_march + 2) / 5 + 1) }
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return None };
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
            return None;
        }
        let (year, month, day) = (year.parse::<u16>().ok()?, month.parse().ok()?, day.parse::<u8>().ok()?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => 0,
        };
        (year > 0 && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Day {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(format!("`{text}` is not a date"), "write year, month and day, for example `2026-10-01`");
        Self::read(text).ok_or_else(wrong)
    }
}

text_form!(Day, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A day of the calendar, as `2027-03-31`.");

#[cfg(test)]
mod tests {
    use super::Day;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2026-10-01", "2024-02-29", "2000-02-29", "9999-12-31", "0001-01-01"] {
            assert_eq!(day(good).to_string(), good);
        }
        for bad in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-10-00", "26-10-01", "2026/10/01", "2026-1-1", "+026-10-01", "0000-01-01"]
        {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days_are_counted_over_months_and_leap_years() {
        assert_eq!(day("2026-11-30").until(day("2027-03-31")), 121);
        assert_eq!(day("2024-02-28").until(day("2024-03-01")), 2);
        assert_eq!(day("2027-01-01").until(day("2026-12-31")), -1);
        assert_eq!(day("2027-03-31").before(90), day("2026-12-31"));
        assert_eq!(day("2024-03-01").before(1), day("2024-02-29"));
        assert_eq!(day("2026-11-30").before(u64::MAX), day("0001-01-01"));
        // Each day of some years in turn, from and to its number.
        let mut next = day("2031-01-01");
        for _ in 0..12_000 {
            let before = next.before(1);
            assert!(before < next && before.until(next) == 1 && Day::of_number(before.number()) == before, "{before}");
            next = before;
        }
    }
}
