//! Bytes between two sockets, in both directions, each through its lane.
//!
//! An idle connection holds no buffer: bytes are read into the task's stack and written on at once; only what the receiver does not take,
//! or what a toxic holds back, is kept. The end of a direction is passed on as such: a half-closed connection stays half open.

use super::counters::{Counter, Counters};
use super::flow::Flow;
use crate::fault::Stream;
use bytes::Bytes;
use socket2::SockRef;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};
use tokio::net::TcpStream;

/// What is read at once.
const CHUNK: usize = 16 << 10;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Pump<'s> {
    pub(super) gateway: &'s TcpStream,
    pub(super) provider: &'s TcpStream,
    pub(super) flow: &'s Flow,
    pub(super) counters: &'s Counters,
    up: Way,
    down: Way,
}

/// How far one direction is.
#[derive(Debug, Default)]
struct Way {
    /// The sender has ended it.
    at_end: bool,
    /// The receiver was told.
    is_over: bool,
}

impl<'s> Pump<'s> {
    pub(super) fn new(gateway: &'s TcpStream, provider: &'s TcpStream, flow: &'s Flow, counters: &'s Counters) -> Self {
        Self { gateway, provider, flow, counters, up: Way::default(), down: Way::default() }
    }

    /// Moves what can be moved; ready when both directions have ended, or one of the sockets has failed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let up = self.poll_way(Stream::Upstream, cx)?;
        let down = self.poll_way(Stream::Downstream, cx)?;
        if up.is_ready() && down.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_way(&mut self, stream: Stream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (from, to, way) = match stream {
            Stream::Upstream => (self.gateway, self.provider, &mut self.up),
            Stream::Downstream => (self.provider, self.gateway, &mut self.down),
        };
        if way.is_over {
            return Poll::Ready(Ok(()));
        }
        loop {
            let room = {
                let mut state = self.flow.state();
                state.advance(stream);
                let lane = state.lane(stream);
                while let Some(front) = lane.front() {
                    let Poll::Ready(written) = poll_write(to, front, cx)? else { break };
                    self.counters.add(Counter::sent(stream), written);
                    lane.written(written);
                }
                if lane.is_over() {
                    way.is_over = true;
                    // Fails only where the receiver has gone, and then it knows.
                    let _ = SockRef::from(to).shutdown(Shutdown::Write);
                    return Poll::Ready(Ok(()));
                }
                lane.room()
            };
            if way.at_end || room == 0 {
                return Poll::Pending;
            }
            let mut chunk = [0; CHUNK];
            let count = ready!(poll_read(from, &mut chunk[..room.min(CHUNK)], cx))?;
            let mut state = self.flow.state();
            if count == 0 {
                way.at_end = true;
                state.push_end(stream);
                continue;
            }
            state.carried |= stream == Stream::Upstream;
            self.counters.add(Counter::received(stream), count);
            let mut rest = &chunk[..count];
            if state.lane(stream).is_clear()
                && let Poll::Ready(written) = poll_write(to, rest, cx)?
            {
                self.counters.add(Counter::sent(stream), written);
                rest = &rest[written..];
            }
            if !rest.is_empty() {
                state.push(stream, Bytes::copy_from_slice(rest));
            }
        }
    }
}

fn poll_read(from: &TcpStream, chunk: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(from.poll_read_ready(cx))?;
        match from.try_read(chunk) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => return Poll::Ready(other),
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
