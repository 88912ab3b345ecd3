//! `corrupt` (ours): the letters of the text are others, the numbers of a vector their opposites; everything around them is as it was.

use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play, Then};
use crate::dialect::with_garbled_text;
use crate::model::{ActsOn, FailureMode};

fault! {
    /// The letters of answers are others.
    Corrupt { word: Some("corrupt"), toxic: Some("corrupt"), acts_on: ActsOn::Answers }
}

impl FaultEffect for Corrupt {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::SilentCorruption)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        match with_garbled_text(piece.format, piece.bytes) {
            Some(garbled) => Play::spoil(garbled.into(), Then::GoOn),
            None => Play::pass(piece.bytes.clone()),
        }
    }
}
