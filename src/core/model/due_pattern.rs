//! A rule that says when something is due, understood: five fields of cron, or days and times of day.
//!
//! What this file does not do: read a rule's text, or reckon with clocks (`schedule`).

use serde::{Deserialize, Serialize};

/// A rule that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DuePattern {
    /// Fields of cron: minute, hour, day of the month, month, day of the week.
    Cron(String),
    /// Days that were told in words, and times of those days.
    Days {
        /// Which days.
        days: DueDays,
        /// Minutes after midnight by the clock on the wall, in order; never empty.
        at: Vec<u16>,
    },
}

/// Days of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DueDays {
    /// Days of the week, every so many weeks.
    Weeks {
        /// 1 for every week.
        every: u32,
        /// 0 for Monday; in order, each once.
        on: Vec<u8>,
        /// Days from 1 January 1970 to the first day that may be one of them. Its week is the first that counts; a week begins on Monday.
        from: i32,
    },
    /// Days that are counted within a month, a quarter, half a year or a year.
    Within {
        /// Within what.
        span: DueSpan,
        /// Which of its days.
        days: Vec<DayOfSpan>,
    },
    /// Days of the year, each as month and day.
    Dates(Vec<(u8, u8)>),
}

impl DueDays {
    /// Monday, 1 January 2024, as days from 1 January 1970: from its week on weeks are counted where nobody says from when.
    pub const FIRST_WEEK: i32 = 19_723;
}

/// What days are counted within.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DueSpan {
    /// Each of these months, 1 for January.
    Months(Vec<u8>),
    /// From January, April, July and October on.
    Quarters,
    /// From January and July on.
    Halves,
    /// The whole year.
    Years,
}

/// A day of a span. The first is 1; the last is -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayOfSpan {
    /// A day of the week by how often it came.
    OfWeek {
        /// Which one.
        nth: i8,
        /// 0 for Monday.
        day: u8,
    },
    /// A day from Monday to Friday.
    Working(i8),
    /// Any day.
    Any(i8),
}
