//! The head of an answer over HTTP/1.1, read where it lies: its status, how its body ends, and whether its connection can be used again.
//!
//! It accepts and refuses what hyper does, which reads the same heads on connections with TLS: the sizes of both are counted in one way.
//!
//! What this file does not do: read bodies ([`super::answer_body`] does).

use super::word;
use crate::listen::HEAD_LINES;
use httparse::{Header, ParserConfig, Status};
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use std::mem::MaybeUninit;

/// The longest head of an answer, in bytes as HTTP/1.1 writes them.
pub(super) const HEAD: usize = 1 << 16;
/// What may be read before a head has ended, all that came with it included.
pub(super) const BUFFER: usize = 2 * HEAD;
/// Most answers have fewer fields.
const FEW: usize = 48;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerFraming {
    /// After so many bytes.
    Length(u64),
    /// In chunks, of which the last is empty.
    Chunked,
    /// With the connection's end.
    Close,
}

/// What the head of an answer says.
#[derive(Debug)]
pub(super) struct AnswerHead {
    pub(super) status: StatusCode,
    pub(super) end: AnswerFraming,
    /// Whether the connection stays open after the body.
    pub(super) is_kept: bool,
    /// Its fields, where somebody looks at them: of refusals, and of bodies that are encoded. Else empty.
    pub(super) fields: HeaderMap,
}

/// Reads the head that `bytes` begin with, and those of interim answers before it. How many bytes are read, and the head where it is whole.
///
/// # Errors
/// Why there is none, in a word.
pub(super) fn read_head(bytes: &[u8]) -> Result<(usize, Option<AnswerHead>), &'static str> {
    let mut read = 0;
    while read < bytes.len() {
        let (length, head) = match one(&bytes[read..], &mut [const { MaybeUninit::uninit() }; FEW]) {
            Err(word::HEAD_TOO_LONG) => one(&bytes[read..], &mut vec![MaybeUninit::uninit(); HEAD_LINES])?,
            parsed => parsed?,
        };
        read += length;
        if head.is_some() || length == 0 {
            return Ok((read, head));
        }
    }
    Ok((read, None))
}

/// One head: its length, 0 where it is not whole, and what it says unless it is of an interim answer.
fn one<'b>(bytes: &'b [u8], fields: &mut [MaybeUninit<Header<'b>>]) -> Result<(usize, Option<AnswerHead>), &'static str> {
    let mut answer = httparse::Response::new(&mut []);
    let length = match ParserConfig::default().parse_response_with_uninit_headers(&mut answer, bytes, fields) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() >= BUFFER => return Err(word::HEAD_TOO_LONG),
        Ok(Status::Partial) => return Ok((0, None)),
        Err(httparse::Error::TooManyHeaders) => return Err(word::HEAD_TOO_LONG),
        Err(_) => return Err(word::MALFORMED_HEAD),
    };
    let status = StatusCode::from_u16(answer.code.unwrap_or(0)).map_err(|_| word::MALFORMED_HEAD)?;
    if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
        return Ok((length, None));
    }
    let line = "HTTP/1.1 200 ".len() + answer.reason.map_or(0, str::len) + 2;
    let written: usize = answer.headers.iter().map(|field| field.name.len() + field.value.len() + 4).sum();
    let is_newer = answer.version == Some(1);
    let told = HeadFields::by(answer.headers);
    let end = told.end(status, is_newer)?;
    if written + line + 2 > HEAD {
        return Err(word::HEAD_TOO_LONG);
    }
    let is_kept = status != StatusCode::SWITCHING_PROTOCOLS && !told.closes && (is_newer || told.keeps);
    let is_looked_at = told.is_encoded || !status.is_success();
    let fields = if is_looked_at { map(answer.headers) } else { HeaderMap::new() };
    Ok((length, Some(AnswerHead { status, end, is_kept, fields })))
}

fn map(fields: &[Header<'_>]) -> HeaderMap {
    let read = |field: &Header<'_>| Some((HeaderName::from_bytes(field.name.as_bytes()).ok()?, HeaderValue::from_bytes(field.value).ok()?));
    let mut map = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields.iter().filter_map(read) {
        map.append(name, value);
    }
    map
}

/// What the fields say of the body and of the connection.
#[derive(Debug, Default)]
struct HeadFields<'b> {
    /// The value of the last `transfer-encoding`.
    coding: Option<&'b [u8]>,
    /// The length, where all that tell one agree.
    length: Option<Result<u64, ()>>,
    closes: bool,
    keeps: bool,
    is_encoded: bool,
}

impl<'b> HeadFields<'b> {
    fn by(fields: &[Header<'b>]) -> Self {
        let mut told = Self::default();
        for field in fields {
            match field.name.len() {
                17 if field.name.eq_ignore_ascii_case("transfer-encoding") => told.coding = Some(field.value),
                14 if field.name.eq_ignore_ascii_case("content-length") => told.measure(field.value),
                10 if field.name.eq_ignore_ascii_case("connection") => {
                    told.closes |= has(field.value, "close");
                    told.keeps |= has(field.value, "keep-alive");
                }
                16 if field.name.eq_ignore_ascii_case(CONTENT_ENCODING.as_str()) => told.is_encoded = true,
                _ => {}
            }
        }
        told
    }

    fn measure(&mut self, value: &[u8]) {
        for part in value.split(|byte| *byte == b',') {
            let part = digits(part.trim_ascii());
            self.length = match (self.length, part) {
                (None | Some(Ok(_)), None) => Some(Err(())),
                (None, Some(length)) => Some(Ok(length)),
                (Some(Ok(before)), Some(length)) if before != length => Some(Err(())),
                (known, _) => known,
            };
        }
    }

    /// RFC 9112, section 6.3.
    fn end(&self, status: StatusCode, is_newer: bool) -> Result<AnswerFraming, &'static str> {
        if matches!(status, StatusCode::SWITCHING_PROTOCOLS | StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(AnswerFraming::Length(0));
        }
        match (self.coding, self.length) {
            (Some(_), _) if !is_newer => Err(word::MALFORMED_HEAD),
            (Some(coding), _) => {
                let last = coding.rsplit(|byte| *byte == b',').next().unwrap_or_default();
                Ok(if last.trim_ascii().eq_ignore_ascii_case(b"chunked") { AnswerFraming::Chunked } else { AnswerFraming::Close })
            }
            // The two highest numbers mean something else to hyper.
            (None, Some(Ok(length))) if length > u64::MAX - 2 => Err(word::HEAD_TOO_LONG),
            (None, Some(Ok(length))) => Ok(AnswerFraming::Length(length)),
            (None, Some(Err(()))) => Err(word::MALFORMED_HEAD),
            (None, None) => Ok(AnswerFraming::Close),
        }
    }
}

/// Whether a list has this word.
fn has(value: &[u8], wanted: &str) -> bool {
    value.is_ascii() && value.split(|byte| *byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
}

/// A number of digits and nothing else.
fn digits(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A status, how the body is framed, and whether the connection is kept.
    type Told = (u16, AnswerFraming, bool);

    fn read(text: &str) -> Result<(usize, Option<Told>), &'static str> {
        let (length, head) = read_head(text.as_bytes())?;
        Ok((length, head.map(|head| (head.status.as_u16(), head.end, head.is_kept))))
    }

    #[test]
    fn the_end_of_a_body_and_of_its_connection_are_as_the_standard_has_them() {
        for (head, wanted) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", (200, AnswerFraming::Length(3), true)),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\ncontent-length: 3\r\nConnection: x, Close\r\n\r\n",
                (200, AnswerFraming::Length(3), false),
            ),
            ("HTTP/1.1 200\r\ncontent-length: 3\r\ntransfer-encoding: gzip, Chunked\r\n\r\n", (200, AnswerFraming::Chunked, true)),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n", (200, AnswerFraming::Close, true)),
            ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n", (200, AnswerFraming::Length(0), true)),
            ("HTTP/1.0 503 No\r\ncontent-length: 0\r\n\r\n", (503, AnswerFraming::Length(0), false)),
            ("HTTP/1.1 304 Not Modified\r\ncontent-length: 900\r\n\r\n", (304, AnswerFraming::Length(0), true)),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", (101, AnswerFraming::Length(0), false)),
            ("HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\n\r\n", (200, AnswerFraming::Close, false)),
        ] {
            assert_eq!(read(&format!("{head}abc")), Ok((head.len(), Some(wanted))), "{head}");
            for cut in 0..head.len() {
                assert_eq!(read(&head[..cut]), Ok((0, None)), "{head} until {cut}");
            }
        }
    }

    #[test]
    fn interim_answers_are_read_and_passed_over() {
        let (interim, head) = ("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!(
            read(&format!("{interim}{interim}{head}")),
            Ok((2 * interim.len() + head.len(), Some((204, AnswerFraming::Length(0), true))))
        );
        assert_eq!(read(&format!("{interim}HTTP/1.1 2")), Ok((interim.len(), None)));
        assert_eq!(read(interim), Ok((interim.len(), None)));
    }

    #[test]
    fn what_is_no_head_is_told_in_a_word() {
        for (head, word) in [
            ("SSH-2.0", word::MALFORMED_HEAD),
            ("HTTP/1.1 abc\r\n\r\n", word::MALFORMED_HEAD),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n", word::MALFORMED_HEAD),
            ("HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\n", word::MALFORMED_HEAD),
            ("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\n", word::MALFORMED_HEAD),
            ("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n", word::HEAD_TOO_LONG),
            ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", word::MALFORMED_HEAD),
        ] {
            assert_eq!(read(head), Err(word), "{head}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(BUFFER));
        assert_eq!(read(&endless), Err(word::HEAD_TOO_LONG));
    }
}
