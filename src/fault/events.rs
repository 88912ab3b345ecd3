//! Where the events of a stream end, for any division of its bytes into chunks.
//!
//! An event ends with a blank line; lines end with LF or CRLF. What holds no blank line for 1 MB is passed on as if it were an event, so
//! that a body which is no stream of events cannot fill the memory.

use bytes::{Bytes, BytesMut};

/// The longest piece that is kept.
const LONGEST: usize = 1 << 20;

/// Follows a stream without keeping any of it: knows whether its last byte ended an event.
#[derive(Debug, Clone, Copy)]
pub struct Boundary {
    /// The line underway holds nothing yet but perhaps a CR.
    is_blank: bool,
    is_between: bool,
}

impl Default for Boundary {
    fn default() -> Self {
        Self { is_blank: true, is_between: true }
    }
}

impl Boundary {
    /// Takes more of the stream; hands back how many bytes of it belong to the event that ends first in it.
    fn until_end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (place, byte) in bytes.iter().enumerate() {
            self.is_between = false;
            match byte {
                b'\n' if self.is_blank => {
                    self.is_between = true;
                    return Some(place + 1);
                }
                b'\n' => self.is_blank = true,
                b'\r' => {}
                _ => self.is_blank = false,
            }
        }
        None
    }

    /// Takes more of the stream.
    pub fn follow(&mut self, bytes: &[u8]) {
        // Only the end matters: from the last line that holds something on.
        let tail = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
        let mut rest = &bytes[tail..];
        while let Some(end) = self.until_end(rest) {
            rest = &rest[end..];
        }
    }

    /// True where no event is underway.
    pub const fn is_between(&self) -> bool {
        self.is_between
    }
}

/// Cuts a stream into its events; keeps at most the one that has not ended.
#[derive(Debug, Default)]
pub struct Events {
    boundary: Boundary,
    kept: BytesMut,
}

impl Events {
    /// Goes on where the stream has come to.
    pub fn after(boundary: Boundary) -> Self {
        Self { boundary, kept: BytesMut::new() }
    }

    /// Where the stream has come to.
    pub const fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// Takes the first event out of `chunk` (with what was kept before it), its blank line included. `None` once nothing of it is whole
    /// any more: the rest is kept, and `chunk` is empty.
    pub fn next(&mut self, chunk: &mut Bytes) -> Option<Bytes> {
        let Some(end) = self.boundary.until_end(chunk) else {
            self.kept.extend_from_slice(chunk);
            chunk.clear();
            return (self.kept.len() > LONGEST).then(|| self.rest());
        };
        let event = chunk.split_to(end);
        if self.kept.is_empty() {
            return Some(event);
        }
        self.kept.extend_from_slice(&event);
        Some(self.rest())
    }

    /// What is kept of an event that has not ended.
    pub fn rest(&mut self) -> Bytes {
        self.kept.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(chunks: &[&[u8]]) -> (Vec<Bytes>, Bytes) {
        let (mut events, mut found) = (Events::default(), Vec::new());
        for chunk in chunks {
            let mut chunk = Bytes::copy_from_slice(chunk);
            while let Some(event) = events.next(&mut chunk) {
                found.push(event);
            }
        }
        (found, events.rest())
    }

    #[test]
    fn events_end_with_a_blank_line_of_either_kind() {
        let (found, rest) = events(&[b"data: a\n\ndata: b\r\n\r\n: ping\n\ndata: c\nid: 1\n\ndata: d\n"]);
        assert_eq!(found, [&b"data: a\n\n"[..], b"data: b\r\n\r\n", b": ping\n\n", b"data: c\nid: 1\n\n"]);
        assert_eq!(rest, &b"data: d\n"[..]);
        let long = vec![b'x'; LONGEST + 1];
        assert_eq!(events(&[&long]).0.len(), 1, "memory is bounded");
    }

    proptest! {
        #[test]
        fn any_division_gives_the_same_events(text in "[a\r\n]{0,60}", cut in 0usize..60, other in 0usize..60) {
            let bytes = text.as_bytes();
            let (low, high) = (cut.min(other).min(bytes.len()), cut.max(other).min(bytes.len()));
            let (whole, rest) = events(&[bytes]);
            let divided = events(&[&bytes[..low], &bytes[low..high], &bytes[high..]]);
            prop_assert_eq!(&(whole.clone(), rest.clone()), &divided);
            prop_assert_eq!([whole.concat(), rest.to_vec()].concat(), bytes.to_vec());
            let (mut boundary, mut followed) = (Boundary::default(), Boundary::default());
            followed.follow(&bytes[..low]);
            followed.follow(&bytes[low..]);
            let mut left = bytes;
            while let Some(end) = boundary.until_end(left) {
                left = &left[end..];
            }
            prop_assert_eq!((boundary.is_between, boundary.is_blank), (followed.is_between, followed.is_blank));
        }
    }
}
