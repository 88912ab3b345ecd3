//! The gateway's socket as everything above sees it: bytes towards the gateway pass at once, or wait until a fault lets them.
//!
//! Without a fault it is the socket and one uncontended lock. With latency or a ceiling, bytes are stamped when they arrive and wait in
//! order in the connection's [`Flow`]. Flushing means that nothing waits any more and the operating system has taken all, and that is
//! when exchanges count as whole.

use super::flow::Flow;
use crate::journal::HostTime;
use bytes::Buf;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Gate {
    socket: TcpStream,
    flow: Arc<Flow>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Gate {
    pub(super) const fn new(socket: TcpStream, flow: Arc<Flow>) -> Self {
        Self { socket, flow, timer: None }
    }

    /// The bare socket; what still waits is lost.
    pub(super) fn into_socket(self) -> TcpStream {
        self.socket
    }

    /// Lets pass what is due; ready once nothing waits.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut state = self.flow.state();
            let Some(piece) = state.waiting.front_mut() else { return Poll::Ready(Ok(())) };
            let wait = piece.due.saturating_sub(HostTime::now().0);
            if wait > 0 {
                drop(state);
                ready!(self.poll_timer(Duration::from_nanos(wait), cx));
                continue;
            }
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, &piece.bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            piece.bytes.advance(written);
            if piece.bytes.is_empty() {
                state.waiting.pop_front();
            }
            state.waiting_bytes -= written;
        }
    }

    fn poll_timer(&mut self, wait: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = Instant::now() + wait;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        timer.as_mut().reset(deadline);
        timer.as_mut().poll(cx)
    }

    /// Writes shaped bytes: into the queue, as far as there is room.
    fn poll_queue(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let drained = self.poll_drain(cx)?;
        if self.flow.state().is_clear() {
            return Pin::new(&mut self.socket).poll_write(cx, bytes);
        }
        let mut state = self.flow.state();
        let take = bytes.len().min(state.room());
        if take == 0 {
            drop(state);
            // The fault is gone but its queue is not, or there is no room: what waits goes first and has registered its waker.
            ready!(drained);
            return Poll::Pending;
        }
        state.push(&bytes[..take]);
        drop(state);
        // Arms the timer of what was queued, for writers that do not flush.
        let _ = self.poll_drain(cx)?;
        Poll::Ready(Ok(take))
    }
}

impl AsyncRead for Gate {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.socket).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            this.flow.state().carried = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gate {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if this.flow.state().is_clear() {
            return Pin::new(&mut this.socket).poll_write(cx, bytes);
        }
        this.poll_queue(cx, bytes)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.flow.state().is_clear() {
            return Pin::new(&mut this.socket).poll_write_vectored(cx, slices);
        }
        let Some(first) = slices.iter().find(|slice| !slice.is_empty()) else { return Poll::Ready(Ok(0)) };
        this.poll_queue(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        ready!(Pin::new(&mut this.socket).poll_flush(cx))?;
        this.flow.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        this.flow.flushed();
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}
