//! How far apart the starts of a schedule lie: what its window, its cadence and the length of its drills are held against.

use super::starts::first_starts;
use super::wall_clock::WallClock;
use crate::model::DueRule;
use crate::units::{Duration, WeekHours};
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

/// From when on starts are looked at: no clock is asked, so that a file means the same every day.
const FROM: i64 = 1_704_067_200; // 2024-01-01
/// So many are looked at …
const LOOKED_AT: usize = 2_000;
/// … and so many years: two with a 29 February among them.
const YEARS: i64 = 9;

/// The shortest and the longest time between two starts that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartGaps {
    /// The shortest.
    pub shortest: Duration,
    /// The start that it follows.
    pub shortest_after: DateTime<Utc>,
    /// The longest.
    pub longest: Duration,
}

fn looked_at(rule: &DueRule, most: usize) -> Vec<DateTime<Utc>> {
    let from = DateTime::from_timestamp(FROM, 0).unwrap_or_default();
    first_starts(rule, from, from + TimeDelta::days(YEARS * 366), most)
}

/// True where it is due at all, within 50 years.
pub fn is_ever_due(rule: &DueRule) -> bool {
    let from = DateTime::from_timestamp(FROM, 0).unwrap_or_default();
    !first_starts(rule, from, from + TimeDelta::days(50 * 366), 1).is_empty()
}

/// Of a rule's starts in nine years, at most 2,000 of them; `None` where there are not two.
pub fn start_gaps(rule: &DueRule) -> Option<StartGaps> {
    let starts = looked_at(rule, LOOKED_AT);
    let gaps = || starts.windows(2).map(|pair| ((pair[1] - pair[0]), pair[0]));
    let length = |gap: TimeDelta| Duration::from(gap.to_std().unwrap_or_default());
    let (shortest, shortest_after) = gaps().min()?;
    let (longest, _) = gaps().max()?;
    Some(StartGaps { shortest: length(shortest), shortest_after, longest: length(longest) })
}

/// True where some start lies in the hours of an environment, or they begin within its window; where there are no hours, every one does.
pub fn is_ever_open(rule: &DueRule, window: Duration, hours: &[WeekHours]) -> bool {
    const MINUTES_MAX: u64 = 7 * 24 * 60;
    if hours.is_empty() {
        return true;
    }
    let clocks: Vec<(&WeekHours, WallClock)> = hours.iter().map(|each| (each, WallClock::of(each.zone()))).collect();
    let is_open = |at: DateTime<Utc>| {
        clocks.iter().any(|(hours, clock)| {
            let local = clock.local(at);
            hours.holds(local.weekday().num_days_from_monday() as usize, u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0))
        })
    };
    let minutes = i64::try_from((window.std().as_secs() / 60).min(MINUTES_MAX)).unwrap_or(0);
    looked_at(rule, 300).into_iter().any(|start| (0..=minutes).any(|minute| is_open(start + TimeDelta::minutes(minute))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{read_cron, read_rule};

    #[test]
    fn gaps_are_those_of_the_calendar() {
        let gaps = |text: &str| {
            let gaps = start_gaps(&read_rule(text, None).unwrap()).unwrap();
            (gaps.shortest.typed(), gaps.longest.typed())
        };
        let told = |short: &str, long: &str| (short.to_owned(), long.to_owned());
        // A day on which clocks are put forward is an hour shorter.
        assert_eq!(gaps("every day 07:00 Europe/Berlin"), told("23h", "25h"));
        assert_eq!(gaps("second Tuesday of every quarter, 10:00 UTC"), told("84d", "98d"));
        assert_eq!(gaps("29 February, 10:00 UTC"), told("1461d", "1461d"));
        let minutes = start_gaps(&read_cron("* * * * *", "Europe/Berlin".parse().unwrap()).unwrap()).unwrap();
        assert_eq!((minutes.shortest.typed(), minutes.longest.typed()), told("1m", "1m"));
    }

    #[test]
    fn hours_that_no_window_reaches_are_never_open() {
        let open = |rule: &str, window: u64, hours: &str| {
            is_ever_open(&read_rule(rule, None).unwrap(), Duration::from_secs(window * 60), &[hours.parse().unwrap()])
        };
        assert!(open("every Tuesday 10:00 Europe/Berlin", 60, "Mon-Thu 09:00-16:00 Europe/Berlin"));
        assert!(!open("every Saturday 10:00 Europe/Berlin", 60, "Mon-Thu 09:00-16:00 Europe/Berlin"));
        assert!(open("every Tuesday 08:00 Europe/Berlin", 60, "Mon-Thu 09:00-16:00 Europe/Berlin"));
        assert!(!open("every Tuesday 07:59 Europe/Berlin", 60, "Mon-Thu 09:00-16:00 Europe/Berlin"));
    }
}
