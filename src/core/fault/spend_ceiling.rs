//! `spend_ceiling` (ours): the provider's answers are counted at its price, and once they have cost as much as the ceiling, each request is refused
//! in the words that the provider has for a customer's own limit, without reaching it.
//!
//! A ceiling is one of a day, as providers have them; a drill is shorter, so `spent` says what the day has cost before. It counts from when the fault
//! was put in force, by the tokens that answers report, at the price a million of `input` and `output`; a drill fills these in from the inventory or
//! the list. An answer that reports none counts as all the tokens that its request allows. What is under way when the ceiling is reached is let
//! through, as providers do, so that the sum may pass it a little.

use super::contract::{FaultEffect, fault};
use super::refused::refusal;
use super::{Ruling, TimedRequest, ToxicMemory};
use crate::dialect::RefusalReason;
use crate::model::{ActsOn, Attribute, FailureMode, Fault, Price, Requests, SettingKind, Tokens};
use crate::units::Money;

fault! {
    /// Answers are counted at the provider's price; from the ceiling on requests are refused in its own words, without reaching it.
    SpendCeiling { word: Some("spend-ceiling"), toxic: Some("spend_ceiling"), acts_on: ActsOn::Requests }
    settings {
        /// The ceiling, of a day.
        at_most: Money = Attribute::new("at_most", SettingKind::Money).required().example("50 USD").hint("write US dollars, for example 50"),
        /// What of it is spent already when the fault begins.
        spent: Option<Money> = Attribute::new("spent", SettingKind::Money).left_out(),
        /// The price of a million tokens of prompts; the provider's where it is not said.
        input: Option<Money> = Attribute::new("input", SettingKind::Money).left_out(),
        /// The price of a million tokens of answers; the provider's where it is not said.
        output: Option<Money> = Attribute::new("output", SettingKind::Money).left_out(),
    }
}

impl FaultEffect for SpendCeiling {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Quota)
    }

    fn rule(&self, timed: &TimedRequest<'_>, memory: &mut ToxicMemory) -> Ruling {
        let before = self.spent.unwrap_or_default();
        if before.plus(Money::from_nanos(memory.billed)) < self.at_most {
            return Ruling::default();
        }
        Ruling::instead(refusal(timed, |_| RefusalReason::SpendLimit))
    }

    fn billed(&self, tokens: Tokens, memory: &mut ToxicMemory) {
        let price = Price { input: self.input.unwrap_or_default(), output: self.output.unwrap_or_default(), source: String::new() };
        memory.billed = memory.billed.saturating_add(price.of(tokens.input, tokens.output).as_nanos());
    }

    fn requests(&self) -> Option<Requests> {
        Some(Requests::Inference)
    }

    /// A refusal is told in the form that was asked for.
    fn reads_body(&self) -> bool {
        true
    }

    fn told(&self) -> String {
        let spent = self.spent.map_or_else(String::new, |spent| format!(", {spent} of it spent"));
        format!(" at {}{spent}", self.at_most)
    }
}

impl SpendCeiling {
    /// Where this fault is a ceiling: the same with the provider's price for what it does not say itself.
    pub fn priced(fault: &Fault, price: Option<&Price>) -> Option<Fault> {
        let ceiling = Self::in_fault(fault)?;
        let input = ceiling.input.or(price.map(|price| price.input));
        let output = ceiling.output.or(price.map(|price| price.output));
        Some(Self { input, output, ..ceiling }.into())
    }

    /// True where this fault is a ceiling and says no price of its own.
    pub fn needs_price(fault: &Fault) -> bool {
        Self::in_fault(fault).is_some_and(|ceiling| ceiling.input.is_none() || ceiling.output.is_none())
    }

    fn in_fault(fault: &Fault) -> Option<Self> {
        if !std::ptr::eq(fault.kind(), &KIND) {
            return None;
        }
        Self::of(fault.settings())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::matching::tests::Example;
    use crate::model::Dialect;

    #[test]
    fn it_refuses_once_what_was_billed_reaches_it() {
        let price = Price { input: "1 USD".parse().unwrap(), output: "10 USD".parse().unwrap(), source: String::new() };
        let bare = SpendCeiling { at_most: "1 USD".parse().unwrap(), spent: "0.9998 USD".parse().ok(), input: None, output: None };
        assert!(SpendCeiling::needs_price(&bare.clone().into()));
        let fault = SpendCeiling::in_fault(&SpendCeiling::priced(&bare.into(), Some(&price)).unwrap()).unwrap();
        assert!(!SpendCeiling::needs_price(&fault.clone().into()) && SpendCeiling::priced(&crate::fault::Corrupt.into(), None).is_none());
        let mut memory = ToxicMemory::default();
        let rule = |memory: &mut ToxicMemory, dialect| {
            let asked = Example { dialect: Some(dialect), body: "{}", ..Example::default() };
            fault.rule(&TimedRequest { request: &asked, now: 0, wall: 0 }, memory).instead.map(|answer| answer.status)
        };
        assert_eq!(rule(&mut memory, Dialect::OpenAi), None);
        fault.billed(Tokens { input: 50, output: 10 }, &mut memory);
        assert_eq!(rule(&mut memory, Dialect::OpenAi), None, "0.00015 of 0.0002 USD are spent");
        fault.billed(Tokens { input: 50, output: 0 }, &mut memory);
        assert_eq!(
            [Dialect::OpenAi, Dialect::Anthropic, Dialect::Vertex].map(|dialect| rule(&mut memory, dialect)),
            [Some(429), Some(400), Some(429)]
        );
        assert_eq!(fault.told(), " at 1.00 USD, 0.9998 USD of it spent");
    }
}
