//! `error_event` (ours): after so many events an error comes in the provider's own form, and the answer ends. Of a whole answer
//! nothing but the error comes, with the status that the provider gave. It is an error of the provider's, or one of `http_error`'s reasons.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, after};
use super::refused::{provider_fault, read_error};
use super::{AnswerPiece, On, Play, Then, ToxicError};
use crate::dialect::{RefusalReason, error_midway};
use crate::model::Refusal;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorEvent {
    /// Events that pass before.
    pub after: u64,
    /// Which error; something broke at the provider where it is not said.
    pub error: Option<Refusal>,
}

impl Deed for ErrorEvent {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self { after: fields.after()?, error: read_error(fields)? })
    }

    fn attributes(&self) -> Attributes {
        after(self.after).into_iter().chain(self.error.map(|error| ("error".to_owned(), json!(error.word())))).collect()
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if piece.is_behind(self.after) {
            let fault = self.error.map_or(RefusalReason::ServerError, |error| provider_fault(error, ""));
            return Play::spoil(error_midway(piece.format, &fault).into(), Then::End);
        }
        Play::pass(piece.bytes.clone())
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
