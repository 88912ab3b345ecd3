//! `billing_spike` (ours): the same work costs more, though no price has changed: answers report more tokens than they have, none of the prompt
//! comes from the provider's cache, or answers break off before they say anything, so that clients ask, and pay, again.
//!
//! What is reported is changed in the answer's own usage, in every dialect, so that gateways and clients count what will be billed. Of `retries: n`
//! answers in a row at this provider all but one break off; the provider did its work, and bills it.
//!
//! Prices here know no discount for tokens from a cache, and count them as all others: a lost cache shows in what gateways and clients count that do,
//! and not in a drill's own bill.

use super::attributes::bad;
use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play, Then, ToxicError};
use crate::dialect::with_dearer_usage;
use crate::model::{ActsOn, Attribute, CacheFate, FailureMode, Mistake, SettingKind};
use bytes::Bytes;

fault! {
    /// Answers report, and cost, more tokens than they have; or they break off before they say anything, and cost all the same.
    BillingSpike { word: Some("billing-spike"), toxic: Some("billing_spike"), acts_on: ActsOn::Answers }
    settings {
        /// So many times the tokens, of prompts and of answers.
        tokens: Option<u64> = Attribute::new("tokens", SettingKind::Factor { least: 1_001, most: 1_000_000 }).left_out().example("3"),
        /// So many tries for each answer that is whole.
        retries: Option<u64> = Attribute::new("retries", SettingKind::Whole { least: 2, most: 100 }).left_out(),
        /// What becomes of tokens from the provider's cache of prompts.
        cache: Option<CacheFate> = Attribute::new("cache", SettingKind::Word(CacheFate::WORDS)).left_out(),
    }
}

impl FaultEffect for BillingSpike {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Price)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if !piece.from_start {
            return Play::pass(piece.bytes.clone());
        }
        if self.retries.is_some_and(|tries| piece.number % tries != tries - 1) {
            return Play::spoil(Bytes::new(), Then::Cut);
        }
        let (times, lost) = (self.tokens.unwrap_or(1_000), self.cache == Some(CacheFate::Lost));
        match with_dearer_usage(piece.format, piece.bytes, times, lost) {
            Some(dearer) => Play { touched: true, ..Play::pass(dearer.into()) },
            None => Play::pass(piece.bytes.clone()),
        }
    }

    fn told(&self) -> String {
        let tokens = self.tokens.map(|times| format!("{} × the tokens", times as f64 / 1e3));
        let tries = self.retries.map(|tries| format!("{tries} tries for each answer"));
        let cache = self.cache.filter(|fate| *fate == CacheFate::Lost).map(|_| "no cache of prompts".to_owned());
        let told: Vec<String> = [tokens, tries, cache].into_iter().flatten().collect();
        format!(" of {}", told.join(", "))
    }

    fn mistake(&self) -> Option<Mistake> {
        let is_some = self.tokens.is_some() || self.retries.is_some() || self.cache == Some(CacheFate::Lost);
        (!is_some).then(|| Mistake {
            setting: None,
            message: "a billing spike is more tokens, more tries, a lost cache or several of these".to_owned(),
            hint: "write `{billing-spike: {tokens: 3}}`".to_owned(),
        })
    }

    fn refused(&self) -> Option<ToxicError> {
        self.mistake().map(|_| bad("tokens", "write how many times the tokens, or `retries`, or `cache`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{StreamEvent, reported_tokens};
    use crate::fault::tamper::tests::{chat, stream, token};
    use crate::fault::{Effect, Tamper};

    fn event(text: &'static str) -> StreamEvent {
        StreamEvent { bytes: text.into(), is_whole: true }
    }

    #[test]
    fn the_usage_is_multiplied_and_the_text_is_not() {
        let spike = BillingSpike { tokens: Some(3_000), retries: None, cache: None };
        let mut answer = stream(Effect::BillingSpike(spike));
        assert!(!answer.piece(0, token("one")).touched);
        let last = answer.piece(0, event("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\n"));
        let tokens = reported_tokens(&last.bytes).unwrap();
        assert_eq!((last.touched, last.spoilt, tokens.input, tokens.output), (true, false, 27, 12));
    }

    #[test]
    fn of_three_tries_one_is_whole() {
        let spike = BillingSpike { tokens: None, retries: Some(3), cache: None };
        let whole = |number| {
            let play = Tamper::new(Effect::BillingSpike(spike.clone()), chat(true), true).to(number).piece(0, token("one"));
            assert_eq!(play.then == Then::Cut, play.bytes.is_empty());
            play.then == Then::GoOn
        };
        assert_eq!((0..6).filter(|number| whole(*number)).collect::<Vec<_>>(), [2, 5]);
    }

    #[test]
    fn nothing_is_no_spike() {
        let nothing = BillingSpike { tokens: None, retries: None, cache: Some(CacheFate::Kept) };
        assert!(nothing.mistake().is_some() && nothing.refused().is_some());
        let lost = BillingSpike { tokens: Some(2_500), retries: Some(2), cache: Some(CacheFate::Lost) };
        assert!(lost.mistake().is_none());
        assert_eq!(lost.told(), " of 2.5 × the tokens, 2 tries for each answer, no cache of prompts");
    }
}
