//! Requests of HTTP/1.1 that pass straight: their heads are read once and written on line by line.
//!
//! Only what can be read in one way, and is common: a path, one host, a body whose length is known or none. Everything else is left to hyper,
//! which judges and refuses: other methods and versions, upgrades, leave to send a body, trailers, chunks, calls of gRPC, heads that are long.
//!
//! What this file does not do: read from sockets, or decide what becomes of a request.

use super::message_head::{HeadSpan, MessageHead, is_open, words};
use super::upload::is_grpc;
use crate::listen::is_of_connection;
use bytes::BytesMut;
use std::mem::MaybeUninit;

/// A head that is longer, or has more lines, is hyper's.
const LONGEST: usize = 16 << 10;
const LINES: usize = 64;
/// Methods that pass straight.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Fields with which a request is more than that.
const RARE: [&str; 5] = ["expect", "upgrade", "te", "trailer", "transfer-encoding"];

/// What stands at the beginning of what came of a gateway.
#[derive(Debug)]
pub(super) enum RequestReading {
    /// Not all of a head.
    Unfinished,
    Straight(StraightRequest),
    /// Something for hyper.
    Other,
}

/// A request that passes straight: its head, and the length of its body.
#[derive(Debug)]
pub(super) struct StraightRequest {
    head: MessageHead,
    method: HeadSpan,
    target: HeadSpan,
    /// Of its body.
    pub(super) length: u64,
    /// The gateway wants no other answer on its connection.
    pub(super) closes: bool,
}

impl RequestReading {
    /// Takes a head from the beginning of what came, where one is there. `seen` is how much of it was looked through before.
    pub(super) fn take(came: &mut BytesMut, seen: &mut usize) -> Self {
        if is_open(came, seen) {
            return if came.len() > LONGEST { Self::Other } else { Self::Unfinished };
        }
        let mut found = [const { MaybeUninit::uninit() }; LINES];
        let mut parsed = httparse::Request::new(&mut []);
        let length = match parsed.parse_with_uninit_headers(came, &mut found) {
            Ok(httparse::Status::Complete(length)) if length <= LONGEST => length,
            // Empty lines before the head look like its end.
            Ok(httparse::Status::Partial) if came.len() <= LONGEST => {
                *seen = came.len();
                return Self::Unfinished;
            }
            _ => return Self::Other,
        };
        let (Some(method), Some(target), Some(1)) = (parsed.method, parsed.path, parsed.version) else { return Self::Other };
        if !METHODS.contains(&method) || !is_path(target.as_bytes()) {
            return Self::Other;
        }
        let Some(traits) = FieldTraits::of(parsed.headers) else { return Self::Other };
        let (method, target) = (HeadSpan::of(method.as_bytes(), came), HeadSpan::of(target.as_bytes(), came));
        let fields = MessageHead::spans(parsed.headers, came);
        *seen = 0;
        let head = MessageHead::new(came.split_to(length).freeze(), fields);
        Self::Straight(StraightRequest { head, method, target, length: traits.length.unwrap_or(0), closes: traits.closes })
    }
}

/// What the fields of a request say about it.
#[derive(Debug, Default)]
struct FieldTraits {
    length: Option<u64>,
    closes: bool,
    hosts: usize,
    cookies: usize,
}

impl FieldTraits {
    /// `None` where they make it more than a request that passes straight.
    fn of(fields: &[httparse::Header<'_>]) -> Option<Self> {
        let mut traits = Self::default();
        for httparse::Header { name, value } in fields {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            match name.len() {
                4 if is("host") => {
                    traits.hosts += 1;
                    if !is_plain_host(value) {
                        return None;
                    }
                }
                6 if is("cookie") => traits.cookies += 1,
                10 if is("connection") => {
                    for word in words(std::iter::once(*value)) {
                        match word {
                            word if word.eq_ignore_ascii_case(b"keep-alive") => {}
                            word if word.eq_ignore_ascii_case(b"close") => traits.closes = true,
                            _ => return None,
                        }
                    }
                }
                14 if is("content-length") => {
                    if traits.length.is_some() {
                        return None;
                    }
                    traits.length = Some(number(value)?);
                }
                12 if is("content-type") && std::str::from_utf8(value).is_ok_and(is_grpc) => return None,
                _ if RARE.iter().any(|rare| is(rare)) => return None,
                _ => {}
            }
        }
        (traits.hosts == 1 && traits.cookies < 2).then_some(traits)
    }
}

/// A whole number as it is written in `content-length`.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    let is_number = !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit);
    is_number.then(|| value.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// A path that needs no closer look.
fn is_path(target: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.~?=&%:+,@!$'()*;".contains(byte);
    target.first() == Some(&b'/') && target.get(1) != Some(&b'/') && target.iter().all(is_plain)
}

/// Letters, digits, dots and perhaps a port: nearly all are, and those need no closer look.
pub(super) fn is_plain_host(host: &[u8]) -> bool {
    let (name, port) = host.split_at(host.iter().position(|byte| *byte == b':').unwrap_or(host.len()));
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && (port.is_empty() || port.len() > 1 && port[1..].iter().all(u8::is_ascii_digit))
}

/// True for a field that belongs to the connection and not to the message.
pub(super) fn is_connection_field(name: &[u8]) -> bool {
    // None of them is shorter than `te` or longer than `proxy-authorization`, and few begin as they do.
    if !matches!(name.first(), Some(b'c' | b'C' | b'k' | b'K' | b'p' | b'P' | b't' | b'T' | b'u' | b'U')) {
        return false;
    }
    std::str::from_utf8(name).is_ok_and(is_of_connection)
}

impl StraightRequest {
    pub(super) fn method(&self) -> &str {
        self.head.word(self.method)
    }

    /// Path and query.
    fn target(&self) -> &str {
        self.head.word(self.target)
    }

    /// The path, without the query.
    pub(super) fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    pub(super) fn query(&self) -> Option<&str> {
        self.target().split_once('?').map(|(_, query)| query)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.text(name)
    }

    /// Writes the head as it goes to the provider: with this host where it is not the one that was asked for, and without what belongs to the
    /// connection. `is_readable` where the answer must not come compressed.
    pub(super) fn write(&self, host: Option<&str>, is_readable: bool, out: &mut BytesMut) {
        out.reserve(self.head.length() + 64);
        for part in [self.method(), " ", self.target(), " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        if let Some(host) = host {
            line(b"host", host.as_bytes(), out);
        }
        for (name, value) in self.head.fields() {
            let is_dropped = host.is_some() && name.eq_ignore_ascii_case(b"host")
                || is_readable && name.eq_ignore_ascii_case(b"accept-encoding")
                || is_connection_field(name);
            if !is_dropped {
                line(name, value, out);
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes one line of a head.
pub(super) fn line(name: &[u8], value: &[u8], out: &mut BytesMut) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> RequestReading {
        RequestReading::take(&mut BytesMut::from(text), &mut 0)
    }

    fn written(text: &str, host: Option<&str>, is_readable: bool) -> String {
        let RequestReading::Straight(request) = take(text) else { panic!("{text:?} does not pass straight") };
        let mut out = BytesMut::new();
        request.write(host, is_readable, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn what_is_common_passes_line_by_line_and_what_belongs_to_the_connection_does_not() {
        let text = "POST /v1/chat?a=b HTTP/1.1\r\nHost: proxy:80\r\nX-A:  b \r\nConnection: Keep-Alive\r\nkeep-alive: timeout=5\r\n\
                    Accept-Encoding: gzip\r\nproxy-authorization: x\r\nContent-Length: 2\r\n\r\n{}";
        let mut came = BytesMut::from(text);
        let RequestReading::Straight(request) = RequestReading::take(&mut came, &mut 0) else { panic!() };
        assert_eq!((&came[..], request.length, request.closes), (&b"{}"[..], 2, false));
        assert_eq!((request.method(), request.path(), request.query()), ("POST", "/v1/chat", Some("a=b")));
        assert_eq!(
            written(text, Some("there"), false),
            "POST /v1/chat?a=b HTTP/1.1\r\nhost: there\r\nX-A: b\r\nAccept-Encoding: gzip\r\nContent-Length: 2\r\n\r\n"
        );
        assert_eq!(written(text, None, true), "POST /v1/chat?a=b HTTP/1.1\r\nHost: proxy:80\r\nX-A: b\r\nContent-Length: 2\r\n\r\n");
        assert!(written("\r\nGET / HTTP/1.1\nhost: a\n\n", None, false).starts_with("GET / HTTP/1.1\r\nhost: a\r\n"));
    }

    #[test]
    fn what_is_rare_or_can_be_read_in_two_ways_is_left_to_others() {
        for head in [
            "HEAD / HTTP/1.1\r\nhost: a",
            "get / HTTP/1.1\r\nhost: a",
            "GET / HTTP/1.0\r\nhost: a",
            "GET http://a/ HTTP/1.1\r\nhost: a",
            "GET //a HTTP/1.1\r\nhost: a",
            "GET /a#b HTTP/1.1\r\nhost: a",
            "GET /\u{e9} HTTP/1.1\r\nhost: a",
            "OPTIONS * HTTP/1.1\r\nhost: a",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1\r\nhost:",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: a",
            "GET / HTTP/1.1\r\nhost: u@a",
            "GET / HTTP/1.1\r\nhost: a\r\ncookie: a\r\ncookie: b",
            "GET / HTTP/1.1\r\nhost: a\r\nconnection: close, content-length",
            "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket",
            "POST / HTTP/1.1\r\nhost: a\r\nTE: trailers",
            "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1",
            "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +1",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9999999999999999999",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc+proto",
            "GET / HTTP/1.1\r\nhost: a\r\nx : b",
            "GET / HTTP/1.1\r\nhost: a\r\nx: b\r\n c",
            &format!("GET / HTTP/1.1\r\nhost: a\r\n{}", "x: y\r\n".repeat(LINES)),
        ] {
            let taken = take(&format!("{}\r\n\r\n", head.trim_end()));
            assert!(matches!(taken, RequestReading::Other), "{head:?}: {taken:?}");
        }
        assert!(matches!(take(&"x".repeat(LONGEST + 1)), RequestReading::Other));
        for part in ["", "GET", "\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n"] {
            assert!(matches!(take(part), RequestReading::Unfinished), "{part:?}");
        }
    }
}
