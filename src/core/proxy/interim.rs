//! What hyper's server does not send over HTTP/1.1, written between what it writes: answers before the answer (103 Early Hints, 102, 100),
//! and trailers behind it (it sends those only whose names the head gave, and to nobody who did not ask for them).
//!
//! An interim answer is handed over while a request waits for its answer, and goes out when hyper flushes, for then nothing is kept back in
//! its own buffer. The one that handed it over goes on only after that, so the answer itself always comes later. Trailers are handed over when
//! all that was before them has been flushed: what hyper writes next is the last chunk, and they go into it.
//!
//! What this file does not do: HTTP/2. It has its own trailers; and its frames belong to streams, of which nobody but hyper knows, so that
//! interim answers are left out there.

use super::connection_flow::ConnectionFlow;
use super::http2_framing::Http2Framing;
use crate::listen::strip_connection;
use bytes::{Buf, Bytes};
use hyper::{HeaderMap, StatusCode, header};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many may wait to be passed on.
const MOST: usize = 32;

/// How hyper ends a body in chunks.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writer of interim answers and trailers between what hyper writes. Cheap to clone; one a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct InterimWriter(Arc<Mutex<InterimState>>);

/// What is to be written between what hyper writes.
#[derive(Debug, Default)]
struct InterimState {
    /// What is still to be written.
    bytes: Bytes,
    /// Some of it was.
    has_begun: bool,
    told: Option<Waker>,
    /// How often hyper had nothing left to write.
    flushes: u64,
    flushed: Option<Waker>,
    /// What stands in the place of the last chunk, which is hyper's next word.
    tail: Option<Bytes>,
    /// How much of hyper's bytes they stand for.
    stands_for: usize,
}

/// Queue of the interim answers that have come from the provider. Unlike a channel it wakes nobody when the provider's side lets go of it, which it does at the
/// same time as it hands over the answer.
#[derive(Debug, Clone, Default)]
pub(super) struct InterimQueue(Arc<Mutex<(VecDeque<InterimAnswer>, Option<Waker>)>>);

impl InterimQueue {
    /// Takes one, unless there are too many.
    pub(super) fn push(&self, told: InterimAnswer) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0.len() < MOST {
            state.0.push_back(told);
        }
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    /// The next one.
    pub(super) async fn next(&self) -> InterimAnswer {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(told) = state.0.pop_front() {
                return Poll::Ready(told);
            }
            state.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// Interim answer of a provider: status and headers.
#[derive(Debug)]
pub(super) struct InterimAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

impl InterimAnswer {
    /// As it is written over HTTP/1.1.
    pub(super) fn bytes(mut self) -> Bytes {
        strip_connection(&mut self.headers);
        let reason = self.status.canonical_reason().unwrap_or("Interim");
        lines(format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16()), &self.headers)
    }
}

/// These headers after a first line, and the empty line that ends them.
fn lines(first: String, headers: &HeaderMap) -> Bytes {
    let mut lines = first.into_bytes();
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines.extend_from_slice(b"\r\n");
    lines.into()
}

/// The last chunk of a body with these trailers behind it; `None` where there are none that may stand there.
pub(super) fn last_chunk(mut trailers: HeaderMap) -> Option<Bytes> {
    strip_connection(&mut trailers);
    // They would speak of the message itself (RFC 9110, 6.5.1).
    for name in [header::CONTENT_LENGTH, header::HOST, header::TRAILER, header::CONTENT_ENCODING, header::CONTENT_TYPE, header::TE] {
        trailers.remove(name);
    }
    (!trailers.is_empty()).then(|| lines("0\r\n".to_owned(), &trailers))
}

impl InterimWriter {
    fn state(&self) -> MutexGuard<'_, InterimState> {
        // A panic while the lock was held leaves bytes that are still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns once it went out.
    pub(super) async fn tell(&self, told: InterimAnswer) {
        self.state().bytes = told.bytes();
        poll_fn(|cx| {
            let mut state = self.state();
            if state.bytes.is_empty() {
                return Poll::Ready(());
            }
            state.told = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// How often hyper has flushed: it does once all is written.
    pub(super) fn flushes(&self) -> u64 {
        self.state().flushes
    }

    /// Ready once it has again.
    pub(super) fn poll_flushed(&self, since: u64, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.flushes > since {
            return Poll::Ready(());
        }
        state.flushed = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ends the body with these trailers. Nothing of it may wait to be written.
    pub(super) fn end_with(&self, trailers: HeaderMap) {
        if let Some(tail) = last_chunk(trailers) {
            self.state().tail = Some(tail);
        }
    }

    /// Writes what was begun, and tells how many of hyper's next bytes that was instead of: trailers stand in the place of the last chunk.
    fn poll_begun(&self, next: &[u8], io: &mut (impl AsyncWrite + Unpin), cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if let Some(tail) = state.tail.take()
            && next.starts_with(LAST_CHUNK)
        {
            (state.bytes, state.has_begun, state.stands_for) = (tail, true, LAST_CHUNK.len());
        }
        if !state.has_begun {
            return Poll::Ready(Ok(0));
        }
        ready!(state.poll_out(io, cx))?;
        Poll::Ready(Ok(std::mem::take(&mut state.stands_for)))
    }

    /// Hyper has nothing left to write: what is to be written is.
    fn poll_flush(&self, io: &mut (impl AsyncWrite + Unpin), cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if !state.bytes.is_empty() {
            ready!(state.poll_out(io, cx))?;
        }
        state.flushes += 1;
        if let Some(flushed) = state.flushed.take() {
            flushed.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl InterimState {
    /// Writes what is to be written.
    fn poll_out(&mut self, io: &mut (impl AsyncWrite + Unpin), cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.bytes.is_empty() {
            let written = ready!(Pin::new(&mut *io).poll_write(cx, &self.bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.bytes.advance(written);
            self.has_begun = true;
        }
        self.has_begun = false;
        if let Some(told) = self.told.take() {
            told.wake();
        }
        Poll::Ready(Ok(()))
    }
}

/// Connection as hyper reads and writes it: the gateway's connection, with what was read of it already, and interim answers in between.
#[derive(Debug)]
pub(super) struct GatewayIo<I> {
    io: I,
    ahead: Bytes,
    interim: InterimWriter,
    flow: Arc<ConnectionFlow>,
    /// Where it speaks HTTP/2.
    framing: Option<Http2Framing>,
}

impl<I: AsyncRead + AsyncWrite + Unpin> GatewayIo<I> {
    pub(super) fn new(io: I, ahead: Bytes, interim: InterimWriter, flow: Arc<ConnectionFlow>) -> Self {
        let framing = flow.state().is_framed.then(Http2Framing::new);
        Self { io, ahead, interim, flow, framing }
    }
}

impl<I> GatewayIo<I> {
    /// Takes notice of what came.
    fn follow(&mut self, came: &[u8]) {
        if let Some(framing) = &mut self.framing {
            framing.follow(came);
            self.flow.state().is_in_head = framing.is_halfway();
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for GatewayIo<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_empty() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
            this.follow(&buf.filled()[before..]);
            return Poll::Ready(Ok(()));
        }
        let take = this.ahead.len().min(buf.remaining());
        let first = this.ahead.split_to(take);
        this.follow(&first);
        buf.put_slice(&first);
        if this.ahead.is_empty() {
            // What it was cut from is not kept for an empty rest.
            this.ahead = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for GatewayIo<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match ready!(this.interim.poll_begun(bytes, &mut this.io, cx))? {
            0 => Pin::new(&mut this.io).poll_write(cx, bytes),
            stood_for => Poll::Ready(Ok(stood_for)),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        match ready!(this.interim.poll_begun(first, &mut this.io, cx))? {
            0 => Pin::new(&mut this.io).poll_write_vectored(cx, slices),
            stood_for => Poll::Ready(Ok(stood_for)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.interim.poll_flush(&mut this.io, cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
