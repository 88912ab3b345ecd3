//! `malformed` (ours): after so many events one is broken: its JSON, or in binary frames its checksum. The others pass. Of a whole answer
//! the first half passes.

use super::attributes::AFTER;
use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play, Then};
use crate::dialect::malformed;
use crate::model::{ActsOn, FailureMode};

fault! {
    /// After so many events one comes broken.
    Malformed { word: Some("malformed"), toxic: Some("malformed"), acts_on: ActsOn::Answers }
    settings {
        /// Events that pass before.
        after: u64 = AFTER,
    }
}

impl FaultEffect for Malformed {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::SilentCorruption)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        match (piece.is_at(self.after), piece.format.streamed) {
            (true, true) => Play::spoil(malformed(piece.format, piece.bytes).into(), Then::GoOn),
            (true, false) => Play::spoil(piece.stump(), Then::GoOn),
            (false, _) => Play::pass(piece.bytes.clone()),
        }
    }

    fn told(&self) -> String {
        format!(" after {} events", self.after)
    }
}
