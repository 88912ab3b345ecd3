//! `corrupt` (ours): the letters of the text are others, the numbers of a vector their opposites; everything around them is as it was.

use super::deed::Deed;
use super::fields::AttributeReader;
use super::{AnswerPiece, On, Play, Then, ToxicError};
use crate::dialect::with_garbled_text;

/// It has no attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrupt;

impl Deed for Corrupt {
    fn read(_fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self)
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        match with_garbled_text(piece.format, piece.bytes) {
            Some(garbled) => Play::spoil(garbled.into(), Then::GoOn),
            None => Play::pass(piece.bytes.clone()),
        }
    }
}
