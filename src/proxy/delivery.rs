//! An answer on its way to the gateway, and the end of its record.
//!
//! Each piece of a body knows its exchange. When the body has ended and the last piece was let go by whoever writes it, the answer is whole
//! as soon as all was flushed. Where a piece is dropped with bytes in it, or the body before its end, it was cut.

use super::flow::Ticket;
use super::interim::Interim;
use super::shaped::{Broken, Shaped};
use bytes::{Buf, Bytes};
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Ends the record of an exchange exactly once, when nobody holds it any more: whole where the body ended and nothing of it was lost.
#[derive(Debug)]
pub(super) struct Underway {
    ticket: Ticket,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    has_ended: bool,
    is_lost: bool,
    /// Who waits until all pieces are out.
    waiting: Option<Waker>,
}

impl Underway {
    pub(super) fn new(ticket: Ticket) -> Arc<Self> {
        Arc::new(Self { ticket, state: Mutex::default() })
    }

    pub(super) const fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.has_ended && !state.is_lost { self.ticket.finish() } else { self.ticket.cut() }
    }
}

/// A piece of an answer, until it was written.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Bytes,
    underway: Option<Arc<Underway>>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let Some(underway) = self.underway.take() else { return };
        let mut state = underway.state();
        state.is_lost |= self.bytes.has_remaining();
        let waiting = state.waiting.take();
        drop(state);
        drop(underway);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

#[derive(Debug)]
enum Source {
    Provider(Box<Shaped>),
    Instead(Full<Bytes>),
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Delivery {
    source: Source,
    underway: Option<Arc<Underway>>,
    /// True where not reading the body does not make the answer less whole: answers to HEAD, and our own.
    bodyless: bool,
    /// Why it ends; told once all that came before was written.
    broken: Option<Broken>,
    /// Writes trailers where hyper does not.
    behind: Option<Interim>,
    /// Trailers that wait until all before them is flushed, and since which flush.
    trailers: Option<(HeaderMap, u64)>,
}

impl Delivery {
    /// What the provider answered.
    pub(super) fn of_provider(body: Shaped, underway: Arc<Underway>, bodyless: bool, behind: Option<Interim>) -> Self {
        let source = Source::Provider(Box::new(body));
        Self { source, underway: Some(underway), bodyless, broken: None, behind, trailers: None }
    }

    /// What is answered in its place; without a record where it gave no answer.
    pub(super) fn instead(body: Bytes, underway: Option<Arc<Underway>>) -> Self {
        let source = Source::Instead(Full::new(body));
        Self { source, underway, bodyless: true, broken: None, behind: None, trailers: None }
    }

    fn is_over(&self) -> bool {
        match &self.source {
            Source::Provider(body) => self.broken.is_none() && self.trailers.is_none() && body.is_over(),
            Source::Instead(body) => body.is_end_stream(),
        }
    }

    /// The body has ended: as whole, unless a fault has made another answer of it.
    fn finish(&mut self) {
        let is_spoilt = matches!(&self.source, Source::Provider(body) if body.is_spoilt());
        if let Some(underway) = self.underway.take() {
            underway.state().has_ended = !is_spoilt;
        }
    }

    /// Ready once no piece is on its way.
    fn poll_out(&self, cx: &Context<'_>) -> Poll<()> {
        let Some(underway) = &self.underway else { return Poll::Ready(()) };
        underway.state().waiting = Some(cx.waker().clone());
        // One is our own.
        if Arc::strong_count(underway) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Ends the body with its trailers, once all that was before them is out.
    fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        std::task::ready!(self.poll_out(cx));
        if let (Some(behind), Some((trailers, since))) = (&self.behind, self.trailers.take()) {
            if behind.poll_flushed(since, cx).is_pending() {
                self.trailers = Some((trailers, since));
                return Poll::Pending;
            }
            behind.end_with(trailers);
        }
        self.finish();
        Poll::Ready(())
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut self.source {
            Source::Provider(body) => body.poll_frame(cx),
            Source::Instead(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
        }
    }
}

impl Body for Delivery {
    type Data = Piece;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, Broken>>> {
        let this = self.get_mut();
        if this.trailers.is_some() {
            return this.poll_trailers(cx).map(|()| None);
        }
        if this.broken.is_none() {
            match std::task::ready!(this.poll_source(cx)) {
                None => {
                    this.finish();
                    return Poll::Ready(None);
                }
                Some(Ok(frame)) => {
                    let frame = match (frame.into_trailers(), &this.behind) {
                        (Ok(trailers), Some(behind)) => {
                            this.trailers = Some((trailers, behind.flushes()));
                            return this.poll_trailers(cx).map(|()| None);
                        }
                        (Ok(trailers), None) => Frame::trailers(trailers),
                        (Err(frame), _) => frame,
                    };
                    let underway = this.underway.clone();
                    if this.is_over() {
                        this.finish();
                    }
                    return Poll::Ready(Some(Ok(frame.map_data(|bytes| Piece { bytes, underway }))));
                }
                Some(Err(broken)) => this.broken = Some(broken),
            }
        }
        // HTTP/2 forgets what it has not written of a stream that is reset.
        std::task::ready!(this.poll_out(cx));
        this.underway = None;
        Poll::Ready(this.broken.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Provider(body) => body.size_hint(),
            Source::Instead(body) => body.size_hint(),
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if self.bodyless || self.is_over() {
            self.finish();
        }
    }
}
