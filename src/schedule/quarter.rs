//! A quarter of a year: by which the control ledger counts. Text form: `2026-Q4`. Quarters begin and end by UTC.

use crate::units::Problem;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use std::fmt;
use std::str::FromStr;

/// A quarter of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter {
    year: i32,
    number: u32,
}

impl Quarter {
    /// The one of this year with this number, 1 to 4.
    pub fn new(year: i32, number: u32) -> Option<Self> {
        ((1..=4).contains(&number) && (1970..=9998).contains(&year)).then_some(Self { year, number })
    }

    /// The one in which a moment lies.
    pub fn of(moment: DateTime<Utc>) -> Self {
        Self { year: moment.year(), number: moment.month0() / 3 + 1 }
    }

    /// The one in which a day lies.
    pub fn of_day(day: NaiveDate) -> Self {
        Self { year: day.year(), number: day.month0() / 3 + 1 }
    }

    /// The four of a year.
    pub fn of_year(year: i32) -> Vec<Self> {
        (1..=4).filter_map(|number| Self::new(year, number)).collect()
    }

    /// Those from one to another, both included; at most 40.
    pub fn between(first: Self, last: Self) -> Vec<Self> {
        std::iter::successors(Some(first), |quarter| Some(quarter.next())).take_while(|quarter| *quarter <= last).take(40).collect()
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.number == 4 { Self { year: self.year + 1, number: 1 } } else { Self { year: self.year, number: self.number + 1 } }
    }

    /// The one so many before it.
    #[must_use]
    pub fn before(self, count: u32) -> Self {
        let place = self.year * 4 + self.number as i32 - 1 - count as i32;
        Self { year: place.div_euclid(4), number: place.rem_euclid(4) as u32 + 1 }
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.number * 3 - 2, 1).unwrap_or(NaiveDate::MIN)
    }

    /// Its first moment.
    pub fn start(self) -> DateTime<Utc> {
        self.first_day().and_time(NaiveTime::MIN).and_utc()
    }

    /// The first moment of the next.
    pub fn end(self) -> DateTime<Utc> {
        self.next().start()
    }

    /// True where a moment lies in it.
    pub fn holds(self, moment: DateTime<Utc>) -> bool {
        Self::of(moment) == self
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.number)
    }
}

impl FromStr for Quarter {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let upper = text.trim().to_ascii_uppercase();
        let parts = upper.split_once('Q').map(|(year, number)| (year.trim_end_matches(['-', ' ']).parse(), number.parse()));
        let quarter = match parts {
            Some((Ok(year), Ok(number))) => Self::new(year, number),
            _ => upper.parse::<NaiveDate>().ok().map(Self::of_day),
        };
        quarter.ok_or_else(|| {
            Problem::new(format!("`{text}` is not a quarter")).hint("write it like `2026-Q4`, or as a day in it like `2026-11-30`")
        })
    }
}

impl serde::Serialize for Quarter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Quarter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_written_as_it_is_read_and_ends_where_the_next_begins() {
        let fourth: Quarter = "2026q4".parse().unwrap();
        assert_eq!((fourth.to_string().as_str(), fourth.next().to_string().as_str()), ("2026-Q4", "2027-Q1"));
        assert_eq!("2026-10-01".parse::<Quarter>().unwrap(), fourth);
        assert_eq!(
            (fourth.start().to_rfc3339(), fourth.end().to_rfc3339()),
            ("2026-10-01T00:00:00+00:00".into(), "2027-01-01T00:00:00+00:00".into())
        );
        assert!(fourth.holds("2026-12-31T23:59:59Z".parse().unwrap()) && !fourth.holds("2027-01-01T00:00:00Z".parse().unwrap()));
        for wrong in ["2026-Q5", "Q4", "soon", "2026", ""] {
            assert!(wrong.parse::<Quarter>().is_err(), "{wrong}");
        }
        assert_eq!([fourth.before(0), fourth.before(3), fourth.before(4)].map(|each| each.to_string()), ["2026-Q4", "2026-Q1", "2025-Q4"]);
        assert_eq!(Quarter::between(Quarter::new(2026, 3).unwrap(), Quarter::new(2027, 1).unwrap()).len(), 3);
    }
}
