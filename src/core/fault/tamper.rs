//! A toxic at work on one answer: it is shown each piece that carries something, an event of a stream or all of a whole answer, and says
//! what becomes of it.
//!
//! It holds no bytes, so nothing is lost when it is removed. What it lets wait passes at once then. `after`, an attribute of several
//! types, counts the events of a stream from when the toxic took hold of it. A whole answer has no events: there they act in its middle,
//! whatever `after` says. Answers other than 2xx pass.

use super::Effect;
use crate::dialect::{AnswerFormat, StreamEvent, has_data};
use bytes::Bytes;

/// What comes after a piece; the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Then {
    /// The next one.
    GoOn,
    /// A polite end; whatever the provider still sends is lost.
    End,
    /// The connection is cut.
    Cut,
}

/// What becomes of a piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// When it passes, in nanoseconds.
    pub due: u64,
    /// What is sent while it waits: these bytes, once in so many nanoseconds.
    pub meanwhile: Option<(Bytes, u64)>,
    /// What passes in its place.
    pub bytes: Bytes,
    /// What comes then.
    pub then: Then,
    /// True where the fault has acted.
    pub touched: bool,
    /// True where the answer is not the provider's any more: it must not count as whole.
    pub spoilt: bool,
}

impl Play {
    /// It passes as it is.
    pub const fn pass(bytes: Bytes) -> Self {
        Self { due: 0, meanwhile: None, bytes, then: Then::GoOn, touched: false, spoilt: false }
    }

    /// It passes as it is, later.
    pub(super) fn wait(piece: &AnswerPiece<'_>, due: u64) -> Self {
        Self { due, touched: true, ..Self::pass(piece.bytes.clone()) }
    }

    /// Something else passes, which is not the provider's answer any more.
    pub(super) const fn spoil(bytes: Bytes, then: Then) -> Self {
        Self { due: 0, meanwhile: None, bytes, then, touched: true, spoilt: true }
    }
}

/// A piece of an answer that carries something, an event of a stream or all of a whole answer, as a toxic on answers is shown it.
#[derive(Debug)]
pub struct AnswerPiece<'a> {
    pub(super) bytes: &'a Bytes,
    /// How the answer is said; whole, or as a stream.
    pub(super) format: AnswerFormat,
    /// True where the toxic took hold before anything of the answer had passed.
    pub(super) from_start: bool,
    /// How many it was shown before.
    pub(super) place: u64,
    pub(super) now: u64,
    /// When the one before it passed.
    pub(super) before: Option<u64>,
    /// The number of the request at its proxy.
    pub(super) number: u64,
}

impl AnswerPiece<'_> {
    /// True from event number `after` on, and for a whole answer.
    pub(super) const fn is_behind(&self, after: u64) -> bool {
        !self.format.streamed || self.place >= after
    }

    /// True for event number `after`, and for a whole answer.
    pub(super) const fn is_at(&self, after: u64) -> bool {
        !self.format.streamed || self.place == after
    }

    /// Nothing of an event, the first half of a whole answer: what passes of a piece in whose place an answer ends.
    pub(super) fn stump(&self) -> Bytes {
        if self.format.streamed { Bytes::new() } else { self.bytes.slice(..self.bytes.len() / 2) }
    }
}

/// See the head of this file. Moments are nanoseconds of a clock that never goes back.
#[derive(Debug)]
pub struct Tamper {
    effect: Effect,
    format: AnswerFormat,
    from_start: bool,
    seen: u64,
    before: Option<u64>,
    number: u64,
}

impl Tamper {
    /// For one answer. `from_start` where nothing of it has passed yet.
    pub const fn new(effect: Effect, format: AnswerFormat, from_start: bool) -> Self {
        Self { effect, format, from_start, seen: 0, before: None, number: 0 }
    }

    /// The same for the answer to the request of this number.
    #[must_use]
    pub fn to(self, number: u64) -> Self {
        Self { number, ..self }
    }

    /// The next piece, which came at `now`. One that is no whole event, or only a sign of life, passes and is not counted.
    pub fn piece(&mut self, now: u64, event: StreamEvent) -> Play {
        let counts = !self.format.streamed || (event.is_whole && has_data(self.format, &event.bytes));
        if !counts {
            return Play::pass(event.bytes);
        }
        let Self { format, from_start, seen, before, number, .. } = *self;
        let play = self.effect.play(&AnswerPiece { bytes: &event.bytes, format, from_start, place: seen, now, before, number });
        self.seen += 1;
        self.before = Some(play.due.max(now));
        play
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::fault::Cut;
    use crate::model::{Dialect, Operation};

    /// How OpenAI says a chat completion.
    pub(in crate::fault) const fn chat(streamed: bool) -> AnswerFormat {
        AnswerFormat { dialect: Dialect::OpenAi, operation: Operation::Chat, streamed }
    }

    /// Tokens of a stream as OpenAI sends them.
    pub(in crate::fault) fn token(text: &str) -> StreamEvent {
        let bytes = format!("data: {{\"model\":\"m\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
        StreamEvent { bytes: bytes.into(), is_whole: true }
    }

    /// A toxic at work on a stream of OpenAI's from its start.
    pub(in crate::fault) fn stream(effect: Effect) -> Tamper {
        Tamper::new(effect, chat(true), true)
    }

    /// A toxic at work on a whole answer.
    pub(in crate::fault) fn whole(effect: Effect, body: &'static str) -> Play {
        let event = StreamEvent { bytes: Bytes::from_static(body.as_bytes()), is_whole: true };
        Tamper::new(effect, chat(false), true).piece(0, event)
    }

    #[test]
    fn events_are_counted_and_signs_of_life_and_torn_events_are_not() {
        let mut cut = stream(Effect::Cut(Cut { after: 2 }));
        let ping = || StreamEvent { bytes: ": ping\n\n".into(), is_whole: true };
        let torn = StreamEvent { is_whole: false, ..token("torn") };
        for event in [torn, ping(), token("one"), ping(), token("two"), ping()] {
            assert_eq!(cut.piece(0, event.clone()), Play::pass(event.bytes));
        }
        assert_eq!(cut.piece(0, token("three")), Play::spoil(Bytes::new(), Then::Cut));
    }
}
