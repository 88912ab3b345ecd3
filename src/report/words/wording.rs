//! How lengths of time, moments, limits and sentences are written for people.
//!
//! What this file does not do: know of verdicts. Whatever a sentence says about one is in the file of its subject.

use crate::report::model::StageTime;
use crate::units::{Duration, grouped};
use crate::verdict::{Interval, Millis};

/// `3.08 to 3.29 s`, rounded outwards so that what is shown contains what was measured.
pub(in crate::report) fn between(interval: Interval) -> String {
    match interval.hi {
        Some(_) => format!("{} to {}", seconds_down(interval.lo).trim_end_matches(" s"), upper(interval)),
        // "More than 0 s" says nothing.
        None if interval.lo <= 0 => "not proven at any time".to_owned(),
        None => format!("more than {}", seconds_down(interval.lo)),
    }
}

/// The same of a stage; a moment that is known exactly is one number.
pub(in crate::report) fn stage(time: StageTime) -> String {
    match time.hi_ns {
        Some(hi) if hi == time.lo_ns => format!("{:.2} s", hi as f64 / 1e9),
        hi => between(Interval { lo: time.lo_ns, hi }),
    }
}

/// How much was allowed that was used, as a share: rounded up, so that nothing reads as if it were within a limit that it passed.
pub(in crate::report) fn percent_of(part: i64, whole: i64) -> String {
    let percent = (i128::from(part.max(0)) * 100 + i128::from(whole) - 1) / i128::from(whole.max(1));
    format!("{percent}%")
}

/// The end of an interval, rounded outwards.
pub(in crate::report) fn upper(interval: Interval) -> String {
    interval.hi.map_or_else(|| "not seen".into(), seconds_up)
}

/// Nanoseconds as `3.08 s`, rounded down.
pub(in crate::report) fn seconds_down(nanoseconds: i64) -> String {
    format!("{:.2} s", (nanoseconds as f64 / 1e7).floor() / 100.0)
}

/// Nanoseconds as `3.09 s`, rounded up.
pub(in crate::report) fn seconds_up(nanoseconds: i64) -> String {
    format!("{:.2} s", (nanoseconds as f64 / 1e7).ceil() / 100.0)
}

/// A declared length of time.
pub(in crate::report) fn span(length: impl Into<Millis>) -> String {
    Duration::from_nanos(u64::try_from(length.into().0).unwrap_or(0)).to_string()
}

/// How long something took, to a tenth of a second, or to a millisecond below a second.
pub(in crate::report) fn length(nanoseconds: u64) -> String {
    let step: u64 = if nanoseconds < 1_000_000_000 { 1_000_000 } else { 100_000_000 };
    Duration::from_nanos(nanoseconds / step * step).to_string()
}

/// A moment as a clock shows it: `0:07.3`, `1:02:03.0`.
pub(in crate::report) fn clock(nanoseconds: u64) -> String {
    let tenths = nanoseconds / 100_000_000;
    let (hours, minutes, seconds) = (tenths / 36_000, tenths / 600 % 60, tenths / 10 % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}.{}", tenths % 10) } else { format!("{minutes}:{seconds:02}.{}", tenths % 10) }
}

/// A limit on a count.
pub(in crate::report) fn at_most(limit: u64) -> String {
    if limit == 0 { "none".to_owned() } else { format!("at most {}", grouped(limit)) }
}

/// The same with a capital letter at its beginning.
pub(in crate::report) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The same with a small letter at its beginning.
pub(in crate::report) fn uncapital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
