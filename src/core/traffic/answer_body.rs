//! The body of an answer over HTTP/1.1 as it comes, piece by piece: where its content lies and where it ends (RFC 9112, section 6).
//!
//! It refuses what hyper refuses, which reads the same bodies on connections with TLS.
//!
//! What this file does not do: say what a body means.

use super::answer_head::AnswerFraming;
use crate::listen::{BadChunk, ChunkDecoder, ChunkPiece};

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
            Self::Chunked(chunks) => match chunks.next(rest) {
                Ok(ChunkPiece::Content(piece)) => Ok(BodyPiece::Content(piece)),
                Ok(ChunkPiece::More) => Ok(BodyPiece::More),
                Ok(ChunkPiece::End) => Ok(BodyPiece::End),
                Err(BadChunk) => Err(BrokenBody),
            },
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
