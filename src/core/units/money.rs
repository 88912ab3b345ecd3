//! Amounts of money, in US dollars as providers list their prices: `5 USD`, `0.10 USD`.

use super::{ParseError, meant, text_form};
use std::fmt;
use std::str::FromStr;

/// Billionths of a dollar: fine enough for one token of the cheapest model.
const UNIT: f64 = 1e9;

/// An amount, never negative. Text form: `0.10 USD`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From billionths of a dollar.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From dollars, rounded up to a billionth; `None` where that is negative, not finite, or beyond 18 billion.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nanos = (dollars * UNIT - 1e-3).ceil().max(0.0);
        (dollars >= 0.0 && nanos < u64::MAX as f64).then_some(Self(nanos as u64))
    }

    /// In billionths of a dollar.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The sum; at most the largest amount that can be written.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// So many times as much.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

impl fmt::Display for Money {
    /// All its digits, at least two behind the point; with a precision rounded up to that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = f.precision().map_or(1, |digits| 10u64.pow(9 - u32::try_from(digits.min(9)).unwrap_or(9)));
        let nanos = self.0.div_ceil(step).saturating_mul(step);
        let (whole, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        let digits = format!("{rest:09}");
        let kept = digits.trim_end_matches('0').len().max(2);
        write!(f, "{whole}.{} USD", &digits[..kept])
    }
}

impl FromStr for Money {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let bad = || {
            let usual = || "write US dollars, for example `5 USD` or `0.10 USD`".into();
            let hint =
                meant::money(text).filter(|meant| Self::read(meant).is_some()).map_or_else(usual, |meant| format!("write `{meant}`"));
            ParseError::new(format!("`{text}` is not an amount of US dollars"), hint)
        };
        Self::read(text).ok_or_else(bad)
    }
}

impl Money {
    /// The form that files have.
    fn read(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix("USD")?.trim();
        let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        number.parse().ok().filter(|_| plain).and_then(Self::from_dollars)
    }
}

text_form!(Money, r"^[0-9]+(\.[0-9]+)? USD$", "An amount of money, as `0.10 USD`.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_and_write_back() {
        for (text, shown) in [("5 USD", "5.00 USD"), ("0.10 USD", "0.10 USD"), ("0.0000025USD", "0.0000025 USD"), ("0 USD", "0.00 USD")] {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), shown);
            assert_eq!(shown.parse::<Money>().unwrap(), text.parse().unwrap());
        }
        assert_eq!(format!("{:.2} {:.0}", Money(1_530_900_000), Money(1)), "1.54 USD 1.00 USD");
        for text in ["5", "5 EUR", "-1 USD", "USD", "1e3 USD", "NaN USD", "inf USD", "1 2 USD"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
        assert_eq!(Money::from_dollars(0.1 + 0.2).unwrap().to_string(), "0.30 USD", "not a billionth more");
    }
}
