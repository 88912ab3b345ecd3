//! `stall_midstream` (ours): the head comes, then so many events, then nothing for a while.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, after, milliseconds};
use super::{AnswerPiece, NEVER, On, Play, ToxicError};
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StallMidstream {
    /// Events that pass before.
    pub after: u64,
    /// How long; `None` until the toxic is removed.
    pub hold: Option<Duration>,
}

impl Deed for StallMidstream {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self { after: fields.after()?, hold: fields.milliseconds("hold_ms")? })
    }

    fn attributes(&self) -> Attributes {
        let hold = self.hold.map(|hold| ("hold_ms".to_owned(), json!(milliseconds(hold))));
        after(self.after).into_iter().chain(hold).collect()
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if !piece.is_at(self.after) {
            return Play::pass(piece.bytes.clone());
        }
        Play::wait(piece, self.hold.map_or(NEVER, |hold| piece.now.saturating_add(hold.as_nanos())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Effect;
    use crate::fault::tamper::tests::{stream, token};

    #[test]
    fn a_stall_ends_in_its_time_and_happens_once() {
        let mut stall = stream(Effect::StallMidstream(StallMidstream { after: 0, hold: Some(Duration::from_nanos(70)) }));
        assert_eq!(stall.piece(5, token("one")).due, 75);
        assert_eq!(stall.piece(80, token("two")), Play::pass(token("two").bytes));
    }
}
