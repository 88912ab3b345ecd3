//! The body of an answer over HTTP/1.1 as it comes, piece by piece: where its content lies and where it ends (RFC 9112, sections 6 and 7).
//!
//! It refuses what hyper refuses, which reads the same bodies on connections with TLS.
//!
//! What this file does not do: say what a body means.

use super::answer_head::AnswerFraming;
use crate::listen::HEAD_LINES;

/// Bytes of extensions that the chunks of one body may have, and of the fields behind it.
const MOST: usize = 1 << 14;

/// What comes next in the bytes of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyPiece<'b> {
    /// Content.
    Content(&'b [u8]),
    /// Nothing before more has come.
    More,
    /// The body has ended.
    End,
}

/// The body is not what its head says. It counts as cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BrokenBody;

/// A decoder of one body.
#[derive(Debug)]
pub(super) enum BodyDecoder {
    /// So many bytes are still to come.
    Length(u64),
    /// It is in chunks.
    Chunked(ChunkDecoder),
    /// It ends with the connection.
    Close,
}

/// Where a body in chunks has come to.
#[derive(Debug, Default)]
pub(super) struct ChunkDecoder {
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

impl BodyDecoder {
    pub(super) fn of(end: AnswerFraming) -> Self {
        match end {
            AnswerFraming::Length(length) => Self::Length(length),
            AnswerFraming::Chunked => Self::Chunked(ChunkDecoder::default()),
            AnswerFraming::Close => Self::Close,
        }
    }

    /// Takes what comes next off the beginning of `rest`.
    pub(super) fn next<'b>(&mut self, rest: &mut &'b [u8]) -> Result<BodyPiece<'b>, BrokenBody> {
        match self {
            Self::Length(0) => Ok(BodyPiece::End),
            Self::Length(left) => Ok(content(rest, left)),
            Self::Chunked(chunks) => chunks.next(rest),
            Self::Close => {
                let mut endless = u64::MAX;
                Ok(content(rest, &mut endless))
            }
        }
    }

    /// Whether the end of the connection is the end of the body.
    pub(super) const fn ends_with_connection(&self) -> bool {
        matches!(self, Self::Close)
    }
}

/// As much of what is there as is still to come.
fn content<'b>(rest: &mut &'b [u8], left: &mut u64) -> BodyPiece<'b> {
    let (piece, behind) = rest.split_at(usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len()));
    *left -= piece.len() as u64;
    *rest = behind;
    if piece.is_empty() { BodyPiece::More } else { BodyPiece::Content(piece) }
}

impl ChunkDecoder {
    fn next<'b>(&mut self, rest: &mut &'b [u8]) -> Result<BodyPiece<'b>, BrokenBody> {
        loop {
            if self.place == PlaceInChunks::Ended {
                return Ok(BodyPiece::End);
            }
            if self.place == PlaceInChunks::Content {
                let piece = content(rest, &mut self.size);
                if self.size == 0 {
                    self.place = PlaceInChunks::ContentCr;
                }
                return Ok(piece);
            }
            let Some((byte, behind)) = rest.split_first() else { return Ok(BodyPiece::More) };
            *rest = behind;
            self.place = self.step(*byte)?;
        }
    }

    fn step(&mut self, byte: u8) -> Result<PlaceInChunks, BrokenBody> {
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
                    return Err(BrokenBody);
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
            _ => return Err(BrokenBody),
        })
    }

    fn digit(&mut self, byte: u8) -> Result<PlaceInChunks, BrokenBody> {
        let digit = char::from(byte).to_digit(16).ok_or(BrokenBody)?;
        self.size = self.size.checked_mul(16).and_then(|size| size.checked_add(digit.into())).ok_or(BrokenBody)?;
        Ok(PlaceInChunks::Size)
    }

    fn keep(&mut self, byte: u8, next: PlaceInChunks) -> Result<PlaceInChunks, BrokenBody> {
        self.trailer.push(byte);
        if self.trailer.len() >= MOST { Err(BrokenBody) } else { Ok(next) }
    }

    /// The fields behind the body must be some, though nobody looks at them.
    fn end(&mut self, byte: u8) -> Result<PlaceInChunks, BrokenBody> {
        if self.trailer.is_empty() {
            return Ok(PlaceInChunks::Ended);
        }
        self.keep(byte, PlaceInChunks::Ended)?;
        match httparse::parse_headers(&self.trailer, &mut vec![httparse::EMPTY_HEADER; self.lines]) {
            Ok(httparse::Status::Complete(_)) => Ok(PlaceInChunks::Ended),
            _ => Err(BrokenBody),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The content of a body that comes in these pieces, and what is left behind its end; `None` where it has none yet.
    fn read(end: AnswerFraming, pieces: &[&[u8]]) -> Result<(Vec<u8>, Option<Vec<u8>>), BrokenBody> {
        let (mut decoder, mut content, mut left) = (BodyDecoder::of(end), Vec::new(), None);
        for piece in pieces {
            let mut rest = *piece;
            loop {
                match decoder.next(&mut rest)? {
                    BodyPiece::Content(piece) => content.extend_from_slice(piece),
                    BodyPiece::More => break,
                    BodyPiece::End => {
                        left.get_or_insert_with(Vec::new).extend_from_slice(rest);
                        break;
                    }
                }
            }
        }
        Ok((content, left))
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        assert_eq!(read(AnswerFraming::Length(3), &[b"ab", b"cd"]), Ok((b"abc".to_vec(), Some(b"d".to_vec()))));
        assert_eq!(read(AnswerFraming::Length(0), &[b""]), Ok((vec![], Some(vec![]))));
        assert_eq!(read(AnswerFraming::Close, &[b"ab", b"", b"c"]), Ok((b"abc".to_vec(), None)));
        let chunks = b"3;a=b\r\nabc\r\n00A \t\r\n0123456789\r\n0\r\nx-more: of this\r\ny: z\r\n\r\nrest";
        assert_eq!(read(AnswerFraming::Chunked, &[chunks]), Ok((b"abc0123456789".to_vec(), Some(b"rest".to_vec()))));
        assert_eq!(read(AnswerFraming::Chunked, &[b"0\r\n\r\n"]), Ok((vec![], Some(vec![]))));
        assert_eq!(read(AnswerFraming::Chunked, &[b"0\r\n\r"]), Ok((vec![], None)));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = [b"1;".to_vec(), vec![b'x'; MOST]].concat();
        let longer = [b"0\r\na: ".to_vec(), vec![b'x'; MOST]].concat();
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
            b"0\r\na: b\rc",
            &long,
            &longer,
        ] {
            assert_eq!(
                read(AnswerFraming::Chunked, &[text]),
                Err(BrokenBody),
                "{:?}",
                String::from_utf8_lossy(&text[..text.len().min(40)])
            );
        }
    }

    proptest! {
        #[test]
        fn any_division_reads_the_same(text in "(1|a|;|x|: |0|\r\n|\r|\n){0,40}", cut in 0usize..60, other in 0usize..60) {
            let bytes = text.as_bytes();
            let (low, high) = (cut.min(other).min(bytes.len()), cut.max(other).min(bytes.len()));
            for end in [AnswerFraming::Chunked, AnswerFraming::Length(7), AnswerFraming::Close] {
                prop_assert_eq!(read(end, &[bytes]), read(end, &[&bytes[..low], &bytes[low..high], &bytes[high..]]));
            }
        }
    }
}
