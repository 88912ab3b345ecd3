//! `end_early` (ours): the answer ends politely after so many events, at the latest before its terminal marker: OpenAI's `[DONE]`,
//! Anthropic's `message_stop`, Bedrock's `messageStop`, Google's `finishReason`. A whole answer ends in its middle.

use super::attributes::AFTER;
use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play, Then};
use crate::dialect::is_terminal;
use crate::model::{ActsOn, FailureMode};

fault! {
    /// Answers end politely after so many events, without their terminal marker.
    EndEarly { word: Some("end-early"), toxic: Some("end_early"), acts_on: ActsOn::Answers }
    settings {
        /// Events that pass before.
        after: u64 = AFTER,
    }
}

impl FaultEffect for EndEarly {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::SilentCorruption)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        let ends = piece.is_behind(self.after) || is_terminal(piece.format, piece.bytes);
        if ends { Play::spoil(piece.stump(), Then::End) } else { Play::pass(piece.bytes.clone()) }
    }

    fn told(&self) -> String {
        format!(" after {} events", self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::StreamEvent;
    use crate::fault::Effect;
    use crate::fault::tamper::tests::{stream, token, whole};

    #[test]
    fn a_stream_never_ends_with_its_terminal_marker_where_it_shall_end_early() {
        let mut early = stream(Effect::EndEarly(EndEarly { after: 99 }));
        assert!(!early.piece(0, token("one")).touched);
        let done = StreamEvent { bytes: "data: [DONE]\n\n".into(), is_whole: true };
        assert_eq!(early.piece(0, done), Play::spoil("".into(), Then::End));
        assert_eq!(whole(Effect::EndEarly(EndEarly { after: 99 }), "123456"), Play::spoil("123".into(), Then::End));
    }
}
