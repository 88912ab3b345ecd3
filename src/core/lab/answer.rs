//! A streamed answer whose tokens leave when they are due. A body and no task: who hangs up drops it, and the work ends.

use super::crowding::Turn;
use crate::dialect::ProviderAnswer;
use bytes::Bytes;
use hyper::body::Frame;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// No more than a little beyond this is written at once.
const PIECE: usize = 1 << 14;

/// The tokens of one reply: the first at once, each further one a gap after the last was due. Due times count from the
/// first, so that the timer's coarseness does not add up.
pub(super) struct TokenStream {
    reply: ProviderAnswer,
    place: usize,
    first: Instant,
    gap: Duration,
    /// When the next token is due.
    due: Instant,
    /// What waits for that, where it is not yet.
    timer: Option<Pin<Box<Sleep>>>,
    ended: bool,
    /// Somebody else's, once this is gone.
    _turn: Turn,
}

impl TokenStream {
    pub(super) fn new(reply: ProviderAnswer, gap: Duration, turn: Turn) -> Self {
        let first = Instant::now();
        Self { reply, place: 0, first, gap, due: first, timer: None, ended: false, _turn: turn }
    }

    /// Waits until the next token is due. What is due already needs no timer, which would count whole milliseconds.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let due = self.due;
        if due <= Instant::now() {
            return Poll::Ready(());
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(context)
    }

    /// The events of the next token, and of the end where it is the last.
    fn next_events(&mut self) -> Vec<u8> {
        let (place, last) = (self.place, self.place + 1 >= self.reply.tokens());
        let mut bytes = if place < self.reply.tokens() { self.reply.token_event(place) } else { Vec::new() };
        if last {
            bytes.extend(self.reply.end_events());
            self.ended = true;
        } else {
            self.place += 1;
            self.due = self.first + self.gap * u32::try_from(self.place).unwrap_or(u32::MAX);
        }
        bytes
    }
}

impl hyper::body::Body for TokenStream {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        ready!(self.poll_due(context));
        // Whatever is due leaves together.
        let (mut bytes, now) = (self.next_events(), Instant::now());
        while !self.ended && self.due <= now && bytes.len() < PIECE {
            bytes.extend(self.next_events());
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))))
    }
}
