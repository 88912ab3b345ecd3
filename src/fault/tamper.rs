//! A [`Shape`] at work on one answer: what it decides about each event of a stream, or about a whole answer.
//!
//! It holds no bytes, so nothing is lost when it is removed. What it lets wait passes at once then.

use super::{NEVER, Shape};
use crate::dialect::{PING, error_midway, has_data, is_terminal, with_garbled_text, with_other_model};
use crate::model::Dialect;
use bytes::Bytes;

/// What comes after a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub meanwhile: Option<(&'static [u8], u64)>,
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
    const fn pass(bytes: Bytes) -> Self {
        Self { due: 0, meanwhile: None, bytes, then: Then::GoOn, touched: false, spoilt: false }
    }

    fn wait(self, due: u64, meanwhile: Option<(&'static [u8], u64)>) -> Self {
        Self { due, meanwhile, touched: true, ..self }
    }

    const fn spoil(bytes: Bytes, then: Then) -> Self {
        Self { due: 0, meanwhile: None, bytes, then, touched: true, spoilt: true }
    }
}

/// See the head of this file. Moments are nanoseconds of a clock that never goes back.
#[derive(Debug)]
pub struct Tamper {
    shape: Shape,
    dialect: Dialect,
    streamed: bool,
    /// True where it took hold before anything of the answer had passed.
    from_start: bool,
    seen: u64,
    /// When the next event may pass, where they are paced.
    next_at: u64,
    spent: bool,
}

impl Tamper {
    /// For one answer, a stream or whole.
    pub const fn new(shape: Shape, dialect: Dialect, streamed: bool, from_start: bool) -> Self {
        Self { shape, dialect, streamed, from_start, seen: 0, next_at: 0, spent: false }
    }

    /// The next piece, which came at `now`: an event with the blank line at its end, or all of a whole answer.
    pub fn piece(&mut self, now: u64, piece: Bytes) -> Play {
        let counts = !self.streamed || has_data(&piece);
        if self.spent || !counts {
            return Play::pass(piece);
        }
        let place = self.seen;
        self.seen += 1;
        let reached = |after: u64| !self.streamed || place >= after;
        let half = || piece.slice(..piece.len() / 2);
        match self.shape {
            Shape::Stall { after, hold } if reached(after) => {
                self.spent = true;
                Play::pass(piece).wait(hold.map_or(NEVER, |hold| now.saturating_add(hold.as_nanos())), None)
            }
            Shape::KeepAlive { after, every } if reached(after) => {
                self.spent = true;
                // JSON takes blank lines before it.
                let ping = if self.streamed { PING } else { b"\n" };
                Play::pass(piece).wait(NEVER, Some((ping, every.as_nanos())))
            }
            Shape::Slow { rate } if self.streamed => {
                let due = self.next_at.max(now);
                self.next_at = due.saturating_add(1_000_000_000_000 / rate.max(1));
                if due > now { Play::pass(piece).wait(due, None) } else { Play::pass(piece) }
            }
            Shape::Cut { after } if reached(after) => Play::spoil(if self.streamed { Bytes::new() } else { half() }, Then::Cut),
            Shape::EndEarly { .. } if !self.streamed => Play::spoil(half(), Then::End),
            Shape::EndEarly { after } if reached(after) || is_terminal(&piece) => Play::spoil(Bytes::new(), Then::End),
            Shape::ErrorEvent { after } if reached(after) => Play::spoil(error_midway(self.dialect, self.streamed).into(), Then::End),
            Shape::Malformed { after } if reached(after) => {
                self.spent = true;
                let broken = if self.streamed { [b"data: {\"oops", &b"\n\n"[..]].concat().into() } else { half() };
                Play::spoil(broken, Then::GoOn)
            }
            Shape::Empty if self.from_start => Play::spoil(Bytes::from_static(if self.streamed { b"" } else { b"{}" }), Then::End),
            Shape::WrongModel => match with_other_model(&piece, self.streamed) {
                Some(other) => Play { touched: true, ..Play::pass(other.into()) },
                None => Play::pass(piece),
            },
            Shape::Corrupt => match with_garbled_text(&piece, self.streamed) {
                Some(garbled) => Play::spoil(garbled.into(), Then::GoOn),
                None => Play::pass(piece),
            },
            _ => Play::pass(piece),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Duration;

    const EVENT: &[u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n";

    fn stream(shape: Shape) -> Tamper {
        Tamper::new(shape, Dialect::OpenAi, true, true)
    }

    #[test]
    fn events_are_counted_and_comments_are_not() {
        let mut cut = stream(Shape::Cut { after: 2 });
        for piece in [PING, EVENT, PING, EVENT, PING] {
            assert_eq!(cut.piece(0, Bytes::from_static(piece)), Play::pass(Bytes::from_static(piece)));
        }
        assert_eq!(cut.piece(0, Bytes::from_static(EVENT)), Play::spoil(Bytes::new(), Then::Cut));
    }

    #[test]
    fn a_slow_stream_has_a_steady_pace_and_saves_nothing_up() {
        let mut slow = stream(Shape::Slow { rate: 2000 });
        let mut due = |now| slow.piece(now, Bytes::from_static(EVENT)).due;
        assert_eq!([due(0), due(1), due(2)], [0, 500_000_000, 1_000_000_000]);
        assert_eq!([due(9_000_000_000), due(9_000_000_000)], [0, 9_500_000_000]);
    }

    #[test]
    fn a_stream_never_ends_with_its_terminal_marker_where_it_shall_end_early() {
        let done = Bytes::from_static(b"data: [DONE]\n\n");
        assert_eq!(stream(Shape::EndEarly { after: 99 }).piece(0, done).then, Then::End);
    }

    #[test]
    fn a_stall_ends_in_its_time_and_happens_once() {
        let mut stall = stream(Shape::Stall { after: 0, hold: Some(Duration::from_nanos(70)) });
        assert_eq!(stall.piece(5, Bytes::from_static(EVENT)).due, 75);
        assert_eq!(stall.piece(80, Bytes::from_static(EVENT)), Play::pass(Bytes::from_static(EVENT)));
    }

    #[test]
    fn what_has_begun_is_not_empty() {
        let mut late = Tamper::new(Shape::Empty, Dialect::OpenAi, true, false);
        assert!(!late.piece(0, Bytes::from_static(EVENT)).touched);
        let mut whole = Tamper::new(Shape::Empty, Dialect::OpenAi, false, true);
        assert_eq!(whole.piece(0, Bytes::from_static(b"{\"a\":1}")).bytes, &b"{}"[..]);
    }
}
