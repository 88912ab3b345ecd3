//! `error_event` (ours): after so many events an error comes in the provider's own form, and the answer ends. Of a whole answer
//! nothing but the error comes, with the status that the provider gave. It is an error of the provider's, or one of `http_error`'s reasons.

use super::attributes::AFTER;
use super::contract::{FaultEffect, fault};
use super::refused::{mode_of, provider_fault};
use super::{AnswerPiece, Play, Then};
use crate::dialect::{RefusalReason, error_midway};
use crate::model::{ActsOn, Attribute, FailureMode, Refusal, SettingKind};

fault! {
    /// After so many events comes an error in the provider's dialect, and the end.
    ErrorEvent { word: Some("error-event"), toxic: Some("error_event"), acts_on: ActsOn::Answers }
    settings {
        /// Events that pass before.
        after: u64 = AFTER,
        /// Which error; something broke at the provider where it is not said.
        error: Option<Refusal> = Attribute::new("error", SettingKind::Word(Refusal::WORDS)).left_out(),
    }
}

impl FaultEffect for ErrorEvent {
    fn mode(&self) -> Option<FailureMode> {
        self.error.map_or(Some(FailureMode::Outage), mode_of)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if piece.is_behind(self.after) {
            let fault = self.error.map_or(RefusalReason::ServerError, |error| provider_fault(error, ""));
            return Play::spoil(error_midway(piece.format, &fault).into(), Then::End);
        }
        Play::pass(piece.bytes.clone())
    }

    fn told(&self) -> String {
        let error = self.error.map_or_else(String::new, |error| format!(" {error}"));
        format!("{error} after {} events", self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Effect;
    use crate::fault::tamper::tests::{stream, token};

    #[test]
    fn the_error_is_the_one_that_was_named() {
        let said = |error| stream(Effect::ErrorEvent(ErrorEvent { after: 0, error })).piece(0, token("one")).bytes;
        assert!(String::from_utf8_lossy(&said(None)).contains("server_error"));
        assert!(String::from_utf8_lossy(&said(Some(Refusal::Quota))).contains("insufficient_quota"));
    }
}
