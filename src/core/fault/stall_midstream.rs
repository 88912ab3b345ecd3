//! `stall_midstream` (ours): the head comes, then so many events, then nothing for a while.

use super::attributes::AFTER;
use super::contract::{FaultEffect, fault};
use super::stall::FOR;
use super::{AnswerPiece, NEVER, Play};
use crate::model::ActsOn;
use crate::units::Duration;

fault! {
    /// Answers begin, and stop coming after so many events of their stream.
    StallMidstream { word: Some("stall-midstream"), toxic: Some("stall_midstream"), acts_on: ActsOn::Answers }
    settings {
        /// Events that pass before; 0 stalls behind the head.
        after: u64 = AFTER.example(""),
        /// How long; until the fault ends where it is not said.
        hold: Option<Duration> = FOR,
    }
}

impl FaultEffect for StallMidstream {
    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if !piece.is_at(self.after) {
            return Play::pass(piece.bytes.clone());
        }
        Play::wait(piece, self.hold.map_or(NEVER, |hold| piece.now.saturating_add(hold.as_nanos())))
    }

    fn told(&self) -> String {
        format!(" after {} events", self.after)
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
