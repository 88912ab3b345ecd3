//! `wrong_model` (ours): the answer names another model, and is whole all the same. Those of
//! Bedrock's converse name none, so nothing of them changes.

use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play};
use crate::dialect::with_other_model;
use crate::model::{ActsOn, Dialect, FailureMode, Pointless};

fault! {
    /// Answers name another model.
    WrongModel {
        word: Some("wrong-model"),
        toxic: Some("wrong_model"),
        acts_on: ActsOn::Answers,
        pointless: &[Pointless {
            dialect: Dialect::Bedrock,
            why: "speaks Bedrock's dialect, whose answers name no model that could be wrong",
            hint: "break another provider so, or use `corrupt`",
        }],
    }
}

impl FaultEffect for WrongModel {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::ModelWithdrawn)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        match with_other_model(piece.format, piece.bytes) {
            Some(other) => Play { touched: true, ..Play::pass(other.into()) },
            None => Play::pass(piece.bytes.clone()),
        }
    }
}
