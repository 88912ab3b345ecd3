//! The gateway's side of exchanges that pass straight: what came and was not looked at, and what is to be written.
//!
//! What this file does not do: decide what is written.

use super::interim::{LAST_CHUNK, last_chunk};
use bytes::{Buf, Bytes, BytesMut};
use hyper::body::Frame;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

/// A piece that is longer is not copied to those before it.
const LARGE: usize = 4 << 10;
/// How much is read at once of what is no body.
const READ: usize = 4 << 10;
/// What a connection may hold while nothing is asked on it.
const KEPT: usize = 8 << 10;

/// The gateway's connection, with what came and was not looked at, and what was not written yet.
#[derive(Debug)]
pub(super) struct StraightGateway<I> {
    io: I,
    pub(super) came: BytesMut,
    /// What is to be written.
    pub(super) out: BytesMut,
    /// What is to be written behind that.
    behind: Bytes,
    /// All that was written has left.
    is_flushed: bool,
}

impl<I: AsyncRead + AsyncWrite + Unpin> StraightGateway<I> {
    pub(super) fn new(io: I, came: BytesMut) -> Self {
        Self { io, came, out: BytesMut::new(), behind: Bytes::new(), is_flushed: true }
    }

    /// The connection, and what came on it.
    pub(super) fn into_parts(self) -> (I, BytesMut) {
        (self.io, self.came)
    }

    /// How much waits to be written.
    pub(super) fn held(&self) -> usize {
        self.out.len() + self.behind.len()
    }

    /// Writes this behind what waits.
    pub(super) fn say(&mut self, bytes: Bytes) {
        if bytes.len() < LARGE || !self.behind.is_empty() {
            self.join();
            self.out.extend_from_slice(&bytes);
        } else {
            self.behind = bytes;
        }
    }

    /// Writes a piece of a body behind what waits, as one in chunks or as it is. The last one ends it.
    pub(super) fn say_frame(&mut self, frame: Option<Frame<Bytes>>, is_last: bool, is_chunked: bool) {
        let mut end = Bytes::from_static(LAST_CHUNK);
        match frame.map(Frame::into_data) {
            Some(Ok(data)) if data.is_empty() => {}
            Some(Ok(data)) if is_chunked => {
                self.join();
                self.chunk_size(data.len());
                self.say(data);
                self.say(Bytes::from_static(b"\r\n"));
            }
            Some(Ok(data)) => self.say(data),
            Some(Err(frame)) => end = frame.into_trailers().ok().and_then(last_chunk).unwrap_or(end),
            None => {}
        }
        if is_last && is_chunked {
            self.say(end);
        }
    }

    /// Writes the line before a chunk.
    fn chunk_size(&mut self, size: usize) {
        let digits = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
        for place in (0..digits).rev() {
            self.out.extend_from_slice(&[b"0123456789abcdef"[size >> (place * 4) & 15]]);
        }
        self.out.extend_from_slice(b"\r\n");
    }

    /// Makes one of what waits, so that more can be written behind it.
    pub(super) fn join(&mut self) {
        if !self.behind.is_empty() {
            self.out.extend_from_slice(&std::mem::take(&mut self.behind));
        }
    }

    /// Reads what is there, which is more of a body where that is `awaited`; 0 at the end.
    pub(super) fn poll_read(&mut self, awaited: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // Pieces of a body that is remembered share what was made room with.
        if self.came.capacity() - self.came.len() < READ {
            self.came.reserve(READ.max(awaited));
        }
        pin!(self.io.read_buf(&mut self.came)).poll(cx)
    }

    /// Writes; ready once all that waits was taken.
    pub(super) fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.held() > 0 {
            self.is_flushed = false;
            let io = Pin::new(&mut self.io);
            let written = match (self.out.is_empty(), self.behind.is_empty()) {
                (false, false) => io.poll_write_vectored(cx, &[IoSlice::new(&self.out), IoSlice::new(&self.behind)]),
                (true, _) => io.poll_write(cx, &self.behind),
                (_, true) => io.poll_write(cx, &self.out),
            };
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            let first = written.min(self.out.len());
            self.out.advance(first);
            self.behind.advance(written - first);
        }
        if !self.behind.has_remaining() {
            // What it was cut from is not kept for an empty rest.
            self.behind = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Writes; ready once all of it has left.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(cx))?;
        if !self.is_flushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes, and ends its direction.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// Gives up the memory that a large exchange has needed.
    pub(super) fn shrink(&mut self) {
        if self.came.is_empty() && self.came.capacity() > KEPT {
            self.came = BytesMut::new();
        }
        if self.out.is_empty() && self.out.capacity() > KEPT {
            self.out = BytesMut::new();
        }
    }
}
