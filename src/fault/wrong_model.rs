//! `wrong_model` (ours): the answer names another model, and is whole all the same. Those of
//! Bedrock's converse name none, so nothing of them changes.

use super::deed::Deed;
use super::fields::AttributeReader;
use super::{AnswerPiece, On, Play, ToxicError};
use crate::dialect::with_other_model;

/// It has no attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongModel;

impl Deed for WrongModel {
    fn read(_fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self)
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        match with_other_model(piece.format, piece.bytes) {
            Some(other) => Play { touched: true, ..Play::pass(other.into()) },
            None => Play::pass(piece.bytes.clone()),
        }
    }
}
