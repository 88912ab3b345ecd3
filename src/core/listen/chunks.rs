//! Bodies of HTTP/1.1 in chunks as they come (RFC 9112, section 7.1): where their content lies, and where they end.
//!
//! It refuses what hyper refuses, which reads the same bodies on other connections.
//!
//! What this file does not do: read from sockets, or keep content.

use super::serve::HEAD_LINES;

/// Bytes of extensions that the chunks of one body may have, and of the fields behind it.
const MOST: usize = 1 << 14;

/// What comes next in the bytes of a body in chunks.
#[derive(Debug, PartialEq, Eq)]
pub enum ChunkPiece<'b> {
    /// Content.
    Content(&'b [u8]),
    /// Nothing before more has come.
    More,
    /// The body has ended.
    End,
}

/// A body that is not in chunks as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an answer's chunks are not what they should be")]
pub struct BadChunk;

/// Where a body in chunks has come to.
#[derive(Debug, Default)]
pub struct ChunkDecoder {
    place: PlaceInChunks,
    /// Of the chunk underway: its size as far as it is read, then what of it is still to come.
    size: u64,
    extensions: usize,
    /// The fields behind the body, and their lines.
    trailer: Vec<u8>,
    lines: usize,
}

/// The places in a body in chunks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum PlaceInChunks {
    #[default]
    Start,
    Size,
    Blank,
    Extension,
    SizeLf,
    Content,
    ContentCr,
    ContentLf,
    Trailer,
    TrailerLf,
    EndCr,
    EndLf,
    Ended,
}

impl ChunkDecoder {
    /// Takes what comes next off the beginning of `rest`.
    ///
    /// # Errors
    /// Where these are no chunks.
    pub fn next<'b>(&mut self, rest: &mut &'b [u8]) -> Result<ChunkPiece<'b>, BadChunk> {
        loop {
            if self.place == PlaceInChunks::Ended {
                return Ok(ChunkPiece::End);
            }
            if self.place == PlaceInChunks::Content {
                let piece = self.content(rest);
                if self.size == 0 {
                    self.place = PlaceInChunks::ContentCr;
                }
                return Ok(piece);
            }
            let Some((byte, behind)) = rest.split_first() else { return Ok(ChunkPiece::More) };
            *rest = behind;
            self.place = self.step(*byte)?;
        }
    }

    /// As much of the chunk as is there.
    fn content<'b>(&mut self, rest: &mut &'b [u8]) -> ChunkPiece<'b> {
        let (piece, behind) = rest.split_at(usize::try_from(self.size).unwrap_or(usize::MAX).min(rest.len()));
        self.size -= piece.len() as u64;
        *rest = behind;
        if piece.is_empty() { ChunkPiece::More } else { ChunkPiece::Content(piece) }
    }

    /// Once the body has ended: the fields behind it with the empty line at their end, as they stood there. Empty where there are none.
    pub fn trailer(&self) -> &[u8] {
        &self.trailer
    }

    /// True once it has ended.
    pub fn is_over(&self) -> bool {
        self.place == PlaceInChunks::Ended
    }

    fn step(&mut self, byte: u8) -> Result<PlaceInChunks, BadChunk> {
        use PlaceInChunks::{
            Blank, Content, ContentCr, ContentLf, EndCr, EndLf, Ended, Extension, Size, SizeLf, Start, Trailer, TrailerLf,
        };
        Ok(match (self.place, byte) {
            (Start | Size, _) if byte.is_ascii_hexdigit() => self.digit(byte)?,
            (Size | Blank, b'\t' | b' ') => Blank,
            (Size | Blank, b';') => Extension,
            (Size | Blank | Extension, b'\r') => SizeLf,
            (Extension, other) if other != b'\n' => {
                self.extensions += 1;
                if self.extensions >= MOST {
                    return Err(BadChunk);
                }
                Extension
            }
            (SizeLf, b'\n') => {
                if self.size == 0 {
                    EndCr
                } else {
                    Content
                }
            }
            (ContentCr, b'\r') => ContentLf,
            (ContentLf, b'\n') => Start,
            (EndCr, b'\r') if self.trailer.is_empty() => EndLf,
            (EndLf, b'\n') => self.end(byte)?,
            (EndCr, b'\r') => self.keep(byte, EndLf)?,
            (EndCr, _) => self.keep(byte, Trailer)?,
            (Trailer, _) => self.keep(byte, if byte == b'\r' { TrailerLf } else { Trailer })?,
            (TrailerLf, b'\n') if self.lines < HEAD_LINES => {
                self.lines += 1;
                self.keep(byte, EndCr)?
            }
            (Ended, _) => Ended,
            _ => return Err(BadChunk),
        })
    }

    fn digit(&mut self, byte: u8) -> Result<PlaceInChunks, BadChunk> {
        let digit = char::from(byte).to_digit(16).ok_or(BadChunk)?;
        self.size = self.size.checked_mul(16).and_then(|size| size.checked_add(digit.into())).ok_or(BadChunk)?;
        Ok(PlaceInChunks::Size)
    }

    fn keep(&mut self, byte: u8, next: PlaceInChunks) -> Result<PlaceInChunks, BadChunk> {
        self.trailer.push(byte);
        if self.trailer.len() >= MOST { Err(BadChunk) } else { Ok(next) }
    }

    /// The fields behind the body must be some, though hardly anybody looks at them.
    fn end(&mut self, byte: u8) -> Result<PlaceInChunks, BadChunk> {
        if self.trailer.is_empty() {
            return Ok(PlaceInChunks::Ended);
        }
        self.keep(byte, PlaceInChunks::Ended)?;
        match httparse::parse_headers(&self.trailer, &mut vec![httparse::EMPTY_HEADER; self.lines]) {
            Ok(httparse::Status::Complete(_)) => Ok(PlaceInChunks::Ended),
            _ => Err(BadChunk),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The content of a body, the fields behind it, and what is left behind its end; `None` where it has none yet.
    type ReadChunks = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

    /// What is read of a body that comes in these pieces.
    fn read<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<ReadChunks, BadChunk> {
        let (mut decoder, mut content, mut left) = (ChunkDecoder::default(), Vec::new(), None);
        for piece in pieces {
            let mut rest = piece;
            loop {
                match decoder.next(&mut rest)? {
                    ChunkPiece::Content(piece) => content.extend_from_slice(piece),
                    ChunkPiece::More => break,
                    ChunkPiece::End => {
                        left.get_or_insert_with(Vec::new).extend_from_slice(rest);
                        break;
                    }
                }
            }
        }
        assert_eq!(decoder.is_over(), left.is_some());
        Ok((content, decoder.trailer().to_vec(), left))
    }

    #[test]
    fn chunks_are_read_however_they_are_cut_and_not_one_byte_further() {
        let whole: &[u8] = b"3;a=b\r\nabc\r\n00A \t\r\n0123456789\r\n0\r\nx-more: of this\r\ny: z\r\n\r\nrest";
        for step in 1..=whole.len() {
            let (content, trailer, left) = read(whole.chunks(step)).unwrap();
            assert_eq!((&content[..], left.as_deref()), (&b"abc0123456789"[..], Some(&b"rest"[..])), "{step}");
            assert_eq!(trailer, b"x-more: of this\r\ny: z\r\n\r\n");
        }
        assert_eq!(read([&b"0\r\n\r\n"[..]]), Ok((vec![], vec![], Some(vec![]))));
        assert_eq!(read([&b"0\r\n\r"[..]]), Ok((vec![], vec![], None)));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = [b"1;".to_vec(), vec![b'x'; MOST]].concat();
        let longer = [b"0\r\na: ".to_vec(), vec![b'x'; MOST]].concat();
        let many = [b"1;", "x".repeat(1000).as_bytes(), b"\r\na\r\n"].concat().repeat(20);
        for text in [
            &b"zz\r\n"[..],
            b"\r\n",
            b" 1\r\n",
            b"1 1\r\n",
            b"1\n",
            b"1;a\nb\r\n",
            b"1\r\nab",
            b"1\r\na\rb",
            b"fffffffffffffffff\r\n",
            b"0\r\nno field\r\n\r\n",
            b"0\r\na b: c\r\n\r\n",
            b"0\r\na: b\rc",
            &long,
            &longer,
            &many,
        ] {
            assert_eq!(read([text]), Err(BadChunk), "{:?}", String::from_utf8_lossy(&text[..text.len().min(40)]));
        }
    }

    proptest! {
        #[test]
        fn any_division_reads_the_same(text in "(1|a|;|x|: |0|\r\n|\r|\n){0,40}", cut in 0usize..60, other in 0usize..60) {
            let bytes = text.as_bytes();
            let (low, high) = (cut.min(other).min(bytes.len()), cut.max(other).min(bytes.len()));
            let (whole, divided) = (read([bytes]), read([&bytes[..low], &bytes[low..high], &bytes[high..]]));
            prop_assert_eq!(whole, divided);
        }
    }
}
