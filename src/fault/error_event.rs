//! `error_event` (ours): after so many events an error comes in the provider's own form, and the answer ends. Of a whole answer
//! nothing but the error comes, with the status that the provider gave.

use super::deed::Deed;
use super::fields::{Attributes, Fields, after};
use super::{On, Piece, Play, Then, ToxicError};
use crate::dialect::error_midway;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorEvent {
    /// Events that pass before.
    pub after: u64,
}

impl Deed for ErrorEvent {
    fn read(fields: &mut Fields) -> Result<Self, ToxicError> {
        Ok(Self { after: fields.after()? })
    }

    fn attributes(&self) -> Attributes {
        after(self.after)
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &Piece<'_>) -> Play {
        if piece.is_behind(self.after) {
            return Play::spoil(error_midway(piece.dialect, piece.streamed).into(), Then::End);
        }
        Play::pass(piece.bytes.clone())
    }
}
