//! `keep_alive` (ours): after so many events only signs of life come, as the provider sends them, and no tokens until the toxic is removed.

use super::attributes::AFTER;
use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, NEVER, Play};
use crate::dialect::sign_of_life;
use crate::model::{ActsOn, Attribute, Setting, SettingKind};
use crate::units::Duration;

fault! {
    /// After so many events only signs of life come, and no tokens.
    KeepAlive { word: Some("keep-alive"), toxic: Some("keep_alive"), acts_on: ActsOn::Answers }
    settings {
        /// Events that pass before.
        after: u64 = AFTER,
        /// From one sign to the next.
        every: Duration = Attribute::new("every", SettingKind::SomeTime(Duration::from_millis(1)))
            .on_wire("every_ms")
            .or(|| Setting::Time(Duration::from_secs(1)))
            .hint("write at least 1"),
    }
}

impl FaultEffect for KeepAlive {
    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if !piece.is_at(self.after) {
            return Play::pass(piece.bytes.clone());
        }
        let sign = sign_of_life(piece.format).into();
        Play { meanwhile: Some((sign, self.every.as_nanos())), ..Play::wait(piece, NEVER) }
    }

    fn told(&self) -> String {
        format!(" after {} events", self.after)
    }
}
