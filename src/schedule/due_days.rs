//! Whether a day of the calendar is one on which something is due.

use crate::model::{DayOfSpan, DueDays, DueSpan};
use chrono::{Datelike, NaiveDate, TimeDelta};

/// 1 January 1970 as days from the first day of the calendar's first year.
const EPOCH: i32 = 719_163;

/// A day as days from 1 January 1970.
pub(super) fn number(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH
}

/// True where the day is one of them.
pub(super) fn holds(days: &DueDays, date: NaiveDate) -> bool {
    match days {
        DueDays::Weeks { every, on, from } => {
            let week = |number: i32| (number + 3).div_euclid(7);
            let (day, weeks) = (number(date), i32::try_from(*every).unwrap_or(1).max(1));
            on.contains(&weekday(date)) && day >= *from && (week(day) - week(*from)).rem_euclid(weeks) == 0
        }
        DueDays::Within { span, days } => {
            span_of(span, date).is_some_and(|(first, last)| days.iter().any(|day| is(*day, date, first, last)))
        }
        DueDays::Dates(dates) => dates.iter().any(|(month, day)| (date.month(), date.day()) == (u32::from(*month), u32::from(*day))),
    }
}

/// 0 for Monday.
fn weekday(date: NaiveDate) -> u8 {
    u8::try_from(date.weekday().num_days_from_monday()).unwrap_or(0)
}

/// The first and the last day of the span that a day lies in; `None` where it lies in none.
fn span_of(span: &DueSpan, date: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let length = match span {
        DueSpan::Months(months) => months.iter().any(|month| u32::from(*month) == date.month()).then_some(1)?,
        DueSpan::Quarters => 3,
        DueSpan::Halves => 6,
        DueSpan::Years => 12,
    };
    let month = date.month0() / length * length;
    let first = NaiveDate::from_ymd_opt(date.year(), month + 1, 1)?;
    let after = month + length;
    let next = NaiveDate::from_ymd_opt(date.year() + i32::try_from(after / 12).ok()?, after % 12 + 1, 1)?;
    Some((first, next.pred_opt()?))
}

fn is(day: DayOfSpan, date: NaiveDate, first: NaiveDate, last: NaiveDate) -> bool {
    let nth = |nth: i8, come: i64, left: i64| i64::from(nth) == come || i64::from(nth) == -left;
    let (come, left) = ((date - first).num_days(), (last - date).num_days());
    match day {
        DayOfSpan::OfWeek { nth: wanted, day } => weekday(date) == day && nth(wanted, come / 7 + 1, left / 7 + 1),
        DayOfSpan::Any(wanted) => nth(wanted, come + 1, left + 1),
        DayOfSpan::Working(wanted) => {
            is_working(date) && nth(wanted, working(first, come) + 1, working(date + TimeDelta::days(1), left) + 1)
        }
    }
}

fn is_working(date: NaiveDate) -> bool {
    weekday(date) < 5
}

/// How many of so many days from a day on are days from Monday to Friday.
fn working(from: NaiveDate, days: i64) -> i64 {
    let weeks = days / 7;
    let rest = (weeks * 7..days).filter(|day| is_working(from + TimeDelta::days(*day))).count();
    weeks * 5 + i64::try_from(rest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_2026(days: &DueDays) -> String {
        let first: NaiveDate = "2026-01-01".parse().unwrap();
        let held = first.iter_days().take(365).filter(|date| holds(days, *date)).map(|date| date.format("%d.%m").to_string());
        held.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn days_are_counted_from_either_end_of_their_span() {
        let within = |span: DueSpan, day: DayOfSpan| of_2026(&DueDays::Within { span, days: vec![day] });
        let tuesday = |nth| DayOfSpan::OfWeek { nth, day: 1 };
        assert_eq!(within(DueSpan::Quarters, tuesday(2)), "13.01 14.04 14.07 13.10");
        assert_eq!(within(DueSpan::Quarters, tuesday(-1)), "31.03 30.06 29.09 29.12");
        assert_eq!(within(DueSpan::Months(vec![2, 5, 8, 11]), tuesday(2)), "10.02 12.05 11.08 10.11");
        // 1 January 2026 is a Thursday, 1 November a Sunday, 31 May a Sunday.
        assert_eq!(within(DueSpan::Quarters, DayOfSpan::Working(1)), "01.01 01.04 01.07 01.10");
        assert_eq!(within(DueSpan::Months(vec![5, 11]), DayOfSpan::Working(1)), "01.05 02.11");
        assert_eq!(within(DueSpan::Months(vec![5, 11]), DayOfSpan::Working(-1)), "29.05 30.11");
        assert_eq!(within(DueSpan::Months(vec![2, 3]), DayOfSpan::Any(-1)), "28.02 31.03");
        assert_eq!(within(DueSpan::Months((1..=12).collect()), DayOfSpan::Any(31)), "31.01 31.03 31.05 31.07 31.08 31.10 31.12");
        assert_eq!(within(DueSpan::Halves, DayOfSpan::Any(1)), "01.01 01.07");
        assert_eq!(within(DueSpan::Years, DayOfSpan::Any(-1)), "31.12");
        assert_eq!(within(DueSpan::Months((1..=12).collect()), DayOfSpan::OfWeek { nth: 5, day: 0 }), "30.03 29.06 31.08 30.11");
    }

    #[test]
    fn weeks_are_counted_from_a_day_that_is_known() {
        assert_eq!(DueDays::FIRST_WEEK, number("2024-01-01".parse().unwrap()));
        let weeks = |every, from: &str| DueDays::Weeks { every, on: vec![2], from: number(from.parse().unwrap()) };
        let first = |days: &DueDays| of_2026(days).chars().take(17).collect::<String>();
        assert_eq!(first(&weeks(2, "2024-01-01")), "14.01 28.01 11.02");
        assert_eq!(first(&weeks(2, "2026-01-07")), "07.01 21.01 04.02");
        // Its week counts, though its Wednesday was before it.
        assert_eq!(first(&weeks(2, "2026-01-15")), "28.01 11.02 25.02");
    }
}
