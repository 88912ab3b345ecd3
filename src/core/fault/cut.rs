//! `cut` (ours): the connection is cut after so many events, without a polite end. A whole answer is cut in its middle.

use super::attributes::AFTER;
use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play, Then};
use crate::model::ActsOn;

fault! {
    /// The connection is cut after so many events.
    Cut { word: Some("cut"), toxic: Some("cut"), acts_on: ActsOn::Answers }
    settings {
        /// Events that pass before.
        after: u64 = AFTER,
    }
}

impl FaultEffect for Cut {
    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if piece.is_behind(self.after) { Play::spoil(piece.stump(), Then::Cut) } else { Play::pass(piece.bytes.clone()) }
    }

    fn told(&self) -> String {
        format!(" after {} events", self.after)
    }
}
