//! What a provider's tokens cost.

use crate::units::Money;
use serde::{Deserialize, Serialize};

/// Prices of a provider's chat model for a million tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of what is sent.
    pub input: Money,
    /// Of what comes back.
    pub output: Money,
    /// Where the prices are from, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Price {
    /// What so many tokens cost.
    pub fn of(&self, input: u64, output: u64) -> Money {
        let part = |price: Money, tokens: u64| u128::from(price.as_nanos()) * u128::from(tokens);
        let nanos = (part(self.input, input) + part(self.output, output)).div_ceil(1_000_000);
        Money::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_costs_its_tokens() {
        let price = Price { input: "2.50 USD".parse().unwrap(), output: "10 USD".parse().unwrap(), source: String::new() };
        assert_eq!(price.of(1000, 100).to_string(), "0.0035 USD");
        assert_eq!(price.of(0, 0), Money::ZERO);
        assert_eq!(price.of(u64::MAX, u64::MAX).as_nanos(), u64::MAX);
    }
}
