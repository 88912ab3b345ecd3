//! `empty_answer` (ours): the provider says yes and nothing else: a stream without events, or `{}`. What has begun goes on.

use super::contract::{FaultEffect, fault};
use super::{AnswerPiece, Play, Then};
use crate::model::{ActsOn, FailureMode};
use bytes::Bytes;

fault! {
    /// Answers say yes and nothing else.
    EmptyAnswer { word: Some("empty-answer"), toxic: Some("empty_answer"), acts_on: ActsOn::Answers }
}

impl FaultEffect for EmptyAnswer {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::SilentCorruption)
    }

    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        if !piece.from_start {
            return Play::pass(piece.bytes.clone());
        }
        Play::spoil(Bytes::from_static(if piece.format.streamed { b"" } else { b"{}" }), Then::End)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tamper::tests::{chat, stream, token, whole};
    use crate::fault::{Effect, Tamper};

    #[test]
    fn what_has_begun_is_not_empty() {
        let effect = || Effect::EmptyAnswer(EmptyAnswer);
        assert!(!Tamper::new(effect(), chat(true), false).piece(0, token("one")).touched);
        assert_eq!(stream(effect()).piece(0, token("one")), Play::spoil(Bytes::new(), Then::End));
        assert_eq!(whole(effect(), "{\"a\":1}").bytes, &b"{}"[..]);
    }
}
