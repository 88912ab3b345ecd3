//! The days of a schedule as rules of months, days and weekdays: what every calendar can say.
//!
//! They are found from the days themselves, not from the words: a candidate counts where it holds on the same days as the schedule on each day of 28
//! years, after which weekdays and leap years come again (until 2099). So whatever a schedule can say, a rule is right or there is none, and
//! then there are dates.

use crate::model::DrillSchedule;
use crate::schedule::starts::DueTimes;
use chrono::{Datelike, NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// After so many years the calendar is the same.
const CYCLE: i32 = 28;
/// What has no rule is written as dates for so many days …
const DATES_AHEAD: i64 = 731;
/// … and so many of them at most.
pub(super) const DATES_MAX: usize = 400;

/// Which days of a month.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MonthDays {
    /// Every one.
    Any,
    /// By their numbers.
    Of(BTreeSet<u32>),
    /// Counted from its end: 1 is the last.
    FromEnd(BTreeSet<u32>),
}

/// Days on which all of this holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayRule {
    /// 1 for January. Never empty.
    pub(super) months: BTreeSet<u32>,
    pub(super) days: MonthDays,
    /// 1 for Monday, 7 for Sunday. Never empty.
    pub(super) weekdays: BTreeSet<u32>,
}

impl DayRule {
    fn holds(&self, day: &RuleDay) -> bool {
        let of_month = match &self.days {
            MonthDays::Any => true,
            MonthDays::Of(days) => days.contains(&day.number),
            MonthDays::FromEnd(days) => days.contains(&day.from_end),
        };
        of_month && self.months.contains(&day.month) && self.weekdays.contains(&day.weekday)
    }

    pub(super) fn is_any_weekday(&self) -> bool {
        self.weekdays.len() == 7
    }
}

/// A schedule's days and times.
#[derive(Debug, Clone)]
pub(super) struct CalendarRules {
    /// No two of them hold on the same day.
    pub(super) rules: Vec<DayRule>,
    /// Days that no rule says; in their order.
    pub(super) dates: Vec<NaiveDate>,
    /// Minutes after midnight.
    pub(super) minutes: Vec<u16>,
}

/// A day of the calendar as rules see it.
struct RuleDay {
    date: NaiveDate,
    month: u32,
    number: u32,
    from_end: u32,
    weekday: u32,
    is_due: bool,
}

impl CalendarRules {
    /// Those of a schedule; `None` where it is never due.
    pub(super) fn of(schedule: &DrillSchedule, from: NaiveDate) -> Option<Self> {
        let times = DueTimes::of(&schedule.when)?;
        Self::by(&|date| times.holds(date), times.minutes().to_vec(), from)
    }

    /// Those of days of which this holds.
    pub(super) fn by(holds: &dyn Fn(NaiveDate) -> bool, minutes: Vec<u16>, from: NaiveDate) -> Option<Self> {
        let cycle = cycle(holds, from);
        let months: BTreeSet<u32> = cycle.iter().filter(|day| day.is_due).map(|day| day.month).collect();
        if months.is_empty() || minutes.is_empty() {
            return None;
        }
        if let Some(rules) = fitting(&cycle, &months) {
            return Some(Self { rules, dates: Vec::new(), minutes });
        }
        let mut found: BTreeMap<Vec<(MonthDays, BTreeSet<u32>)>, BTreeSet<u32>> = BTreeMap::new();
        let mut without: BTreeSet<u32> = BTreeSet::new();
        for month in &months {
            match fitting(&cycle, &BTreeSet::from([*month])) {
                Some(rules) => {
                    let key = rules.into_iter().map(|rule| (rule.days, rule.weekdays)).collect();
                    found.entry(key).or_default().insert(*month);
                }
                None => {
                    without.insert(*month);
                }
            }
        }
        let of = |(parts, months): (Vec<(MonthDays, BTreeSet<u32>)>, BTreeSet<u32>)| {
            parts.into_iter().map(move |(days, weekdays)| DayRule { months: months.clone(), days, weekdays })
        };
        let rules: Vec<DayRule> = found.into_iter().flat_map(of).collect();
        let until = from + TimeDelta::days(DATES_AHEAD);
        let is_date = |day: &&RuleDay| day.is_due && without.contains(&day.month) && day.date >= from && day.date <= until;
        let dates = cycle.iter().filter(is_date).map(|day| day.date).take(DATES_MAX).collect();
        Some(Self { rules, dates, minutes })
    }

    /// Minutes and hours as cron and systemd list them: hours with the same minutes together.
    pub(super) fn times(&self) -> Vec<(Vec<u16>, Vec<u16>)> {
        let mut hours: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
        for minute in &self.minutes {
            hours.entry(minute / 60).or_default().push(minute % 60);
        }
        let mut alike: BTreeMap<Vec<u16>, Vec<u16>> = BTreeMap::new();
        for (hour, minutes) in hours {
            alike.entry(minutes).or_default().push(hour);
        }
        alike.into_iter().collect()
    }
}

fn cycle(holds: &dyn Fn(NaiveDate) -> bool, from: NaiveDate) -> Vec<RuleDay> {
    let first = NaiveDate::from_ymd_opt(from.year(), 1, 1).unwrap_or(from);
    let days = first.iter_days().take_while(|date| date.year() < first.year() + CYCLE);
    let of = |date: NaiveDate| RuleDay {
        date,
        month: date.month(),
        number: date.day(),
        from_end: u32::try_from((next_month(date) - date).num_days()).unwrap_or(0),
        weekday: date.weekday().number_from_monday(),
        is_due: holds(date),
    };
    days.map(of).collect()
}

/// The first day of the next month.
fn next_month(date: NaiveDate) -> NaiveDate {
    let (year, month) = if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) };
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(date)
}

/// Rules that hold in these months on just the days that are due: the simplest that do.
fn fitting(cycle: &[RuleDay], months: &BTreeSet<u32>) -> Option<Vec<DayRule>> {
    let days: Vec<&RuleDay> = cycle.iter().filter(|day| months.contains(&day.month)).collect();
    let due = || days.iter().filter(|day| day.is_due);
    let rule = |days: MonthDays, weekdays: &BTreeSet<u32>| DayRule { months: months.clone(), days, weekdays: weekdays.clone() };
    let weekdays: BTreeSet<u32> = due().map(|day| day.weekday).collect();
    let all: BTreeSet<u32> = (1..=7).collect();
    let numbers = MonthDays::Of(due().map(|day| day.number).collect());
    let from_end = MonthDays::FromEnd(due().map(|day| day.from_end).collect());
    let candidates = [
        vec![rule(MonthDays::Any, &weekdays)],
        vec![rule(numbers.clone(), &all)],
        vec![rule(numbers, &weekdays)],
        vec![rule(from_end.clone(), &all)],
        vec![rule(from_end, &weekdays)],
        either(&days, &all, &rule),
        each_weekday(&days, &weekdays, &rule),
    ];
    let fits = |rules: &Vec<DayRule>| !rules.is_empty() && days.iter().all(|day| rules.iter().any(|rule| rule.holds(day)) == day.is_due);
    candidates.into_iter().find(fits)
}

/// Each day of the week by itself: by its numbers, else counted from the end of the month.
fn each_weekday(days: &[&RuleDay], weekdays: &BTreeSet<u32>, rule: &dyn Fn(MonthDays, &BTreeSet<u32>) -> DayRule) -> Vec<DayRule> {
    let mut alike: BTreeMap<MonthDays, BTreeSet<u32>> = BTreeMap::new();
    for weekday in weekdays {
        let those = || days.iter().filter(|day| day.weekday == *weekday);
        let numbers: BTreeSet<u32> = those().filter(|day| day.is_due).map(|day| day.number).collect();
        let from_end = || those().filter(|day| day.is_due).map(|day| day.from_end).collect();
        let is_told = those().all(|day| numbers.contains(&day.number) == day.is_due);
        let of = if is_told { MonthDays::Of(numbers) } else { MonthDays::FromEnd(from_end()) };
        alike.entry(of).or_default().insert(*weekday);
    }
    alike.into_iter().map(|(days, weekdays)| rule(days, &weekdays)).collect()
}

/// A day of the week or a day of the month, as two rules of which at most one holds.
fn either(days: &[&RuleDay], all: &BTreeSet<u32>, rule: &dyn Fn(MonthDays, &BTreeSet<u32>) -> DayRule) -> Vec<DayRule> {
    let always = |of: &dyn Fn(&RuleDay) -> u32| {
        let mut found: BTreeSet<u32> = days.iter().map(|day| of(day)).collect();
        for day in days.iter().filter(|day| !day.is_due) {
            found.remove(&of(day));
        }
        found
    };
    let (weekdays, numbers) = (always(&|day| day.weekday), always(&|day| day.number));
    if weekdays.is_empty() || numbers.is_empty() {
        return Vec::new();
    }
    vec![rule(MonthDays::Any, &weekdays), rule(MonthDays::Of(numbers), &all.difference(&weekdays).copied().collect())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: &str) -> String {
        let from = "2026-11-30".parse().unwrap();
        let found = CalendarRules::of(&crate::schedule::example(rule), from).unwrap();
        let list = |set: &BTreeSet<u32>| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let each = found.rules.iter().map(|rule| {
            let days = match &rule.days {
                MonthDays::Any => "*".to_owned(),
                MonthDays::Of(days) => list(days),
                MonthDays::FromEnd(days) => format!("~{}", list(days)),
            };
            let months = if rule.months.len() == 12 { "*".to_owned() } else { list(&rule.months) };
            format!("{days} {months} {}", if rule.is_any_weekday() { "*".to_owned() } else { list(&rule.weekdays) })
        });
        each.chain((!found.dates.is_empty()).then(|| format!("{} dates", found.dates.len()))).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn words_become_the_simplest_rule_that_holds_on_the_same_days() {
        assert_eq!(told("every day 07:00 UTC"), "* * *");
        assert_eq!(told("every Tuesday 07:00 UTC"), "* * 2");
        assert_eq!(told("second Tuesday of every quarter, 10:00 UTC"), "8,9,10,11,12,13,14 1,4,7,10 2");
        assert_eq!(told("last Friday of every month, 10:00 UTC"), "~1,2,3,4,5,6,7 * 5");
        assert_eq!(told("last day of every month, 10:00 UTC"), "~1 * *");
        assert_eq!(told("first working day of every quarter, 10:00 UTC"), "1 1,4,7,10 2,3,4,5; 1,2,3 1,4,7,10 1");
        assert_eq!(told("15 March, 10:00 UTC"), "15 3 *");
        let mixed = told("first and third Monday and last Thursday of every month, 07:00 UTC");
        assert_eq!(mixed, "1,2,3,4,5,6,7,15,16,17,18,19,20,21 * 1; ~1,2,3,4,5,6,7 * 4");
        // No rule: dates of two years.
        assert_eq!(told("every 2 weeks on Monday, 10:00 UTC"), "53 dates");
        // Either day is enough for cron.
        let either = crate::model::DrillSchedule {
            when: crate::schedule::read_cron("0 10 13 * 5", "UTC".parse().unwrap()).unwrap(),
            ..crate::schedule::example("every day 07:00 UTC")
        };
        let rules = CalendarRules::of(&either, "2026-11-30".parse().unwrap()).unwrap().rules;
        assert_eq!((rules.len(), rules[0].weekdays.len(), rules[1].weekdays.len()), (2, 1, 6));
    }
}
