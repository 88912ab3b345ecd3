//! When a schedule is due.
//!
//! A time that is fixed is due once on each day of the rule: where summer time leaves it out, at the first moment after the gap; where it comes
//! twice, at the first of the two. Two times in one gap are one. Fields of cron that say how often (`*/15`, `*` as minute or hour) follow real
//! time: whenever the clock on the wall shows such a minute, so both times where it shows it twice, and never where it leaves it out. These
//! are the rules of Debian's cron(8).

use super::cron::CronFields;
use super::due_days;
use super::wall_clock::WallClock;
use crate::model::{DrillSchedule, DueDays, DuePattern, DueRule};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};

/// At most so many are given at once.
const STARTS_MAX: usize = 100_000;
/// A day that does not come within so many days never comes: 29 February on a given day of the week takes 40 years at most.
const AHEAD: usize = 50 * 366;

/// When a schedule is due after one moment, and up to another that is included; in their order, without jitter. At most 100,000.
pub fn starts(schedule: &DrillSchedule, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    DueTimes::of(&schedule.when).map(|times| times.between(after, until, STARTS_MAX)).unwrap_or_default()
}

/// The first ones after a moment, at most so many, and none after the last moment.
pub fn first_starts(rule: &DueRule, after: DateTime<Utc>, until: DateTime<Utc>, most: usize) -> Vec<DateTime<Utc>> {
    DueTimes::of(rule).map(|times| times.between(after, until, most.min(STARTS_MAX))).unwrap_or_default()
}

/// When it is due next, after a moment; `None` where it never is again.
pub fn next_due(schedule: &DrillSchedule, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    DueTimes::of(&schedule.when)?.next(after)
}

/// A rule, ready to be asked.
pub(super) struct DueTimes {
    clock: WallClock,
    days: RuleDays,
    /// Minutes of a day, in order.
    minutes: Vec<u16>,
    is_interval: bool,
}

enum RuleDays {
    Cron(Box<CronFields>),
    Told(DueDays),
}

impl DueTimes {
    pub(super) fn of(rule: &DueRule) -> Option<Self> {
        let clock = WallClock::of(&rule.zone);
        Some(match &rule.rule {
            DuePattern::Cron(text) => {
                let fields = CronFields::read(text).ok()?;
                let (minutes, is_interval) = (fields.minutes(), fields.is_interval());
                Self { clock, days: RuleDays::Cron(Box::new(fields)), minutes, is_interval }
            }
            DuePattern::Days { days, at } => Self { clock, days: RuleDays::Told(days.clone()), minutes: at.clone(), is_interval: false },
        })
    }

    /// Minutes of a day, in order.
    pub(super) fn minutes(&self) -> &[u16] {
        &self.minutes
    }

    /// True where a day is one of the rule's.
    pub(super) fn holds(&self, date: NaiveDate) -> bool {
        match &self.days {
            RuleDays::Cron(fields) => fields.holds(date),
            RuleDays::Told(days) => due_days::holds(days, date),
        }
    }

    /// The days to look at from a moment on. The one before may still go on, where a clock is put back over midnight.
    fn dates(&self, after: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
        let first = self.clock.local(after).date();
        first.pred_opt().unwrap_or(first).iter_days().take(AHEAD)
    }

    fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = self.dates(after).find_map(|date| {
            let first = self.on(date).into_iter().find(|at| *at > after)?;
            Some((first, date))
        });
        let (first, date) = found?;
        // Where a clock is put back over midnight, the next day may have begun before this one ends.
        let overlapping = date.succ_opt().and_then(|next| self.on(next).into_iter().find(|at| *at > after));
        Some(overlapping.map_or(first, |other| other.min(first)))
    }

    fn between(&self, after: DateTime<Utc>, until: DateTime<Utc>, most: usize) -> Vec<DateTime<Utc>> {
        let mut found = Vec::new();
        let end = self.clock.local(until).date().succ_opt().unwrap_or(NaiveDate::MAX);
        let mut dates = self.dates(after).take_while(|date| *date <= end);
        while found.len() <= most.saturating_mul(2).min(most + 2_000) {
            let Some(date) = dates.next() else { break };
            found.extend(self.on(date).into_iter().filter(|at| *at > after && *at <= until));
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(most);
        found
    }

    /// The moments of a day on which it is due, in their order.
    fn on(&self, date: NaiveDate) -> Vec<DateTime<Utc>> {
        if !self.holds(date) {
            return Vec::new();
        }
        // Of a few times a day each is found by itself as soon as the day is.
        if !self.is_interval && self.minutes.len() < 3 {
            let midnight = date.and_time(NaiveTime::MIN);
            let mut found: Vec<DateTime<Utc>> = Vec::with_capacity(self.minutes.len());
            found.extend(self.minutes.iter().filter_map(|minute| self.clock.first(midnight + TimeDelta::minutes(i64::from(*minute)))));
            found.sort_unstable();
            found.dedup();
            return found;
        }
        let Some((from, until, is_even)) = self.clock.day(date) else { return Vec::new() };
        let mut found: Vec<DateTime<Utc>> = if is_even {
            self.minutes.iter().map(|minute| from + TimeDelta::minutes(i64::from(*minute))).collect()
        } else if self.is_interval {
            self.shown(date, from, until)
        } else {
            let midnight = date.and_time(NaiveTime::MIN);
            self.minutes.iter().filter_map(|minute| self.clock.first(midnight + TimeDelta::minutes(i64::from(*minute)))).collect()
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Minute by minute, what the clock shows on a day on which it is changed.
    fn shown(&self, date: NaiveDate, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        // A clock that is put back over midnight shows some of a day before it began, or after it ended.
        let from = from - TimeDelta::hours(3);
        let minutes = (until - from).num_minutes() + 180;
        let each = (0..minutes).map(|minute| from + TimeDelta::minutes(minute));
        let is_due = |at: &DateTime<Utc>| {
            let local = self.clock.local(*at);
            let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
            local.date() == date && self.minutes.binary_search(&minute).is_ok()
        };
        each.filter(is_due).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::read_rule;

    fn due(rule: &str, from: &str, until: &str) -> Vec<String> {
        let moment = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let rule = match rule.split_once(" | ") {
            Some((cron, zone)) => crate::schedule::read_cron(cron, zone.parse().unwrap()).unwrap(),
            None => read_rule(rule, None).unwrap(),
        };
        let clock = WallClock::of(&rule.zone);
        let found = first_starts(&rule, moment(from), moment(until), 1000);
        found.iter().map(|at| format!("{} = {}", at.format("%d %H:%M"), clock.local(*at).format("%H:%M"))).collect()
    }

    #[test]
    fn fixed_times_are_due_once_a_day_over_each_change_of_clocks() {
        let (from, until) = ("2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z");
        assert_eq!(due("every day 02:30 Europe/Berlin", from, until), ["28 01:30 = 02:30", "29 01:00 = 03:00", "30 00:30 = 02:30"]);
        assert_eq!(due("30 2 * * * | Europe/Berlin", from, until), ["28 01:30 = 02:30", "29 01:00 = 03:00", "30 00:30 = 02:30"]);
        // Two in one gap are one; what croner loses (it takes several hours for an interval) is there.
        assert_eq!(
            due("0,30 2,14 * * * | Europe/Berlin", "2026-03-28T20:00:00Z", "2026-03-29T20:00:00Z"),
            ["29 01:00 = 03:00", "29 12:00 = 14:00", "29 12:30 = 14:30"]
        );
        let (from, until) = ("2026-10-23T22:00:00Z", "2026-10-26T12:00:00Z");
        assert_eq!(due("every day 02:30 Europe/Berlin", from, until), ["24 00:30 = 02:30", "25 00:30 = 02:30", "26 01:30 = 02:30"]);
        // Lord Howe is put forward by half an hour on 4 October, and back on 5 April.
        let (from, until) = ("2026-10-02T20:00:00Z", "2026-10-04T20:00:00Z");
        assert_eq!(due("every day 02:15 Australia/Lord_Howe", from, until), ["03 15:30 = 02:30", "04 15:15 = 02:15"].map(str::to_owned));
        let (from, until) = ("2026-04-03T20:00:00Z", "2026-04-05T20:00:00Z");
        assert_eq!(due("every day 01:45 Australia/Lord_Howe", from, until), ["04 14:45 = 01:45", "05 15:15 = 01:45"]);
    }

    #[test]
    fn intervals_follow_real_time() {
        // An hour is left out, and nothing is due twice at its end.
        assert_eq!(
            due("*/30 1-3 * * * | Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z"),
            ["29 00:30 = 01:30", "29 01:00 = 03:00", "29 01:30 = 03:30"]
        );
        // An hour comes twice, and goes on being due.
        assert_eq!(
            due("*/30 2 * * * | Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
            ["25 00:00 = 02:00", "25 00:30 = 02:30", "25 01:00 = 02:00", "25 01:30 = 02:30"]
        );
    }

    #[test]
    fn what_never_comes_is_told_and_what_seldom_comes_is_found() {
        assert_eq!(due("30 10 30 2 * | UTC", "2026-01-01T00:00:00Z", "2126-01-01T00:00:00Z"), Vec::<String>::new());
        assert_eq!(due("29 February, 10:00 UTC", "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z"), ["29 10:00 = 10:00", "29 10:00 = 10:00"]);
        assert_eq!(due("fifth Tuesday of February, 10:00 UTC", "2026-01-01T00:00:00Z", "2050-01-01T00:00:00Z").len(), 1);
    }

    #[test]
    fn a_year_of_minutes_is_cut_off_and_soon_found() {
        let rule = crate::schedule::read_cron("* * * * *", "Europe/Berlin".parse().unwrap()).unwrap();
        let from = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc();
        let found = first_starts(&rule, from, from + TimeDelta::days(365), usize::MAX);
        assert_eq!((found.len(), found[99_999] - from), (100_000, TimeDelta::minutes(100_000)));
    }
}
