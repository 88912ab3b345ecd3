//! Bytes between two sockets, in both directions, each through its lane.
//!
//! An idle connection holds no buffer: bytes are read into the thread's one and written on at once; only what the receiver does not take,
//! or what a toxic holds back, is kept. The end of a direction is passed on as such: a half-closed connection stays half open.
//!
//! Bytes are copied, not spliced: splice(2) was measured to cost less work for a megabyte, but on a busy machine it carried fewer of them
//! than large reads in short turns do, and shared them out less evenly.

use super::connection_flow::ConnectionFlow;
use super::counters::{Counter, Counters};
use crate::fault::Stream;
use bytes::Bytes;
use socket2::SockRef;
use std::cell::RefCell;
use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What is read at once.
const CHUNK: usize = 64 << 10;
/// After so much the other connections get their turn, and this one looks for a new fault set.
const TURN: usize = 2 * CHUNK;

thread_local! {
    /// Nothing stays in it, so one a thread is enough, and it is cleared once and not for each read.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

/// Pump of bytes between two sockets, both directions through their lanes.
#[derive(Debug)]
pub(super) struct Pump<'s> {
    flow: &'s ConnectionFlow,
    counters: &'s Counters,
    up: PumpDirection<'s>,
    down: PumpDirection<'s>,
}

/// One direction of a pump: from one socket to the other.
#[derive(Debug)]
struct PumpDirection<'s> {
    stream: Stream,
    from: &'s TcpStream,
    to: &'s TcpStream,
    /// The sender has ended it.
    at_end: bool,
    /// Everything came out, and so did the end.
    is_over: bool,
    /// The receiver was told.
    is_told: bool,
}

impl<'s> Pump<'s> {
    pub(super) fn new(gateway: &'s TcpStream, provider: &'s TcpStream, flow: &'s ConnectionFlow, counters: &'s Counters) -> Self {
        let direction = |stream, from, to| PumpDirection { stream, from, to, at_end: false, is_over: false, is_told: false };
        let (up, down) = (direction(Stream::Upstream, gateway, provider), direction(Stream::Downstream, provider, gateway));
        Self { flow, counters, up, down }
    }

    /// Moves what can be moved; ready when both directions have ended, or one of the sockets has failed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let up = self.up.poll(self.flow, self.counters, cx)?;
        let down = self.down.poll(self.flow, self.counters, cx)?;
        if up.is_ready() && down.is_ready() {
            return Poll::Ready(Ok(()));
        }
        // Only one has ended: the receiver is told. Of the last one's end the closing of the sockets tells.
        for direction in [&mut self.up, &mut self.down] {
            if direction.is_over && !direction.is_told {
                direction.is_told = true;
                // Fails only where the receiver has gone, and then it knows.
                let _ = SockRef::from(direction.to).shutdown(Shutdown::Write);
            }
        }
        Poll::Pending
    }
}

impl PumpDirection<'_> {
    fn poll(&mut self, flow: &ConnectionFlow, counters: &Counters, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_over {
            return Poll::Ready(Ok(()));
        }
        let stream = self.stream;
        let mut carried = 0;
        while carried < TURN {
            let room = {
                let mut state = flow.state();
                state.advance(stream);
                while let Some(front) = state.lane(stream).front() {
                    let Poll::Ready(written) = poll_write(self.to, front, cx)? else { break };
                    counters.add(Counter::sent(stream), written);
                    state.lane(stream).written(written);
                    state.pass(stream, written);
                }
                let lane = state.lane(stream);
                if lane.is_over() {
                    self.is_over = true;
                    return Poll::Ready(Ok(()));
                }
                lane.room()
            };
            if self.at_end || room == 0 {
                return Poll::Pending;
            }
            let count = ready!(self.poll_pass(flow, counters, room, cx))?;
            carried += count;
            if count == 0 {
                self.at_end = true;
                flow.state().push_end(stream);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads what is there, and passes it on or leaves it to the toxics; how much, 0 at the end.
    fn poll_pass(&mut self, flow: &ConnectionFlow, counters: &Counters, room: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        BUFFER.with_borrow_mut(|buffer| {
            let count = ready!(poll_read(self.from, &mut buffer[..room.min(CHUNK)], cx))?;
            let mut rest = &buffer[..count];
            if count == 0 {
                return Poll::Ready(Ok(0));
            }
            let mut state = flow.state();
            state.carried |= self.stream == Stream::Upstream;
            counters.add(Counter::received(self.stream), count);
            if state.lane(self.stream).is_clear()
                && let Poll::Ready(written) = poll_write(self.to, rest, cx)?
            {
                counters.add(Counter::sent(self.stream), written);
                state.pass(self.stream, written);
                rest = &rest[written..];
            }
            if !rest.is_empty() {
                state.push(self.stream, Bytes::copy_from_slice(rest));
            }
            Poll::Ready(Ok(count))
        })
    }
}

/// Reads what is there, at most so much, and shows it; how much it was, 0 at the end.
pub(super) fn with_read(from: &TcpStream, most: usize, cx: &mut Context<'_>, show: impl FnOnce(&[u8])) -> Poll<io::Result<usize>> {
    BUFFER.with_borrow_mut(|buffer| {
        let count = ready!(poll_read(from, &mut buffer[..most.min(CHUNK)], cx))?;
        show(&buffer[..count]);
        Poll::Ready(Ok(count))
    })
}

fn poll_read(from: &TcpStream, chunk: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(from.poll_read_ready(cx))?;
        let mut short = None;
        let read = from.try_io(Interest::READABLE, || {
            let count = (&*SockRef::from(from)).read(chunk)?;
            if (1..chunk.len()).contains(&count) {
                // That was all: the next look waits for news, and need not ask the operating system first.
                short = Some(count);
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(count)
        });
        match (read, short) {
            (_, Some(count)) => return Poll::Ready(Ok(count)),
            (Err(error), None) if error.kind() == ErrorKind::WouldBlock => {}
            (read, None) => return Poll::Ready(read),
        }
    }
}

pub(super) fn poll_write(to: &TcpStream, bytes: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(to.poll_write_ready(cx))?;
        match to.try_write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
            other => return Poll::Ready(other),
        }
    }
}
