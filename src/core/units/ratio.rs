//! A share of a whole, written as a percentage: `99%`, `0.5%`.

use super::{ParseError, meant, text_form};
use std::fmt;
use std::str::FromStr;

/// A number from 0 to 1. Text form: `99%`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// The whole.
    pub const ONE: Self = Self(1.0);

    /// From a number; `None` unless it is from 0 to 1.
    pub const fn new(ratio: f64) -> Option<Self> {
        if ratio >= 0.0 && ratio <= 1.0 { Some(Self(ratio)) } else { None }
    }

    /// The number, from 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten digits keep 99.9 % from being shown as 99.90000000000001 %.
        write!(f, "{}%", (self.0 * 1e12).round() / 1e10)
    }
}

impl FromStr for Ratio {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        Self::read(text).ok_or_else(|| {
            let number = |text: &str| text.trim().parse::<f64>().ok();
            let signed = text.strip_suffix('%').map(number);
            let problem = match signed {
                Some(Some(number)) if number > 100.0 => format!("`{text}` is more than 100%"),
                Some(Some(number)) if number < 0.0 => format!("`{text}` is below zero"),
                None if number(text).is_some() => format!("`{text}` has no per cent sign"),
                _ => format!("`{text}` is not a percentage"),
            };
            let usual = || "write a percentage from `0%` to `100%`, for example `99%`".into();
            let meant = meant::ratio(text).filter(|(likely, _)| Self::read(likely).is_some());
            ParseError::new(problem, meant.map_or_else(usual, |(likely, more)| format!("write `{likely}`{more}")))
        })
    }
}

impl Ratio {
    /// What somebody most likely meant who wrote it otherwise than files do, for hints that write more than it alone.
    pub fn meant(text: &str) -> Option<Self> {
        Self::read(text).or_else(|| Self::read(&meant::ratio(text)?.0))
    }

    /// The form that files have.
    fn read(text: &str) -> Option<Self> {
        let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
        Self::new(number / 100.0)
    }
}

text_form!(Ratio, r"^[0-9]+(\.[0-9]+)?%$", "A share of a whole, as `99%`.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_read_and_write_back() {
        for text in ["99%", "99.9%", "0%", "100%", "0.5%"] {
            assert_eq!(text.parse::<Ratio>().unwrap().to_string(), text);
        }
        for text in ["99", "101%", "-1%", "NaN%", "%"] {
            assert!(text.parse::<Ratio>().is_err(), "{text}");
        }
    }
}
