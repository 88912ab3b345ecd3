//! A length of time with its unit in the text. It has one form for people (`350 ms`, `2.5 s`, `1 min 30 s`, `24 h`) and one that is typed into
//! files (`350ms`, `2.5s`, `1m30s`, `24h`); the second one reads back.

use super::{ParseError, meant, text_form};
use std::fmt;
use std::str::FromStr;

/// A non-negative length of time, exact to the nanosecond. Text form: parts in descending units, `1m30s`, `1.5s`; [`Display`](fmt::Display) is
/// for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(std::time::Duration);

const UNITS: [(&str, u64); 6] =
    [("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];

impl Duration {
    /// Zero.
    pub const ZERO: Self = Self(std::time::Duration::ZERO);

    /// From whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds))
    }

    /// From whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(std::time::Duration::from_millis(milliseconds))
    }

    /// From whole microseconds, in constants.
    pub const fn from_micros(microseconds: u64) -> Self {
        Self(std::time::Duration::from_micros(microseconds))
    }

    /// From nanoseconds.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(std::time::Duration::from_nanos(nanoseconds))
    }

    /// The standard library's form.
    pub const fn std(self) -> std::time::Duration {
        self.0
    }

    /// Nanoseconds; saturates after 584 years.
    pub fn as_nanos(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Nanoseconds as a difference of two moments; saturates after 73 years, so that sums of a few still fit.
    pub fn nanos(self) -> i64 {
        i64::try_from(self.0.as_nanos()).map_or(i64::MAX / 4, |nanos| nanos.min(i64::MAX / 4))
    }

    /// Milliseconds, with a fraction.
    pub fn as_millis_f64(self) -> f64 {
        self.0.as_secs_f64() * 1e3
    }

    /// Seconds, with a fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// The sum; saturates.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `count` times this; saturates.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

impl From<std::time::Duration> for Duration {
    fn from(duration: std::time::Duration) -> Self {
        Self(duration)
    }
}

/// Nanoseconds.
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Duration {
    /// As it is typed into a file or a flag, and read back: `350ms`, `2.5s`, `1m30s`.
    pub fn typed(self) -> String {
        self.parts(["d", "h", "m", "s", "ms", "us", "ns"]).concat()
    }

    /// Its parts that are not zero, each with its unit: days to seconds, and below a second only the largest unit of those. What is smaller than the
    /// last part is a fraction of it.
    fn parts(self, [days, hours, minutes, seconds, millis, micros, nanos]: [&str; 7]) -> Vec<String> {
        let rest = self.as_nanos();
        match rest {
            0 => return vec![format!("0{seconds}")],
            1..1_000 => return vec![format!("{rest}{nanos}")],
            1_000..1_000_000 => return vec![decimal(rest, 1_000) + micros],
            1_000_000..SECOND => return vec![decimal(rest, 1_000_000) + millis],
            _ => {}
        }
        // A day is often typed as 24h.
        let whole_days = if rest < 2 * DAY { 0 } else { rest / DAY };
        let rest = rest - whole_days * DAY;
        let whole = [(whole_days, days), (rest / HOUR, hours), (rest % HOUR / MINUTE, minutes)];
        let mut parts: Vec<String> = whole.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
        if !rest.is_multiple_of(MINUTE) {
            parts.push(decimal(rest % MINUTE, SECOND) + seconds);
        }
        parts
    }
}

/// `amount` over `unit`, a power of ten, with as many digits behind the point as it has.
fn decimal(amount: u64, unit: u64) -> String {
    let digits = unit.ilog10() as usize;
    let fraction = format!("{:0digits$}", amount % unit);
    match fraction.trim_end_matches('0') {
        "" => (amount / unit).to_string(),
        fraction => format!("{}.{fraction}", amount / unit),
    }
}

impl fmt::Display for Duration {
    /// As people write it: `350 ms`, `2.5 s`, `1 min 30 s`, `24 h`, `90 days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts([" days", " h", " min", " s", " ms", " µs", " ns"]).join(" "))
    }
}

impl FromStr for Duration {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::read(text).map_err(|problem| {
            let trimmed = text.trim();
            let meant = meant::duration(trimmed).filter(|meant| Self::read(meant).is_ok());
            let (problem, hint) = match meant {
                Some(meant) if trimmed.parse::<f64>().is_ok() => {
                    (format!("`{trimmed}` has no unit"), format!("write `{meant}`, or another unit, for example `500ms` or `5m`"))
                }
                Some(meant) => (format!("`{trimmed}` is not a duration"), format!("write `{meant}`")),
                None if trimmed.strip_prefix('-').is_some_and(|rest| Self::read(rest).is_ok()) => {
                    (format!("`{trimmed}` is below zero"), "write `0s` or more".into())
                }
                None => (problem, "write a number and its unit, for example `250ms`, `30s`, `1m30s` or `24h`".into()),
            };
            ParseError::new(problem, hint)
        })
    }
}

impl Duration {
    /// What somebody most likely meant who wrote it otherwise than files do, for hints that write more than it alone.
    pub fn meant(text: &str) -> Option<Self> {
        Self::read(text).ok().or_else(|| Self::read(&meant::duration(text)?).ok())
    }

    /// The form that files have, or what is wrong with it.
    fn read(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err("an empty text is not a duration".into());
        }
        let mut total: u64 = 0;
        let mut previous = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            if number.is_empty() {
                return Err(format!("`{text}` is not a duration"));
            }
            if unit.is_empty() {
                return Err(format!("`{text}` has no unit"));
            }
            let size = match unit {
                "ns" => 1,
                _ => UNITS
                    .iter()
                    .find(|(name, _)| *name == unit)
                    .map(|(_, size)| *size)
                    .ok_or_else(|| format!("`{unit}` is not a unit of time"))?,
            };
            if size >= previous {
                return Err(format!("the units of `{text}` do not go from large to small"));
            }
            previous = size;
            let part = scaled(number, size).ok_or_else(|| format!("`{number}{unit}` is not a duration"))?;
            total = total.checked_add(part).ok_or_else(|| format!("`{text}` is longer than 584 years"))?;
            rest = tail;
        }
        Ok(Self::from_nanos(total))
    }
}

/// `number` (digits with at most one point) times `size`, exactly, without floating point.
fn scaled(number: &str, size: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 12 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(size)?;
    let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction = u128::from(fraction.parse::<u64>().ok()?) * u128::from(size) / scale;
    whole.checked_add(u64::try_from(fraction).ok()?)
}

text_form!(Duration, r"^([0-9]+(\.[0-9]+)?(d|h|m|s|ms|us))+$", "A length of time, as `350ms`, `2.5s`, `1m30s`.", |duration: &Duration| {
    duration.typed()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_is_for_people_and_the_other_reads_back() {
        for (text, nanos, typed, shown) in [
            ("30s", 30_000_000_000, "30s", "30 s"),
            ("90s", 90_000_000_000, "1m30s", "1 min 30 s"),
            ("1.5s", 1_500_000_000, "1.5s", "1.5 s"),
            ("2s500ms", 2_500_000_000, "2.5s", "2.5 s"),
            ("1m0.25s", 60_250_000_000, "1m0.25s", "1 min 0.25 s"),
            ("250ms", 250_000_000, "250ms", "250 ms"),
            ("1.5ms", 1_500_000, "1.5ms", "1.5 ms"),
            ("20us", 20_000, "20us", "20 µs"),
            ("7ns", 7, "7ns", "7 ns"),
            ("1s7ns", 1_000_000_007, "1.000000007s", "1.000000007 s"),
            ("24h", 86_400_000_000_000, "24h", "24 h"),
            ("1h30m", 5_400_000_000_000, "1h30m", "1 h 30 min"),
            ("90d", 7_776_000_000_000_000, "90d", "90 days"),
            ("2d1h", 176_400_000_000_000, "2d1h", "2 days 1 h"),
            ("0s", 0, "0s", "0 s"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.as_nanos(), nanos, "{text}");
            assert_eq!((duration.typed().as_str(), duration.to_string().as_str()), (typed, shown), "{text}");
            assert_eq!(duration.typed().parse::<Duration>().unwrap(), duration);
            assert_eq!(serde_json::to_string(&duration).unwrap(), format!("\"{typed}\""));
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_to_type() {
        for text in ["", "30", "s", "1s1m", "1x", "-1s", "1..5s", ".5s", "99999999999d", "1s 2ms", "NaNs"] {
            let error = text.parse::<Duration>().unwrap_err();
            assert!(error.hint.starts_with("write ") && error.hint.contains('`'), "{text}: {error:?}");
        }
    }
}
