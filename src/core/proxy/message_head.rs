//! The head of a message of HTTP/1.1 as it came: its bytes in one piece, and where each field stands in them.
//!
//! Nothing is copied into a map: most heads are passed on line by line, and few of their fields are ever asked for.
//!
//! What this file does not do: judge what the fields mean, or decide which of them pass.

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use std::ops::Range;

/// The longest head of a request or an answer. Servers that are in use send up to a few tens of kilobytes; curl takes 300.
pub(super) const HEAD_BYTES: usize = 400 << 10;

/// Where a part of a head stands in its bytes. Heads are far shorter than 4 GB.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HeadSpan {
    start: u32,
    end: u32,
}

/// Head of a message of HTTP/1.1: the bytes that came, and where its fields stand in them.
#[derive(Debug, Default)]
pub(super) struct MessageHead {
    bytes: Bytes,
    /// Name and value of each, in the order in which they came.
    fields: Vec<(HeadSpan, HeadSpan)>,
}

impl HeadSpan {
    /// Where `part` stands in `whole`. What is empty stands nowhere in particular.
    pub(super) fn of(part: &[u8], whole: &[u8]) -> Self {
        if part.is_empty() {
            return Self::default();
        }
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        Self { start: number(start), end: number(start.saturating_add(part.len())) }
    }

    const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl MessageHead {
    /// Of these bytes, in which a parser has found these fields.
    pub(super) fn new(bytes: Bytes, fields: Vec<(HeadSpan, HeadSpan)>) -> Self {
        Self { bytes, fields }
    }

    /// Where the fields stand that a parser has found in `whole`.
    pub(super) fn spans(found: &[httparse::Header<'_>], whole: &[u8]) -> Vec<(HeadSpan, HeadSpan)> {
        found.iter().map(|field| (HeadSpan::of(field.name.as_bytes(), whole), HeadSpan::of(field.value, whole))).collect()
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// A part of it; empty where it has none there.
    pub(super) fn part(&self, span: HeadSpan) -> &[u8] {
        self.bytes.get(span.range()).unwrap_or_default()
    }

    /// A part of it that is known to be ASCII.
    pub(super) fn word(&self, span: HeadSpan) -> &str {
        std::str::from_utf8(self.part(span)).unwrap_or_default()
    }

    /// Names and values, in their order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (self.part(*name), self.part(*value)))
    }

    /// The values of this field.
    pub(super) fn values<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        self.fields().filter(move |(own, _)| own.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The first value of this field, where it is text that anyone can read.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = self.values(name).next()?;
        let is_readable = value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
        if is_readable { std::str::from_utf8(value).ok() } else { None }
    }

    /// The fields as a map, for what is rare.
    pub(super) fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in self.fields() {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                map.append(name, value);
            }
        }
        map
    }
}

/// True where a message may not be over yet: no empty line was found from `seen` on. Moves `seen` on.
pub(super) fn is_open(bytes: &[u8], seen: &mut usize) -> bool {
    let from = seen.saturating_sub(3);
    let rest = bytes.get(from..).unwrap_or_default();
    let mut place = 0;
    while let Some(end) = rest[place..].iter().position(|byte| *byte == b'\n') {
        let next = place + end + 1;
        if matches!(rest.get(next..), Some([b'\n', ..] | [b'\r', b'\n', ..])) {
            return false;
        }
        place = next;
    }
    *seen = bytes.len();
    true
}

/// The list of words that these values hold, each without the space around it.
pub(super) fn words<'v>(values: impl Iterator<Item = &'v [u8]>) -> impl Iterator<Item = &'v [u8]> {
    values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_where_they_stand_and_text_is_text() {
        let bytes = Bytes::from_static(b"GET / HTTP/1.1\r\nA: one\r\nb:\r\na:two, three \r\nc: \xff\r\n\r\n");
        let mut found = [httparse::EMPTY_HEADER; 8];
        let mut request = httparse::Request::new(&mut found);
        assert!(request.parse(&bytes).unwrap().is_complete());
        let fields = MessageHead::spans(request.headers, &bytes);
        let head = MessageHead::new(bytes, fields);
        assert_eq!(head.values("a").collect::<Vec<_>>(), [&b"one"[..], b"two, three"]);
        assert_eq!((head.text("A"), head.text("b"), head.text("c"), head.text("d")), (Some("one"), Some(""), None, None));
        assert_eq!(words(head.values("a")).collect::<Vec<_>>(), [&b"one"[..], b"two", b"three"]);
        assert_eq!(head.to_map().len(), 4);
    }

    #[test]
    fn the_end_of_a_head_is_found_however_it_is_cut() {
        for text in ["GET / HTTP/1.1\r\nhost: a\r\n\r\nrest", "GET / HTTP/1.1\nhost: a\n\nrest", "GET / HTTP/1.1\r\nhost: a\n\r\nrest"] {
            let end = text.find("rest").unwrap();
            for step in 1..6 {
                let (mut seen, mut length) = (0, 0);
                while is_open(&text.as_bytes()[..length], &mut seen) {
                    length = (length + step).min(text.len());
                }
                assert!((end..end + step).contains(&length.max(end)), "{text:?} by {step}: {length}");
            }
        }
    }
}
