//! Moments as people read them: the day and the minute, and how far away that is.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

/// `Tue 10 Feb 2026, 10:00 UTC`.
pub(super) fn minute(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (at.format("%a %-d %b %Y, %H:%M UTC")) } }
}

/// The same without its day of the week and its zone, for columns that are all in UTC.
pub(super) fn brief(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (at.format("%Y-%m-%d %H:%M")) } }
}

/// The day alone.
pub(super) fn day(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (at.format("%Y-%m-%d")) } }
}

/// How far away it is: `in 3 days`, `2 months ago`, `now`.
pub(super) fn distance(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let away = at - now;
    let long = length(away.abs());
    match away.num_seconds() {
        -59..=59 => "now".to_owned(),
        60.. => format!("in {long}"),
        _ => format!("{long} ago"),
    }
}

/// `3 days`, `5 hours`: its largest unit, rounded down; `less than a minute`.
pub(super) fn length(long: TimeDelta) -> String {
    let minutes = long.num_minutes();
    let told = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match minutes {
        ..1 => "less than a minute".to_owned(),
        1..60 => told(minutes, "minute"),
        60..2_880 => told(minutes / 60, "hour"),
        2_880..86_400 => told(minutes / 1_440, "day"),
        86_400..1_051_200 => told(minutes / 43_829, "month"),
        _ => told(minutes / 525_949, "year"),
    }
}

/// How long something took, from its beginning to its end: `1 min 30 s`.
pub(super) fn took(long: TimeDelta) -> String {
    let seconds = long.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn how_far_away_a_moment_is_is_told_in_its_largest_unit() {
        let told = |seconds: i64| distance(at(seconds), at(0));
        assert_eq!((told(10), told(90), told(-60)), ("now".into(), "in 1 minute".into(), "1 minute ago".into()));
        assert_eq!((told(7_200), told(-86_400 * 3)), ("in 2 hours".into(), "3 days ago".into()));
        assert_eq!((told(86_400 * 100), told(-86_400 * 800)), ("in 3 months".into(), "2 years ago".into()));
        assert_eq!((took(TimeDelta::seconds(42)), took(TimeDelta::seconds(3_700))), ("42 s".into(), "1 h 1 min".into()));
    }
}
