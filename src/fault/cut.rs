//! `cut` (ours): the connection is cut after so many events, without a polite end. A whole answer is cut in its middle.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, after};
use super::{AnswerPiece, On, Play, Then, ToxicError};

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Events that pass before.
    pub after: u64,
}

impl Deed for Cut {
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
        if piece.is_behind(self.after) { Play::spoil(piece.stump(), Then::Cut) } else { Play::pass(piece.bytes.clone()) }
    }
}
