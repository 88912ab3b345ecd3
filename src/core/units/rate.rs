//! How often, and how much: requests a second (`50/s`, `600/min`), bytes a second (`100KB/s`).

use super::{ParseError, meant, text_form};
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
        Self::read(text).and_then(Self::plausible).ok_or_else(|| {
            let text = text.trim();
            let amount = text.split('/').next().unwrap_or_default().trim().parse::<f64>().ok();
            let meant = meant::rate(text).filter(|meant| Self::read(meant).and_then(Self::plausible).is_some());
            let problem = match amount {
                Some(amount) if amount <= 0.0 => format!("a rate must be above 0, and this is `{text}`"),
                Some(_) if Self::read(text).is_some() => format!("`{text}` is not a rate that a drill can have"),
                Some(_) if !text.contains('/') => format!("`{text}` has no unit of time"),
                _ => format!("`{text}` is not a rate"),
            };
            let usual = || "write how many in which time, for example `50/s` or `600/min`".into();
            ParseError::new(problem, meant.map_or_else(usual, |meant| format!("write `{meant}`")))
        })
    }
}

impl Rate {
    /// The form that files have, whatever its amount is, in events a second.
    fn read(text: &str) -> Option<f64> {
        let (number, unit) = text.trim().split_once('/')?;
        let number: f64 = number.trim().parse().ok()?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" | "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        Some(number / seconds)
    }

    /// Longer than 11 days between two requests, or more than a billion a second, is a typing mistake.
    fn plausible(rate: f64) -> Option<Self> {
        Self::per_second(rate).filter(|rate| (1e-6..=1e9).contains(&rate.0))
    }
}

text_form!(Rate, r"^[0-9]+(\.[0-9]+)?/(s|min|h)$", "How often, as `50/s`, `600/min`.");

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
    pub(super) fn typed(self) -> String {
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
        let text = text.trim();
        let bad = || {
            let is_zero = text.starts_with('0') && text.trim_start_matches(['0', '.']).chars().all(|c| c.is_alphabetic() || c == '/');
            if is_zero {
                let hint = "write bytes a second, for example `64KB/s`; the fault `blackhole` lets nothing through";
                return ParseError::new(format!("a bandwidth must be above 0, and this is `{text}`"), hint);
            }
            let usual = || "write bytes a second with their unit, for example `64KB/s` or `1MB/s`".into();
            ParseError::new(
                format!("`{text}` is not a bandwidth in bytes a second"),
                meant::byte_rate(text).map_or_else(usual, |(meant, bits)| {
                    let bits = bits.map(|bits| format!(", or `{}` if it is in bits", Self(bits).typed())).unwrap_or_default();
                    format!("write `{}`{bits}", Self(meant).typed())
                }),
            )
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

text_form!(ByteRate, r"^[0-9]+(\.[0-9]+)?(B|KB|MB|GB)/s$", "Bytes a second, as `64KB/s`; a thousand bytes are a KB.", |rate: &ByteRate| {
    rate.typed()
});

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
