//! `malformed` (ours): after so many events one is broken: its JSON, or in binary frames its checksum. The others pass. Of a whole answer
//! the first half passes.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, after};
use super::{AnswerPiece, On, Play, Then, ToxicError};
use crate::dialect::malformed;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Events that pass before.
    pub after: u64,
}

impl Deed for Malformed {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self { after: fields.after()? })
    }

    fn attributes(&self) -> Attributes {
        after(self.after)
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        match (piece.is_at(self.after), piece.format.streamed) {
            (true, true) => Play::spoil(malformed(piece.format, piece.bytes).into(), Then::GoOn),
            (true, false) => Play::spoil(piece.stump(), Then::GoOn),
            (false, _) => Play::pass(piece.bytes.clone()),
        }
    }
}
