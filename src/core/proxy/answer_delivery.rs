//! An answer on its way to the gateway, and the end of its record.
//!
//! Each piece of a body knows its exchange. When the body has ended and the last piece was let go by its writer, the answer is whole
//! as soon as all was flushed. Where a piece is dropped with bytes in it, or the body before its end, it was cut.

use super::answer_body::{AnswerBody, AnswerBodyError};
use super::connection_flow::ExchangeHandle;
use super::interim::InterimWriter;
use super::upload::Withheld;
use bytes::{Buf, Bytes};
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Guard that ends the record of an exchange exactly once, when nobody holds it any more: whole where the body ended and nothing of it was lost.
#[derive(Debug)]
pub(super) struct ExchangeGuard {
    handle: ExchangeHandle,
    state: Mutex<ExchangeGuardState>,
}

/// What is known of the pieces of an answer.
#[derive(Debug, Default)]
struct ExchangeGuardState {
    has_ended: bool,
    is_lost: bool,
    /// Who waits until all pieces are out.
    waiting: Option<Waker>,
}

impl ExchangeGuard {
    pub(super) fn new(handle: ExchangeHandle) -> Arc<Self> {
        Arc::new(Self { handle, state: Mutex::default() })
    }

    pub(super) const fn handle(&self) -> &ExchangeHandle {
        &self.handle
    }

    fn state(&self) -> MutexGuard<'_, ExchangeGuardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ExchangeGuard {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.has_ended && !state.is_lost { self.handle.finish() } else { self.handle.cut() }
    }
}

/// Piece of an answer that knows whether all of it was written.
#[derive(Debug)]
pub(super) struct DeliveredPiece {
    bytes: Bytes,
    guard: Option<Arc<ExchangeGuard>>,
}

impl Buf for DeliveredPiece {
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

impl Drop for DeliveredPiece {
    fn drop(&mut self) {
        let Some(guard) = self.guard.take() else { return };
        let mut state = guard.state();
        state.is_lost |= self.bytes.has_remaining();
        let waiting = state.waiting.take();
        drop(state);
        drop(guard);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

/// Where the body of an answer comes from.
#[derive(Debug)]
enum AnswerSource {
    Provider(Box<AnswerBody>),
    Instead(Full<Bytes>),
}

/// Body of an answer to the gateway. It ends the record of its exchange.
#[derive(Debug)]
pub(super) struct AnswerDelivery {
    source: AnswerSource,
    guard: Option<Arc<ExchangeGuard>>,
    /// True where not reading the body does not make the answer less whole: answers to HEAD, and our own.
    bodyless: bool,
    /// Why it ends; told once all that came before was written.
    broken: Option<AnswerBodyError>,
    /// Writes trailers where hyper does not.
    behind: Option<InterimWriter>,
    /// Trailers that wait until all before them is flushed, and since which flush.
    trailers: Option<(HeaderMap, u64)>,
    /// What is let go with it.
    _after: Option<Withheld>,
}

impl AnswerDelivery {
    /// What the provider answered.
    pub(super) fn of_provider(body: AnswerBody, guard: Arc<ExchangeGuard>, bodyless: bool, behind: Option<InterimWriter>) -> Self {
        let source = AnswerSource::Provider(Box::new(body));
        Self { source, guard: Some(guard), bodyless, broken: None, behind, trailers: None, _after: None }
    }

    /// What is answered in its place; without a record where it gave no answer.
    pub(super) fn instead(body: Bytes, guard: Option<Arc<ExchangeGuard>>) -> Self {
        let source = AnswerSource::Instead(Full::new(body));
        Self { source, guard, bodyless: true, broken: None, behind: None, trailers: None, _after: None }
    }

    /// The same, with which this goes when it ends.
    pub(super) fn with(mut self, after: Option<Withheld>) -> Self {
        self._after = after;
        self
    }

    fn is_over(&self) -> bool {
        match &self.source {
            AnswerSource::Provider(body) => self.broken.is_none() && self.trailers.is_none() && body.is_over(),
            AnswerSource::Instead(body) => body.is_end_stream(),
        }
    }

    /// The body has ended: as whole, unless a fault has made another answer of it.
    fn finish(&mut self) {
        let is_spoilt = matches!(&self.source, AnswerSource::Provider(body) if body.is_spoilt());
        if let Some(guard) = self.guard.take() {
            guard.state().has_ended = !is_spoilt;
        }
    }

    /// Ready once no piece is on its way.
    fn poll_out(&self, cx: &Context<'_>) -> Poll<()> {
        let Some(guard) = &self.guard else { return Poll::Ready(()) };
        guard.state().waiting = Some(cx.waker().clone());
        // One is our own.
        if Arc::strong_count(guard) == 1 { Poll::Ready(()) } else { Poll::Pending }
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

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerBodyError>>> {
        match &mut self.source {
            AnswerSource::Provider(body) => body.poll_frame(cx),
            AnswerSource::Instead(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
        }
    }
}

impl Body for AnswerDelivery {
    type Data = DeliveredPiece;
    type Error = AnswerBodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<DeliveredPiece>, AnswerBodyError>>> {
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
                    let guard = this.guard.clone();
                    if this.is_over() {
                        this.finish();
                    }
                    return Poll::Ready(Some(Ok(frame.map_data(|bytes| DeliveredPiece { bytes, guard }))));
                }
                Some(Err(broken)) => this.broken = Some(broken),
            }
        }
        // HTTP/2 forgets what it has not written of a stream that is reset.
        std::task::ready!(this.poll_out(cx));
        this.guard = None;
        Poll::Ready(this.broken.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            AnswerSource::Provider(body) => body.size_hint(),
            AnswerSource::Instead(body) => body.size_hint(),
        }
    }
}

impl Drop for AnswerDelivery {
    fn drop(&mut self) {
        if self.bodyless || self.is_over() {
            self.finish();
        }
    }
}
