//! A length of time with its unit in the text: `250ms`, `30s`, `1m30s`, `24h`.

use super::{ParseError, meant, text_form};
use std::fmt;
use std::str::FromStr;

/// A non-negative length of time, exact to the nanosecond. Text form: parts in descending units, `1m30s`, `1.5s`.
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

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.as_nanos();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in UNITS {
            let count = rest / size;
            if count > 0 {
                write!(f, "{count}{unit}")?;
                rest %= size;
            }
        }
        if rest > 0 { write!(f, "{rest}ns") } else { Ok(()) }
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

text_form!(Duration);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_and_writes_back() {
        for (text, nanos, shown) in [
            ("30s", 30_000_000_000, "30s"),
            ("1m30s", 90_000_000_000, "1m30s"),
            ("1.5s", 1_500_000_000, "1s500ms"),
            ("250ms", 250_000_000, "250ms"),
            ("24h", 86_400_000_000_000, "1d"),
            ("0s", 0, "0s"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.as_nanos(), nanos, "{text}");
            assert_eq!(duration.to_string(), shown, "{text}");
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
