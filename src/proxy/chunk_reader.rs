//! Bodies in chunks (RFC 9112, section 7.1), read out of what has come: the bytes within, and the trailers behind.
//!
//! What this file does not do: read from sockets.

use super::message_head::{MessageHead, is_open};
use crate::listen::HEAD_LINES;
use bytes::{Buf, Bytes, BytesMut};
use hyper::HeaderMap;

/// What may be said behind all sizes of one body, and so the longest line that tells one.
const EXTENSIONS: usize = 16 << 10;
/// The longest trailers.
const TRAILERS: usize = 16 << 10;

/// Reader of a body in chunks.
#[derive(Debug, Default)]
pub(super) struct ChunkReader {
    place: ChunkPlace,
    extensions: usize,
    seen: usize,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ChunkPlace {
    /// Before the line that tells a size.
    #[default]
    Size,
    /// Within a chunk, of which so much is to come.
    Within(u64),
    /// Before the line end behind a chunk.
    Behind,
    Trailers,
    Over,
}

/// What is next in a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ChunkPiece {
    /// More must come first.
    Unfinished,
    Bytes(Bytes),
    Trailers(HeaderMap),
    Over,
}

/// A body that is not in chunks as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an answer's chunks are not what they should be")]
pub(super) struct BadChunk;

impl ChunkReader {
    /// Takes what is next from what came.
    ///
    /// # Errors
    /// Where these are no chunks.
    pub(super) fn next(&mut self, came: &mut BytesMut) -> Result<ChunkPiece, BadChunk> {
        loop {
            match self.place {
                ChunkPlace::Over => return Ok(ChunkPiece::Over),
                ChunkPlace::Size => {
                    let Some(size) = self.size(came)? else { return Ok(ChunkPiece::Unfinished) };
                    self.place = if size == 0 { ChunkPlace::Trailers } else { ChunkPlace::Within(size) };
                }
                ChunkPlace::Within(left) => {
                    if came.is_empty() {
                        return Ok(ChunkPiece::Unfinished);
                    }
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(came.len());
                    let left = left - take as u64;
                    self.place = if left == 0 { ChunkPlace::Behind } else { ChunkPlace::Within(left) };
                    return Ok(ChunkPiece::Bytes(came.split_to(take).freeze()));
                }
                ChunkPlace::Behind => match &came[..] {
                    [b'\r', b'\n', ..] => {
                        came.advance(2);
                        self.place = ChunkPlace::Size;
                    }
                    [] | [b'\r'] => return Ok(ChunkPiece::Unfinished),
                    _ => return Err(BadChunk),
                },
                ChunkPlace::Trailers => return self.trailers(came),
            }
        }
    }

    fn size(&mut self, came: &mut BytesMut) -> Result<Option<u64>, BadChunk> {
        match httparse::parse_chunk_size(came).map_err(|_| BadChunk)? {
            httparse::Status::Complete((length, size)) => {
                let digits = came.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                let is_one_line = !came[..length.saturating_sub(2)].contains(&b'\n');
                self.extensions += length.saturating_sub(digits + 2);
                came.advance(length);
                if digits == 0 || !is_one_line || self.extensions > EXTENSIONS { Err(BadChunk) } else { Ok(Some(size)) }
            }
            httparse::Status::Partial if came.len() > EXTENSIONS => Err(BadChunk),
            httparse::Status::Partial => Ok(None),
        }
    }

    fn trailers(&mut self, came: &mut BytesMut) -> Result<ChunkPiece, BadChunk> {
        match &came[..] {
            [] | [b'\r'] => return Ok(ChunkPiece::Unfinished),
            [b'\r', b'\n', ..] => {
                came.advance(2);
                self.place = ChunkPlace::Over;
                return Ok(ChunkPiece::Over);
            }
            _ => {}
        }
        if is_open(came, &mut self.seen) {
            return if came.len() > TRAILERS { Err(BadChunk) } else { Ok(ChunkPiece::Unfinished) };
        }
        let mut found = vec![httparse::EMPTY_HEADER; HEAD_LINES];
        let (length, fields) = match httparse::parse_headers(came, &mut found).map_err(|_| BadChunk)? {
            httparse::Status::Complete((length, found)) => (length, MessageHead::spans(found, came)),
            httparse::Status::Partial => return Err(BadChunk),
        };
        if length > TRAILERS {
            return Err(BadChunk);
        }
        self.place = ChunkPlace::Over;
        Ok(ChunkPiece::Trailers(MessageHead::new(came.split_to(length).freeze(), fields).to_map()))
    }

    /// True once there is nothing more to come.
    pub(super) fn is_over(&self) -> bool {
        self.place == ChunkPlace::Over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, step: usize) -> Result<(String, Option<HeaderMap>, String), BadChunk> {
        let (mut reader, mut came, mut body, mut trailers) = (ChunkReader::default(), BytesMut::new(), Vec::new(), None);
        let mut pieces = text.as_bytes().chunks(step);
        loop {
            match reader.next(&mut came)? {
                ChunkPiece::Bytes(bytes) => body.extend_from_slice(&bytes),
                ChunkPiece::Trailers(map) => trailers = Some(map),
                ChunkPiece::Over => {
                    pieces.for_each(|piece| came.extend_from_slice(piece));
                    assert!(reader.is_over());
                    return Ok((String::from_utf8(body).unwrap(), trailers, String::from_utf8(came.to_vec()).unwrap()));
                }
                ChunkPiece::Unfinished => came.extend_from_slice(pieces.next().ok_or(BadChunk)?),
            }
        }
    }

    #[test]
    fn chunks_are_read_however_they_are_cut_and_not_one_byte_further() {
        for step in 1..50 {
            let plain = read("3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nnext", step).unwrap();
            assert_eq!(plain, ("abc0123456789".into(), None, "next".into()), "{step}");
            let (body, trailers, rest) = read("1\r\nx\r\n0\r\nA: b\r\nc:d\r\n\r\nnext", step).unwrap();
            let trailers = trailers.unwrap();
            assert_eq!((body.as_str(), trailers["a"].as_bytes(), trailers.len(), rest.as_str()), ("x", &b"b"[..], 2, "next"), "{step}");
        }
    }

    #[test]
    fn what_are_no_chunks_are_none() {
        for bad in [
            "x\r\n".to_owned(),
            "\r\n".to_owned(),
            "3\r\nabcd\r\n0\r\n\r\n".to_owned(),
            "fffffffffffffffff\r\n".to_owned(),
            "3\r\nabc".to_owned(),
            "0\r\na b: c\r\n\r\n".to_owned(),
            format!("1;{}\r\n", "x".repeat(EXTENSIONS + 1)),
            format!("0\r\na: {}\r\n\r\n", "x".repeat(TRAILERS)),
            format!("{}0\r\n\r\n", format!("1;{}\r\na\r\n", "x".repeat(1000)).repeat(20)),
        ] {
            assert!(read(&bad, 7).is_err(), "{bad:.40}");
        }
    }
}
