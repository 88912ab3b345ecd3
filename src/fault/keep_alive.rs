//! `keep_alive` (ours): after so many events only signs of life come, as the provider sends them, and no tokens until the toxic is removed.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, after, bad, milliseconds};
use super::{AnswerPiece, NEVER, On, Play, ToxicError};
use crate::dialect::sign_of_life;
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// Events that pass before.
    pub after: u64,
    /// From one sign to the next.
    pub every: Duration,
}

impl Deed for KeepAlive {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let every = fields.milliseconds("every_ms")?.unwrap_or(Duration::from_secs(1));
        if every < Duration::from_millis(1) {
            return Err(bad("every_ms", "write at least 1"));
        }
        Ok(Self { after: fields.after()?, every })
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = after(self.after);
        attributes.insert("every_ms".into(), json!(milliseconds(self.every)));
        attributes
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if !piece.is_at(self.after) {
            return Play::pass(piece.bytes.clone());
        }
        let sign = sign_of_life(piece.format).into();
        Play { meanwhile: Some((sign, self.every.as_nanos())), ..Play::wait(piece, NEVER) }
    }
}
