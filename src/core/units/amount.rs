//! Amounts of money in any currency, as a business counts them: `35 EUR`, `0.04 GBP`.
//!
//! What this file does not do: convert between currencies. Prices of providers are in US dollars ([`Money`](super::Money)).

use super::{ParseError, text_form};
use std::fmt;
use std::str::FromStr;

/// Billionths.
const UNIT: f64 = 1e9;

/// An amount, never negative, with its currency. Text form: `35 EUR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    nanos: u64,
    currency: [u8; 3],
}

impl Amount {
    /// So many times as much, rounded to a hundredth; at most the largest amount that can be written.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let hundredths = (self.nanos as f64 / 1e7 * factor.max(0.0)).round();
        Self { nanos: (hundredths.min(1e12) as u64) * 10_000_000, ..self }
    }

    /// The number alone.
    pub fn value(&self) -> f64 {
        self.nanos as f64 / UNIT
    }

    /// Its currency, in three capital letters.
    pub fn currency(&self) -> &str {
        std::str::from_utf8(&self.currency).unwrap_or_default()
    }

    /// The number and the currency; the number has digits and at most one point.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, currency) = text.split_at_checked(text.len().checked_sub(3)?)?;
        let currency: [u8; 3] =
            currency.as_bytes().try_into().ok().filter(|letters: &[u8; 3]| letters.iter().all(u8::is_ascii_uppercase))?;
        let number = number.trim();
        let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let value: f64 = number.parse().ok().filter(|_| plain)?;
        (value <= 1e9).then_some(Self { nanos: (value * UNIT).round() as u64, currency })
    }

    /// `35€`, `EUR 35`, `$35`, `35 eur` as `35 EUR`.
    fn meant(text: &str) -> Option<String> {
        let signs = [("€", "EUR"), ("$", "USD"), ("£", "GBP"), ("¥", "JPY")];
        let upper = text.trim().to_uppercase();
        let named = signs.iter().find(|(sign, _)| upper.contains(sign)).map(|(sign, name)| (upper.replace(sign, ""), (*name).to_owned()));
        let (number, currency) = named.or_else(|| {
            let letters: String = upper.chars().filter(char::is_ascii_alphabetic).collect();
            (letters.len() == 3).then(|| (upper.replace(&letters, ""), letters))
        })?;
        let number = number.trim();
        let number = if number.matches(',').count() == 1 && !number.contains('.') { number.replace(',', ".") } else { number.to_owned() };
        let meant = format!("{number} {currency}");
        Self::read(&meant).map(|_| meant)
    }
}

impl fmt::Display for Amount {
    /// All its digits, at least two behind the point, and commas between thousands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:09}", self.nanos % 1_000_000_000);
        let kept = digits.trim_end_matches('0').len().max(2);
        write!(f, "{}.{} {}", self.nanos / 1_000_000_000, &digits[..kept], self.currency())
    }
}

impl FromStr for Amount {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::read(text).ok_or_else(|| {
            let usual = "write it with the three letters of its currency, for example `35 EUR`";
            let hint = Self::meant(text).map_or_else(|| usual.to_owned(), |meant| format!("write `{meant}`"));
            ParseError::new(format!("`{}` is not an amount of money", text.trim()), hint)
        })
    }
}

text_form!(Amount, r"^[0-9]+(\.[0-9]+)? ?[A-Z]{3}$", "An amount of money with its currency, as `35 EUR`.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_and_write_back() {
        for (text, shown) in [("35 EUR", "35.00 EUR"), ("0.04EUR", "0.04 EUR"), ("0.0025 GBP", "0.0025 GBP"), ("0 JPY", "0.00 JPY")] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.to_string().as_str(), shown.parse::<Amount>().unwrap()), (shown, amount));
        }
        assert_eq!("35 EUR".parse::<Amount>().unwrap().times(2.2).to_string(), "77.00 EUR");
        assert_eq!("0.04 EUR".parse::<Amount>().unwrap().times(1.0 / 3.0).to_string(), "0.01 EUR");
        assert_eq!("1000000000 EUR".parse::<Amount>().unwrap().times(f64::INFINITY).to_string(), "10000000000.00 EUR");
    }

    #[test]
    fn what_is_no_amount_is_told_with_what_to_write() {
        for (text, meant) in [("35€", "35 EUR"), ("EUR 35", "35 EUR"), ("$3.5", "3.5 USD"), ("35 eur", "35 EUR"), ("0,04 EUR", "0.04 EUR")]
        {
            let error = text.parse::<Amount>().unwrap_err();
            assert_eq!(error.hint, format!("write `{meant}`"), "{text}");
        }
        for text in ["", "35", "EUR", "-1 EUR", "1e3 EUR", "NaN EUR", "1.2.3 EUR", "35 EURO", "99999999999 EUR", "日本 EUR", "3 é"] {
            assert!(text.parse::<Amount>().unwrap_err().hint.contains("35 EUR"), "{text}");
        }
    }
}
