//! The first bytes from the server of a new HTTP/2 connection. A server of HTTP/2 begins with its settings (RFC 9113, 3.4); one of HTTP/1.1
//! takes the client's beginning for a strange request and refuses it in its own words, which HTTP/2 would only call a broken connection.
//!
//! A server that closes without a word is not told apart from any other that does.

use std::io::{Error, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where the kind of a frame stands in it, and the kind that settings are.
const KIND: (usize, u8) = (3, 4);

const UNKNOWN: u8 = 0;
const SETTINGS: u8 = 1;
const OTHER: u8 = 2;

/// What the server began with; cheap to clone. It tells a server of HTTP/1.1 from one that broke the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Http2Greeting(Arc<AtomicU8>);

impl Http2Greeting {
    /// True where something was said, and it was not HTTP/2.
    pub(super) fn is_no_http_2(&self) -> bool {
        self.0.load(Ordering::Relaxed) == OTHER
    }
}

/// A byte stream whose first bytes are looked at.
pub(super) struct GreetingReader<I> {
    io: I,
    greeting: Http2Greeting,
    read: usize,
}

impl<I> GreetingReader<I> {
    pub(super) fn to(io: I) -> (Self, Http2Greeting) {
        let greeting = Http2Greeting::default();
        (Self { io, greeting: greeting.clone(), read: 0 }, greeting)
    }

    fn take(&mut self, bytes: &[u8]) {
        let (at, settings) = KIND;
        if self.greeting.0.load(Ordering::Relaxed) == UNKNOWN
            && let Some(kind) = at.checked_sub(self.read).and_then(|at| bytes.get(at))
        {
            self.greeting.0.store(if *kind == settings { SETTINGS } else { OTHER }, Ordering::Relaxed);
        }
        self.read += bytes.len();
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for GreetingReader<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        let before = into.filled().len();
        std::task::ready!(Pin::new(&mut this.io).poll_read(cx, into))?;
        this.take(&into.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for GreetingReader<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, from)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[IoSlice<'_>]) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_anything_else_however_they_are_divided() {
        let is_none = |pieces: &[&[u8]]| {
            let (mut listening, greeting) = GreetingReader::to(());
            pieces.iter().for_each(|piece| listening.take(piece));
            greeting.is_no_http_2()
        };
        let settings = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64";
        assert!(!is_none(&[settings]) && !is_none(&[&settings[..2], &settings[2..4], b"HTTP"]));
        assert!(is_none(&[b"HTTP/1.1 400 Bad Request\r\n"]) && is_none(&[b"H", b"TT", b"P"]));
        assert!(!is_none(&[]) && !is_none(&[b"HTT"]), "too little was said");
    }
}
