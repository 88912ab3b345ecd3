//! `price_rise` (ours): what a provider answers costs so many times as much as before. Nothing on the wire changes, for no provider tells its
//! price there: each answer that begins and ends under the fault is counted as touched, and whoever reckons the bill takes the new price.
//!
//! An answer that was under way when the fault came has its old price.

use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play};
use crate::model::{ActsOn, Attribute, FailureMode, SettingKind};

fault! {
    /// Answers cost so many times as much; nothing else changes.
    PriceRise {
        word: Some("price-rise"),
        toxic: Some("price_rise"),
        acts_on: ActsOn::Answers,
        dearer: |settings| PriceRise::of(settings).map(|rise| rise.factor),
    }
    settings {
        /// The new price, as a multiple of the old one.
        factor: u64 = Attribute::new("factor", SettingKind::Factor { least: 1_001, most: 1_000_000 })
            .required()
            .example("1.15")
            .hint("write how many times as much, for example 1.15"),
    }
}

impl FaultEffect for PriceRise {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Price)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        Play { touched: piece.from_start, ..Play::pass(piece.bytes.clone()) }
    }

    fn told(&self) -> String {
        format!(" × {}", self.factor as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tamper::tests::{chat, stream, token};
    use crate::fault::{Effect, Tamper};
    use crate::model::Fault;

    #[test]
    fn nothing_changes_but_what_is_counted_and_an_answer_under_way_keeps_its_price() {
        let effect = || Effect::PriceRise(PriceRise { factor: 1_150 });
        let piece = token("one");
        let play = stream(effect()).piece(0, piece.clone());
        assert_eq!((play.touched, play.spoilt, &play.bytes), (true, false, &piece.bytes));
        assert!(!Tamper::new(effect(), chat(true), false).piece(0, piece).touched);
        let fault = Fault::from(PriceRise { factor: 1_150 });
        assert_eq!((fault.dearer(), fault.to_string().as_str()), (Some(1_150), "price-rise × 1.15"));
        assert_eq!(Fault::from(crate::fault::Corrupt).dearer(), None);
    }
}
