//! The gateway's socket as TLS or HTTP see it: bytes pass at once, or wait in the lanes until the toxics let them.
//!
//! The socket stays the connection's, which may drop all that was built upon this and go on with it. Without a toxic this is the socket and one
//! uncontended lock. Flushing means that nothing waits any more and the operating system has
//! taken all, and that is when exchanges count as whole. Nothing here sets a timer: [`ConnectionFlow::poll_doom`], which the connection's task polls
//! after this, wakes it when something is due.

use super::connection_flow::{ConnectionFlow, WriteProgress};
use super::counters::{Counter, Counters};
use super::pump::{poll_write, with_read};
use crate::fault::Stream;
use bytes::Bytes;
use socket2::SockRef;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The gateway's socket, read and written through the lanes of its connection. TLS and HTTP are built upon it.
#[derive(Debug)]
pub(super) struct GatewaySocket {
    socket: Arc<TcpStream>,
    flow: Arc<ConnectionFlow>,
    counters: Arc<Counters>,
    /// The gateway has ended its direction.
    at_end: bool,
    /// We have.
    ending: bool,
}

impl GatewaySocket {
    pub(super) const fn new(socket: Arc<TcpStream>, flow: Arc<ConnectionFlow>, counters: Arc<Counters>) -> Self {
        Self { socket, flow, counters, at_end: false, ending: false }
    }

    fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_drain(&self.socket, &self.flow, &self.counters, cx)
    }

    /// Writes bytes that toxics act on: into the lane, as far as there is room.
    fn poll_lane(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let drained = self.poll_drain(cx)?;
        let mut state = self.flow.state();
        if state.down.is_clear() {
            drop(state);
            return self.poll_straight(cx, bytes);
        }
        let take = bytes.len().min(state.down.room());
        if take == 0 {
            // Woken by the socket, or when something is due.
            drop(state);
            ready!(drained);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.push(Stream::Downstream, Bytes::copy_from_slice(&bytes[..take]));
        drop(state);
        self.counters.add(Counter::ReceivedDownstream, take);
        // For writers that do not flush.
        let _ = self.poll_drain(cx)?;
        Poll::Ready(Ok(take))
    }

    fn poll_straight(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(poll_write(&self.socket, bytes, cx))?;
        self.counters.add(Counter::ReceivedDownstream, written);
        self.counters.add(Counter::SentDownstream, written);
        self.flow.talk.said();
        Poll::Ready(Ok(written))
    }

    /// Reads from the socket, marking that something came.
    fn poll_socket(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let came = ready!(with_read(&self.socket, buf.remaining(), cx, |bytes| buf.put_slice(bytes)))?;
        if came > 0 {
            self.counters.add(Counter::ReceivedUpstream, came);
            let mut state = self.flow.state();
            (state.carried, state.heard) = (true, true);
        }
        Poll::Ready(Ok(came))
    }
}

/// Lets pass what is due; ready once nothing waits.
pub(super) fn poll_drain(socket: &TcpStream, flow: &ConnectionFlow, counters: &Counters, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    let mut state = flow.state();
    if state.down.is_clear() {
        return Poll::Ready(Ok(()));
    }
    state.advance(Stream::Downstream);
    while let Some(front) = state.down.front() {
        let written = ready!(poll_write(socket, front, cx))?;
        counters.add(Counter::SentDownstream, written);
        flow.talk.said();
        state.down.written(written);
    }
    if state.down.is_waiting() { Poll::Pending } else { Poll::Ready(Ok(())) }
}

fn poll_write_vectored(to: &TcpStream, slices: &[io::IoSlice<'_>], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(to.poll_write_ready(cx))?;
        match to.try_write_vectored(slices) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return Poll::Ready(other),
        }
    }
}

impl AsyncRead for GatewaySocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.flow.state().up.is_clear() && !this.at_end {
            let came = ready!(this.poll_socket(cx, buf))?;
            this.counters.add(Counter::SentUpstream, came);
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut state = this.flow.state();
            state.advance(Stream::Upstream);
            if let Some(front) = state.up.front() {
                let take = front.len().min(buf.remaining());
                buf.put_slice(&front[..take]);
                state.up.written(take);
                this.counters.add(Counter::SentUpstream, take);
                return Poll::Ready(Ok(()));
            }
            if state.up.is_over() {
                return Poll::Ready(Ok(()));
            }
            let room = state.up.room();
            if this.at_end || room == 0 {
                return Poll::Pending;
            }
            drop(state);
            let mut came = [0; 8192];
            let mut came = ReadBuf::new(&mut came[..room.min(8192)]);
            let count = ready!(this.poll_socket(cx, &mut came))?;
            if count == 0 {
                this.at_end = true;
                this.flow.state().push_end(Stream::Upstream);
            } else {
                this.flow.state().push(Stream::Upstream, Bytes::copy_from_slice(came.filled()));
            }
        }
    }
}

impl AsyncWrite for GatewaySocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mut state = this.flow.state();
        state.written = WriteProgress::Partly;
        if state.down.is_clear() {
            drop(state);
            return this.poll_straight(cx, bytes);
        }
        drop(state);
        this.poll_lane(cx, bytes)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut state = this.flow.state();
        state.written = WriteProgress::Partly;
        let is_clear = state.down.is_clear();
        drop(state);
        if is_clear {
            let written = ready!(poll_write_vectored(&this.socket, slices, cx))?;
            this.counters.add(Counter::ReceivedDownstream, written);
            this.counters.add(Counter::SentDownstream, written);
            this.flow.talk.said();
            return Poll::Ready(Ok(written));
        }
        let Some(first) = slices.iter().find(|slice| !slice.is_empty()) else { return Poll::Ready(Ok(0)) };
        this.poll_lane(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.flow.state().written = WriteProgress::Waiting;
        // A socket has no buffer of its own.
        ready!(this.poll_drain(cx))?;
        this.flow.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.ending, true) {
            let mut state = this.flow.state();
            if !state.down.is_clear() {
                state.push_end(Stream::Downstream);
            }
        }
        ready!(this.poll_drain(cx))?;
        this.flow.flushed();
        // Fails only where the gateway has gone, and then it knows.
        let _ = SockRef::from(&*this.socket).shutdown(Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}
