//! `slow_stream` (ours): the events of a stream pass at a steady rate; what comes later than its turn saves nothing up. A whole answer passes.

use super::contract::{FaultEffect, fault};
use super::wire::in_thousandths;
use super::{AnswerPiece, Play};
use crate::model::{ActsOn, Attribute, FailureMode, Setting, SettingKind};
use crate::units::Rate;

/// One event a second, as the control API has it where nobody says a rate.
fn one_a_second() -> Setting {
    Setting::Rate(Rate::per_second(1.0).expect("one is above zero"))
}

fault! {
    /// The events of streams come at this rate at most.
    SlowStream { word: Some("slow-stream"), toxic: Some("slow_stream"), acts_on: ActsOn::Answers }
    settings {
        /// Events a second: at least one in 1000 s, at most a million.
        rate: Rate = Attribute::new("rate", SettingKind::Rate)
            .required()
            .or(one_a_second)
            .example("5/s")
            .hint("write at least 0.001 events a second"),
    }
}

impl FaultEffect for SlowStream {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::BrownOut)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        let turn = piece
            .before
            .filter(|_| piece.format.streamed)
            .map_or(0, |before| before.saturating_add(1_000_000_000_000 / in_thousandths(self.rate)));
        if turn > piece.now { Play::wait(piece, turn) } else { Play::pass(piece.bytes.clone()) }
    }

    fn told(&self) -> String {
        format!(" {}", self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Effect;
    use crate::fault::tamper::tests::{stream, token};

    #[test]
    fn a_slow_stream_has_a_steady_pace_and_saves_nothing_up() {
        let mut slow = stream(Effect::SlowStream(SlowStream { rate: Rate::per_second(2.0).unwrap() }));
        let mut due = |now| slow.piece(now, token("one")).due;
        assert_eq!([due(0), due(1), due(2)], [0, 500_000_000, 1_000_000_000]);
        assert_eq!([due(9_000_000_000), due(9_000_000_000)], [0, 9_500_000_000]);
    }
}
