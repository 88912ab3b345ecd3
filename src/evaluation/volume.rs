//! How many requests a team sends, for what a month of them costs: `100000/day`.

use crate::units::{Money, grouped};
use std::fmt;
use std::str::FromStr;

/// Days of a month, as a twelfth of a year has them.
const MONTH: f64 = 365.25 / 12.0;

/// Requests of a length of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume {
    count: f64,
    of: &'static str,
    a_month: f64,
}

impl Volume {
    /// How many that are a month.
    pub fn a_month(self) -> f64 {
        self.count * self.a_month
    }

    /// What a month costs where a request costs this, in dollars.
    pub fn cost(self, of_one: f64) -> Option<Money> {
        Money::from_dollars(of_one * self.a_month())
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count.fract() == 0.0 {
            write!(f, "{}/{}", grouped(self.count as u64), self.of)
        } else {
            write!(f, "{}/{}", self.count, self.of)
        }
    }
}

impl FromStr for Volume {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write how many requests in which time, for example 100000/day";
        let (count, of) = text.split_once('/').ok_or(FORM)?;
        let units: [(&[&str], &'static str, f64); 6] = [
            (&["s", "second"], "s", MONTH * 86_400.0),
            (&["min", "minute"], "min", MONTH * 1440.0),
            (&["h", "hour"], "hour", MONTH * 24.0),
            (&["d", "day"], "day", MONTH),
            (&["w", "week"], "week", MONTH / 7.0),
            (&["month"], "month", 1.0),
        ];
        let of = of.trim();
        let (_, of, a_month) = units.into_iter().find(|(names, ..)| names.contains(&of)).ok_or(FORM)?;
        let count: String = count.chars().filter(|letter| !matches!(letter, '_' | ',' | ' ')).collect();
        let factor = if count.ends_with('k') {
            1e3
        } else if count.ends_with('M') {
            1e6
        } else {
            1.0
        };
        let number: f64 = count.trim_end_matches(['k', 'M']).parse().map_err(|_| FORM)?;
        let count = number * factor;
        if count.is_finite() && count > 0.0 { Ok(Self { count, of, a_month }) } else { Err(FORM.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_read_and_a_month_of_it_costs() {
        let volume: Volume = "100000/day".parse().unwrap();
        assert_eq!((volume.to_string().as_str(), volume.a_month().round()), ("100,000/day", 3_043_750.0));
        assert_eq!(volume.cost(0.001).unwrap().to_string(), "3043.75 USD");
        assert_eq!("2k/hour".parse::<Volume>().unwrap().a_month().round(), 1_461_000.0);
        for bad in ["100", "x/day", "0/day", "5/fortnight"] {
            assert!(bad.parse::<Volume>().is_err(), "{bad}");
        }
    }
}
