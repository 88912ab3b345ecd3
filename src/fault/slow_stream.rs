//! `slow_stream` (ours): the events of a stream pass at a steady rate; what comes later than its turn saves nothing up. A whole answer passes.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, bad, thousandths};
use super::{AnswerPiece, On, Play, ToxicError};
use crate::units::Rate;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowStream {
    /// Thousandths of an event a second; at least one.
    rate: u64,
}

impl SlowStream {
    /// At this rate; at least one event in 1000 s, at most a million a second.
    pub fn of(rate: Rate) -> Self {
        Self { rate: ((rate.as_per_second() * 1e3).round() as u64).clamp(1, 1_000_000_000) }
    }
}

impl Deed for SlowStream {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let rate = (fields.number("rate", 1e6)?.unwrap_or(1.0) * 1e3).round() as u64;
        if rate == 0 { Err(bad("rate", "write at least 0.001 events a second")) } else { Ok(Self { rate }) }
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([("rate".to_owned(), json!(thousandths(self.rate)))])
    }

    fn on(&self) -> On {
        On::Answers
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        let turn = piece.before.filter(|_| piece.format.streamed).map_or(0, |before| before.saturating_add(1_000_000_000_000 / self.rate));
        if turn > piece.now { Play::wait(piece, turn) } else { Play::pass(piece.bytes.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Effect;
    use crate::fault::tamper::tests::{stream, token};

    #[test]
    fn a_slow_stream_has_a_steady_pace_and_saves_nothing_up() {
        let mut slow = stream(Effect::SlowStream(SlowStream { rate: 2000 }));
        let mut due = |now| slow.piece(now, token("one")).due;
        assert_eq!([due(0), due(1), due(2)], [0, 500_000_000, 1_000_000_000]);
        assert_eq!([due(9_000_000_000), due(9_000_000_000)], [0, 9_500_000_000]);
    }
}
