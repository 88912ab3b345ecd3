//! When hours of the week are, on the line of time: across changes of summer time, and with several texts together.
//!
//! What this file does not do: read the text of hours (`units`), or ask a clock.

use super::period::Period;
use super::zone::Zone;
use crate::units::WeekHours;
use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Timelike, Utc};

/// True where a moment lies in any of them; where there are none, every moment does.
pub fn are_open(hours: &[WeekHours], at: DateTime<Utc>) -> bool {
    hours.is_empty() || hours.iter().any(|each| is_open(each, &Zone::named(each.zone()), at))
}

fn is_open(hours: &WeekHours, zone: &Zone, at: DateTime<Utc>) -> bool {
    let local = zone.local(at);
    let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
    hours.holds(local.weekday().num_days_from_monday() as usize, minute)
}

/// The stretches of a period that lie in any of them, in order; none touches another.
pub fn open(hours: &[WeekHours], within: Period) -> Vec<Period> {
    if hours.is_empty() {
        return vec![within];
    }
    // Whether it is open changes only where a range begins or ends by a clock, and where a clock is put forward or back.
    let mut edges = vec![within.from, within.until];
    for each in hours {
        let zone = Zone::named(each.zone());
        let (mut day, last) = (zone.local(within.from).date().pred_opt(), zone.local(within.until).date());
        while let Some(date) = day.filter(|date| *date <= last) {
            for minute in each.edges() {
                let local = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute));
                let first = zone.instant(local);
                edges.push(first);
                // The same time once more, where it comes twice.
                edges.extend((1..=4).map(|halves| first + TimeDelta::minutes(30 * halves)).filter(|again| zone.local(*again) == local));
            }
            let (from, until) =
                (zone.instant(date.and_time(NaiveTime::MIN)), zone.instant(date.and_time(NaiveTime::MIN) + TimeDelta::days(1)));
            if until - from != TimeDelta::days(1) {
                edges.extend(change(&zone, from, until));
            }
            day = date.succ_opt();
        }
    }
    edges.retain(|edge| within.from <= *edge && *edge <= within.until);
    edges.sort_unstable();
    edges.dedup();
    let mut open: Vec<Period> = Vec::new();
    for pair in edges.windows(2) {
        let (from, until) = (pair[0], pair[1]);
        if !are_open(hours, from) {
            continue;
        }
        match open.last_mut().filter(|last| last.until == from) {
            Some(last) => last.until = until,
            None => open.push(Period { from, until }),
        }
    }
    open
}

/// When the clock is put forward or back between two moments: the first minute whose distance from UTC is another.
fn change(zone: &Zone, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let ahead = |at: DateTime<Utc>| zone.local(at) - at.naive_utc();
    let (mut low, mut high) = (0, (until - from).num_minutes());
    let at = |minutes: i64| from + TimeDelta::minutes(minutes);
    (ahead(at(low)) != ahead(at(high))).then(|| {
        while high - low > 1 {
            let middle = low.midpoint(high);
            if ahead(at(middle)) == ahead(from) { low = middle } else { high = middle }
        }
        at(high)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn read(texts: &[&str]) -> Vec<WeekHours> {
        texts.iter().map(|text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))).collect()
    }

    fn told(hours: &[&str], from: (i32, u32, u32), days: i64) -> Vec<String> {
        let from = Utc.with_ymd_and_hms(from.0, from.1, from.2, 0, 0, 0).unwrap();
        let open = open(&read(hours), Period::of(from, TimeDelta::days(days)));
        open.iter().map(|each| format!("{}..{}", each.from.format("%d %H:%M"), each.until.format("%d %H:%M"))).collect()
    }

    #[test]
    fn hours_move_with_summer_time_each_in_its_own_zone() {
        // Friday 27 to Monday 30 March 2026: Berlin changes on the 29th, New York did on the 8th.
        assert_eq!(told(&["Fri,Mon 09:00-16:00 Europe/Berlin"], (2026, 3, 27), 4), ["27 08:00..27 15:00", "30 07:00..30 14:00"]);
        assert_eq!(told(&["Fri,Mon 09:00-16:00 America/New_York"], (2026, 3, 6), 4), ["06 14:00..06 21:00", "09 13:00..09 20:00"]);
        assert_eq!(told(&["Fri,Mon 09:00-16:00 UTC"], (2026, 3, 27), 4), ["27 09:00..27 16:00", "30 09:00..30 16:00"]);
    }

    #[test]
    fn a_night_over_the_change_is_an_hour_shorter_or_longer() {
        assert_eq!(told(&["Sat 22:00-04:00 Europe/Berlin"], (2026, 3, 28), 2), ["28 21:00..29 02:00"]);
        assert_eq!(told(&["Sat 22:00-04:00 Europe/Berlin"], (2026, 10, 24), 2), ["24 20:00..25 03:00"]);
        // What is left out is in no hours, and what comes twice is in them twice.
        assert_eq!(told(&["Sun 02:00-03:00 Europe/Berlin"], (2026, 3, 28), 3), Vec::<String>::new());
        assert_eq!(told(&["Sun 02:00-03:00 Europe/Berlin"], (2026, 10, 24), 3), ["25 00:00..25 02:00"]);
        assert_eq!(told(&["Sun 02:15-02:45 Europe/Berlin"], (2026, 10, 24), 3), ["25 00:15..25 00:45", "25 01:15..25 01:45"]);
    }

    #[test]
    fn several_texts_are_open_where_any_is_and_days_run_into_each_other() {
        assert_eq!(told(&["daily 00:00-24:00 UTC"], (2026, 3, 28), 3), ["28 00:00..31 00:00"]);
        assert_eq!(
            told(&["Mon 09:00-12:00 UTC", "Mon 11:00-14:00 UTC", "Tue 10:00-11:00 +02:00"], (2026, 11, 30), 2),
            ["30 09:00..30 14:00", "01 08:00..01 09:00"]
        );
    }

    fn hours() -> impl Strategy<Value = WeekHours> {
        let zone =
            prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "+05:45", "Africa/Casablanca"]);
        let day = prop::sample::select(vec!["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]);
        let time = 0_u16..1440;
        (prop::collection::vec(day, 1..4), prop::collection::vec((time.clone(), time), 1..3), zone).prop_map(|(days, ranges, zone)| {
            let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            let ranges: Vec<String> = ranges
                .iter()
                .map(|(from, to)| format!("{}-{}", clock(*from), clock(if from == to { (*to + 1) % 1440 } else { *to })))
                .collect();
            format!("{} {} {zone}", days.join(","), ranges.join(",")).parse().unwrap()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
        /// Five days minute by minute, over the changes of clocks in Europe, America and Lord Howe: what the text says of the clock on the wall.
        #[test]
        fn stretches_are_those_that_a_look_at_the_clock_every_minute_finds(
            hours in prop::collection::vec(hours(), 1..3),
            begins in prop::sample::select(vec![(2026, 3, 6), (2026, 3, 27), (2026, 4, 3), (2026, 10, 2), (2026, 10, 23), (2026, 10, 30), (2026, 2, 13)]),
        ) {
            let from = Utc.with_ymd_and_hms(begins.0, begins.1, begins.2, 0, 0, 0).unwrap();
            let within = Period::of(from, TimeDelta::days(5));
            let found = open(&hours, within);
            for minute in 0..5 * 1440 {
                let at = from + TimeDelta::minutes(minute);
                // The oracle knows nothing of zones but what the database says of this very moment.
                let shown = hours.iter().any(|each| {
                    let offset = match each.zone().fixed_minutes() {
                        Some(minutes) => minutes * 60,
                        None => {
                            let zone: chrono_tz::Tz = each.zone().as_str().parse().unwrap();
                            chrono::Offset::fix(&zone.offset_from_utc_datetime(&at.naive_utc())).local_minus_utc()
                        }
                    };
                    let seconds = at.timestamp() + i64::from(offset);
                    let (day, minute) = ((seconds.div_euclid(86_400) + 3).rem_euclid(7), seconds.rem_euclid(86_400) / 60);
                    each.holds(day as usize, minute as u16)
                });
                prop_assert_eq!(found.iter().any(|each| each.holds(at)), shown, "{} in {:?}", at, hours);
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].until < pair[1].from), "{:?}", found);
        }
    }
}
