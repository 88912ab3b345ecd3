//! Heads of answers over HTTP/1.1 as a provider writes them: read once, and written on line by line.
//!
//! How long a body is follows RFC 9112, section 6.3, as hyper reads it; what cannot be read is an error in the words that hyper has for it.
//!
//! What this file does not do: read from sockets, or bodies.

use super::message_head::{HEAD_BYTES, HeadSpan, MessageHead, is_open, words};
use super::straight_request::{is_connection_field, line, number};
use crate::listen::HEAD_LINES;
use bytes::BytesMut;
use std::mem::MaybeUninit;

/// Most heads have fewer lines; for those with more room is made.
const LINES: usize = 64;

/// Where the body of an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerLength {
    Exactly(u64),
    Chunks,
    /// Where the connection does.
    ToEnd,
}

/// Head of a provider's answer.
#[derive(Debug)]
pub(super) struct StraightAnswer {
    head: MessageHead,
    pub(super) status: u16,
    reason: HeadSpan,
    pub(super) length: AnswerLength,
    /// The provider keeps the connection open for more.
    pub(super) keeps: bool,
}

/// Why the head of an answer cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHead {
    #[error("invalid HTTP header parsed")]
    Header,
    #[error("invalid content-length parsed")]
    Length,
    #[error("unexpected transfer-encoding parsed")]
    Coding,
    #[error("invalid HTTP status-code parsed")]
    Status,
    #[error("invalid HTTP version parsed")]
    Version,
    #[error("message head is too large")]
    TooLarge,
}

impl From<httparse::Error> for BadHead {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::Status => Self::Status,
            httparse::Error::Version => Self::Version,
            httparse::Error::TooManyHeaders => Self::TooLarge,
            _ => Self::Header,
        }
    }
}

impl StraightAnswer {
    /// Takes a head from the beginning of what came, where one is there. `seen` is how much of it was looked through before.
    ///
    /// # Errors
    /// Where what came is no answer, or too long to be one.
    pub(super) fn take(came: &mut BytesMut, seen: &mut usize) -> Result<Option<Self>, BadHead> {
        if is_open(came, seen) {
            return if came.len() > HEAD_BYTES { Err(BadHead::TooLarge) } else { early(came) };
        }
        let mut found = [const { MaybeUninit::uninit() }; LINES];
        match Self::read(came, &mut found) {
            Err(httparse::Error::TooManyHeaders) => {
                let mut found = vec![MaybeUninit::uninit(); HEAD_LINES];
                let read = Self::read(came, &mut found)?;
                Self::finish(read, came, seen)
            }
            read => Self::finish(read?, came, seen),
        }
    }

    fn read<'b>(came: &'b [u8], found: &mut [MaybeUninit<httparse::Header<'b>>]) -> httparse::Result<FoundAnswer> {
        let (config, mut parsed) = (httparse::ParserConfig::default(), httparse::Response::new(&mut []));
        let httparse::Status::Complete(length) = config.parse_response_with_uninit_headers(&mut parsed, came, found)? else {
            return Ok(httparse::Status::Partial);
        };
        Ok(httparse::Status::Complete(FoundAnswer {
            length,
            status: parsed.code.unwrap_or_default(),
            reason: HeadSpan::of(parsed.reason.unwrap_or_default().as_bytes(), came),
            is_old: parsed.version == Some(0),
            fields: MessageHead::spans(parsed.headers, came),
        }))
    }

    fn finish(read: httparse::Status<FoundAnswer>, came: &mut BytesMut, seen: &mut usize) -> Result<Option<Self>, BadHead> {
        let httparse::Status::Complete(FoundAnswer { length, status, reason, is_old, fields }) = read else {
            // Empty lines before the head look like its end.
            *seen = came.len();
            return Ok(None);
        };
        if length > HEAD_BYTES {
            return Err(BadHead::TooLarge);
        }
        if !(100..=999).contains(&status) {
            return Err(BadHead::Status);
        }
        *seen = 0;
        let head = MessageHead::new(came.split_to(length).freeze(), fields);
        let length = length_of(&head, status, is_old)?;
        let says = |word: &[u8]| words(head.values("connection")).any(|own| own.eq_ignore_ascii_case(word));
        let keeps = length != AnswerLength::ToEnd && if is_old { says(b"keep-alive") } else { !says(b"close") };
        Ok(Some(Self { head, status, reason, length, keeps }))
    }

    pub(super) const fn head(&self) -> &MessageHead {
        &self.head
    }

    /// True where the head says how long the body is, as far as it may have one.
    pub(super) fn is_fixed(&self) -> bool {
        self.head.values("content-length").next().is_some() && self.length != AnswerLength::Chunks
    }

    /// True for an answer that has no body and says nothing of one.
    pub(super) const fn is_bodiless(&self) -> bool {
        matches!(self.status, 101 | 204 | 304)
    }

    /// Writes the head as it goes to the gateway, but for its end: what is said of the body's length and of the connection is the caller's, and
    /// so are the fields that are `replaced`.
    pub(super) fn write(&self, replaced: &[(String, String)], out: &mut BytesMut) {
        out.reserve(self.head.length() + 128);
        first_line(self.status, self.head.part(self.reason), out);
        let is_word = |word: &[u8]| {
            [&b"close"[..], b"keep-alive", b"", b"content-length", b"host", b"trailer"].iter().any(|own| word.eq_ignore_ascii_case(own))
        };
        let named: Vec<&[u8]> = words(self.head.values("connection")).filter(|word| !is_word(word)).collect();
        for (name, value) in self.head.fields() {
            let is_dropped = name.eq_ignore_ascii_case(b"content-length")
                || is_connection_field(name)
                || self.is_bodiless() && name.eq_ignore_ascii_case(b"trailer")
                || named.iter().any(|word| name.eq_ignore_ascii_case(word))
                || replaced.iter().any(|(own, _)| name.eq_ignore_ascii_case(own.as_bytes()));
            if !is_dropped {
                line(name, value, out);
            }
        }
    }
}

/// Writes the first line of an answer.
pub(super) fn first_line(status: u16, reason: &[u8], out: &mut BytesMut) {
    let digit = |of: u16| b"0123456789"[usize::from(of % 10)];
    let status = [digit(status / 100), digit(status / 10), digit(status)];
    for part in [b"HTTP/1.1 ", &status[..], b" ", reason, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// What a parser finds in a head.
struct FoundAnswer {
    length: usize,
    status: u16,
    reason: HeadSpan,
    is_old: bool,
    fields: Vec<(HeadSpan, HeadSpan)>,
}

/// What does not begin as an answer need not be waited for to its end.
fn early(came: &[u8]) -> Result<Option<StraightAnswer>, BadHead> {
    let mut found = [httparse::EMPTY_HEADER; 0];
    match httparse::Response::new(&mut found).parse(came) {
        Ok(_) | Err(httparse::Error::TooManyHeaders) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn length_of(head: &MessageHead, status: u16, is_old: bool) -> Result<AnswerLength, BadHead> {
    if matches!(status, 100..=199 | 204 | 304) {
        return Ok(AnswerLength::Exactly(0));
    }
    if let Some(coding) = words(head.values("transfer-encoding")).last() {
        return match (is_old, coding.eq_ignore_ascii_case(b"chunked")) {
            (true, _) => Err(BadHead::Coding),
            (false, true) => Ok(AnswerLength::Chunks),
            (false, false) => Ok(AnswerLength::ToEnd),
        };
    }
    let mut lengths = words(head.values("content-length"));
    let Some(first) = lengths.next() else { return Ok(AnswerLength::ToEnd) };
    let length = number(first).ok_or(BadHead::Length)?;
    if lengths.all(|other| number(other) == Some(length)) { Ok(AnswerLength::Exactly(length)) } else { Err(BadHead::Length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Result<Option<StraightAnswer>, BadHead> {
        StraightAnswer::take(&mut BytesMut::from(text), &mut 0)
    }

    #[test]
    fn where_a_body_ends_is_read_as_the_standard_says() {
        for (head, length, keeps) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 3", AnswerLength::Exactly(3), true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\nContent-Length: 3", AnswerLength::Exactly(3), true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: gzip, Chunked", AnswerLength::Chunks, true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip", AnswerLength::ToEnd, false),
            ("HTTP/1.1 200 OK", AnswerLength::ToEnd, false),
            ("HTTP/1.1 204 No Content\r\ncontent-length: 3", AnswerLength::Exactly(0), true),
            ("HTTP/1.1 304 x\r\nConnection: x-a, CLOSE", AnswerLength::Exactly(0), false),
            ("HTTP/1.0 200 OK\r\ncontent-length: 3", AnswerLength::Exactly(3), false),
            ("HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive", AnswerLength::Exactly(3), true),
        ] {
            let answer = take(&format!("{head}\r\n\r\n")).unwrap().unwrap();
            assert_eq!((answer.length, answer.keeps), (length, keeps), "{head}");
        }
        for (head, error) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 3, 4\r\n\r\n", BadHead::Length),
            ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", BadHead::Length),
            ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", BadHead::Coding),
            ("HTTP/1.1 2x0 OK\r\n\r\n", BadHead::Status),
            ("HTTP/2.0 200 OK\r\n\r\n", BadHead::Version),
            ("HTTP/1.1 200 OK\r\na b: c\r\n\r\n", BadHead::Header),
            ("SSH-2.0-x", BadHead::Version),
        ] {
            assert_eq!(take(head).map(|_| ()).unwrap_err(), error, "{head}");
        }
        assert!(take("HTTP/1.1 200 OK\r\na: b\r\n").unwrap().is_none());
        assert!(take(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(HEAD_LINES))).unwrap().is_some());
        let many = take(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(HEAD_LINES + 1)));
        assert_eq!(many.unwrap_err(), BadHead::TooLarge);
        assert_eq!(take(&format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(HEAD_BYTES))).unwrap_err(), BadHead::TooLarge);
    }

    #[test]
    fn what_belongs_to_the_connection_does_not_pass() {
        let text = "HTTP/1.1 299 Quite So\r\nA: b\r\nconnection: x-own, content-length\r\nX-Own: c\r\nKeep-Alive: x\r\n\
                    transfer-encoding: chunked\r\nretry-after: 1\r\ncontent-type: text/plain\r\n\r\n";
        let mut out = BytesMut::new();
        take(text).unwrap().unwrap().write(&[("Retry-After".into(), "2".into())], &mut out);
        assert_eq!(out, "HTTP/1.1 299 Quite So\r\nA: b\r\ncontent-type: text/plain\r\n");
    }
}
