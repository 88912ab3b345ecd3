//! `end_early` (ours): the answer ends politely after so many events, at the latest before its terminal marker: OpenAI's `[DONE]`,
//! Anthropic's `message_stop`, Bedrock's `messageStop`, Google's `finishReason`. A whole answer ends in its middle.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, after};
use super::{AnswerPiece, On, Play, Then, ToxicError};
use crate::dialect::is_terminal;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndEarly {
    /// Events that pass before.
    pub after: u64,
}

impl Deed for EndEarly {
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
        let ends = piece.is_behind(self.after) || is_terminal(piece.format, piece.bytes);
        if ends { Play::spoil(piece.stump(), Then::End) } else { Play::pass(piece.bytes.clone()) }
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
