//! Where the events of a stream end, for any division of its bytes into chunks.
//!
//! A server-sent event ends with a blank line; lines end with LF, CRLF or CR. A binary frame ends where its length says. What holds no end
//! for 1 MB, and what cannot be a frame, passes as pieces that nobody may take for an event, so that a body which is no such stream cannot
//! fill the memory.

use super::eventstream::frame_length;
use super::provider_api::StreamFraming;
use super::registry::provider_api;
use crate::model::Dialect;
use bytes::{Bytes, BytesMut};

/// The longest piece that is kept.
const LONGEST: usize = 1 << 20;

/// A position in a stream that is followed without keeping any of it. It tells whether the last byte ended an event.
#[derive(Debug, Clone, Copy)]
pub struct Boundary {
    at: StreamPosition,
    is_between: bool,
}

/// The position within an event.
#[derive(Debug, Clone, Copy)]
enum StreamPosition {
    /// In a server-sent event.
    Sse(LinePosition),
    /// In a frame: so many bytes of its length are known, and when all are, so many of the frame are left.
    Frame { length: [u8; 4], known: usize, left: usize },
    /// What came is no frame; nothing after it can be told apart.
    Lost,
}

/// The position within the lines of an event. Whether a CR is a line end of its own shows with the byte after it, and an event must not wait for that where its lines
/// end so: its blank line ends at once where the line before ended with a CR alone, and else with the LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinePosition {
    /// At the beginning of a line.
    Blank,
    /// In a line that holds something.
    Text,
    /// Behind the CR that ends such a line.
    TextCr,
    /// Behind the CR that begins a blank line.
    BlankCr,
    /// Behind the CR that ended an event: an LF after it is the rest of the same line end.
    EndCr,
}

const FRAME: StreamPosition = StreamPosition::Frame { length: [0; 4], known: 0, left: 0 };

impl Boundary {
    /// At the beginning of a stream of this dialect.
    pub fn of(dialect: Dialect) -> Self {
        let at = match provider_api(dialect).framing() {
            StreamFraming::Lines => StreamPosition::Sse(LinePosition::Blank),
            StreamFraming::Frames => FRAME,
        };
        Self { at, is_between: true }
    }

    /// Takes more of the stream; hands back how many bytes of it belong to the event that ends first in it.
    fn until_end(&mut self, bytes: &[u8]) -> Option<usize> {
        self.is_between &= bytes.is_empty();
        let end = match &mut self.at {
            StreamPosition::Sse(line) => line.end(bytes),
            StreamPosition::Frame { length, known, left } => match frame_end(length, known, left, bytes) {
                Ok(end) => end,
                Err(()) => {
                    self.at = StreamPosition::Lost;
                    None
                }
            },
            StreamPosition::Lost => None,
        };
        if end.is_some() {
            self.is_between = true;
            if matches!(self.at, StreamPosition::Frame { .. }) {
                self.at = FRAME;
            }
        }
        match self.at {
            StreamPosition::Lost if !bytes.is_empty() => Some(bytes.len()),
            _ => end,
        }
    }

    /// Takes more of the stream.
    pub fn follow(&mut self, bytes: &[u8]) {
        // Of lines only the end matters: from the last that holds something on.
        let is_lines = matches!(self.at, StreamPosition::Sse(_));
        let tail = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).filter(|_| is_lines).unwrap_or(0);
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

impl LinePosition {
    /// Takes more of the lines; how many bytes of it belong to the event that ends first.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            let (next, ends_at) = match (*self, byte) {
                (Self::Blank | Self::BlankCr, b'\n') => (Self::Blank, Some(index + 1)),
                (Self::TextCr, b'\r') => (Self::EndCr, Some(index + 1)),
                // It was a blank line after all, with a CR alone.
                (Self::BlankCr, b'\r') => (Self::BlankCr, Some(index)),
                (Self::BlankCr, _) => (Self::Text, Some(index)),
                (Self::Text | Self::TextCr | Self::EndCr, b'\n') => (Self::Blank, None),
                (Self::Text, b'\r') => (Self::TextCr, None),
                (Self::Blank | Self::EndCr, b'\r') => (Self::BlankCr, None),
                _ => (Self::Text, None),
            };
            *self = next;
            if let Some(end) = ends_at {
                // The byte that showed it is looked at again, as the first of the next event.
                if end == index {
                    *self = Self::Blank;
                }
                return Some(end);
            }
        }
        None
    }
}

fn frame_end(length: &mut [u8; 4], known: &mut usize, left: &mut usize, bytes: &[u8]) -> Result<Option<usize>, ()> {
    let mut index = 0;
    while *known < length.len() {
        let Some(byte) = bytes.get(index) else { return Ok(None) };
        length[*known] = *byte;
        (*known, index) = (*known + 1, index + 1);
        if *known == length.len() {
            *left = frame_length(*length).ok_or(())? - length.len();
        }
    }
    let taken = (bytes.len() - index).min(*left);
    *left -= taken;
    Ok((*left == 0).then_some(index + taken))
}

/// A piece of a stream: one event, or a part of one that is too long or torn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// The piece, with the blank line at its end where the stream has such.
    pub bytes: Bytes,
    /// False for a part of one.
    pub is_whole: bool,
}

/// A splitter of a stream into its events; keeps at most the one that has not ended.
#[derive(Debug)]
pub struct EventSplitter {
    boundary: Boundary,
    kept: BytesMut,
    /// Something of the event underway has passed already.
    is_torn: bool,
}

impl EventSplitter {
    /// Goes on where the stream has come to.
    pub fn after(boundary: Boundary) -> Self {
        Self { boundary, kept: BytesMut::new(), is_torn: !boundary.is_between }
    }

    /// Where the stream has come to.
    pub const fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// Takes the first event out of `chunk` (with what was kept before it). `None` once nothing of it is whole any more: the rest is
    /// kept, and `chunk` is empty.
    pub fn next(&mut self, chunk: &mut Bytes) -> Option<StreamEvent> {
        let Some(end) = self.boundary.until_end(chunk) else {
            self.kept.extend_from_slice(chunk);
            chunk.clear();
            return (self.kept.len() > LONGEST).then(|| {
                self.is_torn = true;
                StreamEvent { bytes: self.rest(), is_whole: false }
            });
        };
        let is_lost = matches!(self.boundary.at, StreamPosition::Lost);
        let is_whole = !std::mem::replace(&mut self.is_torn, is_lost) && !is_lost;
        let mut bytes = chunk.split_to(end);
        if !self.kept.is_empty() {
            self.kept.extend_from_slice(&bytes);
            bytes = self.rest();
        }
        Some(StreamEvent { bytes, is_whole })
    }

    /// What is kept of an event that has not ended.
    pub fn rest(&mut self) -> Bytes {
        self.kept.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::super::eventstream::frame;
    use super::*;
    use proptest::prelude::*;

    fn events(dialect: Dialect, chunks: &[&[u8]]) -> (Vec<Bytes>, Bytes) {
        let (mut events, mut found) = (EventSplitter::after(Boundary::of(dialect)), Vec::new());
        for chunk in chunks {
            let mut chunk = Bytes::copy_from_slice(chunk);
            while let Some(event) = events.next(&mut chunk) {
                assert!(event.is_whole || event.bytes.len() > LONGEST || dialect == Dialect::Bedrock);
                found.push(event.bytes);
            }
        }
        (found, events.rest())
    }

    #[test]
    fn events_end_with_a_blank_line_of_any_kind() {
        let (found, rest) = events(Dialect::OpenAi, &[b"data: a\n\ndata: b\r\n\r\n: ping\n\ndata: c\nid: 1\n\ndata: d\n"]);
        // Nothing waits for the byte after a CR where lines end so.
        assert_eq!(events(Dialect::OpenAi, &[b"data: a\rid: 1\r\r"]).0, [&b"data: a\rid: 1\r\r"[..]]);
        assert_eq!(found, [&b"data: a\n\n"[..], b"data: b\r\n\r\n", b": ping\n\n", b"data: c\nid: 1\n\n"]);
        assert_eq!(rest, &b"data: d\n"[..]);
        let long = vec![b'x'; LONGEST + 1];
        assert_eq!(events(Dialect::OpenAi, &[&long]).0.len(), 1, "memory is bounded");
    }

    #[test]
    fn frames_end_where_their_length_says_and_what_is_none_passes_in_pieces() {
        let (one, two) = (frame(&[], b"\n\n"), frame(&[("a", "b")], b"{}"));
        let both = [&one[..], &two].concat();
        for cut in 0..both.len() {
            let (found, rest) = events(Dialect::Bedrock, &[&both[..cut], &both[cut..]]);
            assert_eq!((found, rest.len()), (vec![Bytes::from(one.clone()), two.clone().into()], 0), "cut at {cut}");
        }
        let (found, rest) = events(Dialect::Bedrock, &[&one, b"data: a\n\n", b"data: b"]);
        assert_eq!((found.concat(), rest.len()), ([&one[..], b"data: a\n\ndata: b"].concat(), 0));
    }

    #[test]
    fn the_rest_of_an_event_that_had_begun_is_no_whole_one() {
        let mut boundary = Boundary::of(Dialect::Anthropic);
        boundary.follow(b"event: ping\ndata");
        let mut events = EventSplitter::after(boundary);
        let mut chunk = Bytes::from_static(b": {}\n\ndata: {}\n\n");
        assert_eq!([events.next(&mut chunk), events.next(&mut chunk)].map(|event| event.unwrap().is_whole), [false, true]);
    }

    proptest! {
        #[test]
        fn any_division_gives_the_same_events(text in "[a\r\n]{0,60}", cut in 0usize..60, other in 0usize..60) {
            let bytes = text.as_bytes();
            let (low, high) = (cut.min(other).min(bytes.len()), cut.max(other).min(bytes.len()));
            let (whole, rest) = events(Dialect::OpenAi, &[bytes]);
            let divided = events(Dialect::OpenAi, &[&bytes[..low], &bytes[low..high], &bytes[high..]]);
            prop_assert_eq!(&(whole.clone(), rest.clone()), &divided);
            prop_assert_eq!([whole.concat(), rest.to_vec()].concat(), bytes.to_vec());
            let (mut boundary, mut followed) = (Boundary::of(Dialect::OpenAi), Boundary::of(Dialect::OpenAi));
            followed.follow(&bytes[..low]);
            followed.follow(&bytes[low..]);
            let mut left = bytes;
            while let Some(end) = boundary.until_end(left) {
                left = &left[end..];
            }
            prop_assert_eq!(format!("{boundary:?}"), format!("{followed:?}"));
        }

        #[test]
        fn no_bytes_are_lost_and_none_make_it_panic(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6)) {
            for dialect in [Dialect::Bedrock, Dialect::Vertex] {
                let mut events = EventSplitter::after(Boundary::of(dialect));
                let mut came = Vec::new();
                for chunk in &chunks {
                    let mut chunk = Bytes::copy_from_slice(chunk);
                    while let Some(event) = events.next(&mut chunk) {
                        came.extend_from_slice(&event.bytes);
                    }
                }
                came.extend_from_slice(&events.rest());
                prop_assert_eq!(came, chunks.concat());
            }
        }
    }
}
