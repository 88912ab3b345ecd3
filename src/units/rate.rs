//! How often, and how much: requests a second (`50/s`, `600/min`), bytes a second (`100KB/s`).

use super::{ParseError, text_form};
use std::fmt;
use std::str::FromStr;

/// Events a second; positive and finite. Text form: `50/s`, `600/min`, `0.5/s`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// From events a second. `None` unless positive and finite.
    pub fn per_second(rate: f64) -> Option<Self> {
        (rate.is_finite() && rate > 0.0).then_some(Self(rate))
    }

    /// Events a second.
    pub fn as_per_second(self) -> f64 {
        self.0
    }

    /// The mean time between two events.
    pub fn gap(self) -> super::Duration {
        std::time::Duration::from_secs_f64(1.0 / self.0).into()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl FromStr for Rate {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let hint = "write how many in which time, for example 50/s or 600/min";
        let bad = || ParseError::new(format!("`{text}` is not a rate"), hint);
        let (number, unit) = text.trim().split_once('/').ok_or_else(|| ParseError::new(format!("`{text}` has no unit of time"), hint))?;
        let number: f64 = number.trim().parse().map_err(|_| bad())?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" | "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(bad()),
        };
        // Longer than 11 days between two requests, or more than a billion a second, is a typing mistake.
        let rate = number / seconds;
        if !(1e-6..=1e9).contains(&rate) {
            return Err(bad());
        }
        Self::per_second(rate).ok_or_else(bad)
    }
}

text_form!(Rate);

/// Bytes a second. Text form: `64KB/s`, `1MB/s` (decimal units, as networks count).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRate(u64);

impl ByteRate {
    /// From bytes a second. `None` for zero: a link that carries nothing is the fault `blackhole`.
    pub fn bytes_per_second(rate: u64) -> Option<Self> {
        (rate > 0).then_some(Self(rate))
    }

    /// Bytes a second.
    pub fn as_bytes_per_second(self) -> u64 {
        self.0
    }
}

impl ByteRate {
    /// As it is typed into a file: `64KB/s`.
    fn typed(self) -> String {
        self.to_string().replace(' ', "")
    }
}

impl fmt::Display for ByteRate {
    /// As people write it: `64 KB/s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes % 1_000_000 == 0 => write!(f, "{} MB/s", bytes / 1_000_000),
            bytes if bytes % 1_000 == 0 => write!(f, "{} KB/s", bytes / 1_000),
            bytes => write!(f, "{bytes} B/s"),
        }
    }
}

impl FromStr for ByteRate {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || {
            ParseError::new(format!("`{text}` is not a rate of bytes"), "write bytes a second with their unit, for example 64KB/s or 1MB/s")
        };
        let amount = text.trim().strip_suffix("/s").ok_or_else(bad)?;
        let letters = amount.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(bad)?;
        let (number, unit) = amount.split_at(letters);
        let size = match unit {
            "B" => 1,
            "KB" | "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return Err(bad()),
        };
        let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(size)).ok_or_else(bad)?;
        Self::bytes_per_second(bytes).ok_or_else(bad)
    }
}

text_form!(ByteRate, |rate: &ByteRate| rate.typed());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_and_write_back() {
        assert_eq!("50/s".parse::<Rate>().unwrap().as_per_second(), 50.0);
        assert_eq!("600/min".parse::<Rate>().unwrap().to_string(), "10/s");
        let slow: ByteRate = "64KB/s".parse().unwrap();
        assert_eq!((slow.to_string().as_str(), serde_json::to_string(&slow).unwrap().as_str()), ("64 KB/s", "\"64KB/s\""));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["50", "0/s", "-1/s", "NaN/s", "inf/s", "1/fortnight", "/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        for text in ["64", "64KB", "0KB/s", "KB/s", "1e3KB/s"] {
            assert!(text.parse::<ByteRate>().is_err(), "{text}");
        }
    }
}
