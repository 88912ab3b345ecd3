//! The body of an answer on a connection to a provider that its exchange drives.

use super::message_head::MessageHead;
use super::provider_link::ProviderLink;
use super::straight_answer::AnswerLength;
use crate::listen::{BadChunk, ChunkDecoder, ChunkPiece, HEAD_LINES};
use bytes::{Buf, Bytes, BytesMut};
use hyper::HeaderMap;
use hyper::body::{Frame, SizeHint};
use std::io;
use std::task::{Context, Poll, ready};

/// What is read of one body before others get their turn.
const TURN: usize = 128 << 10;

/// Body of an answer, with the connection on which it comes.
#[derive(Debug)]
pub(super) struct StraightBody {
    /// `None` once it was taken out.
    link: Option<ProviderLink>,
    place: BodyPlace,
    /// What was read of it in this turn.
    turn: usize,
}

/// How much of a body is still to come.
#[derive(Debug)]
enum BodyPlace {
    Left(u64),
    Chunks(ChunkDecoder),
    ToEnd,
    Over,
}

/// Why a body is not whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadBody {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Chunk(#[from] BadChunk),
    #[error("an answer ended early")]
    Early,
}

impl StraightBody {
    pub(super) fn new(link: ProviderLink, length: AnswerLength) -> Self {
        let place = match length {
            AnswerLength::Exactly(0) => BodyPlace::Over,
            AnswerLength::Exactly(left) => BodyPlace::Left(left),
            AnswerLength::Chunks => BodyPlace::Chunks(ChunkDecoder::default()),
            AnswerLength::ToEnd => BodyPlace::ToEnd,
        };
        Self { link: Some(link), place, turn: 0 }
    }

    /// True once all of it was handed out.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.place, BodyPlace::Over)
    }

    /// The connection on which it comes.
    pub(super) const fn link(&mut self) -> Option<&mut ProviderLink> {
        self.link.as_mut()
    }

    /// Takes the connection out, where all of the body was handed out and nothing came behind it.
    pub(super) fn take_link(&mut self) -> Option<ProviderLink> {
        if self.is_over() { self.link.take().filter(|link| link.came.is_empty()) } else { None }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self.place {
            BodyPlace::Left(left) => SizeHint::with_exact(left),
            BodyPlace::Over => SizeHint::with_exact(0),
            BodyPlace::Chunks(_) | BodyPlace::ToEnd => SizeHint::default(),
        }
    }

    /// What is next in what has come; `None` where more must come first.
    fn next(&mut self) -> Result<Option<Frame<Bytes>>, BadBody> {
        let Some(ProviderLink { came, .. }) = &mut self.link else { return Err(BadBody::Early) };
        match &mut self.place {
            BodyPlace::Over => Ok(None),
            _ if came.is_empty() => Ok(None),
            BodyPlace::ToEnd => Ok(Some(Frame::data(came.split().freeze()))),
            BodyPlace::Left(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(came.len());
                *left -= take as u64;
                if *left == 0 {
                    self.place = BodyPlace::Over;
                }
                Ok(Some(Frame::data(came.split_to(take).freeze())))
            }
            BodyPlace::Chunks(decoder) => {
                let piece = next_chunk(decoder, came)?;
                if !decoder.is_over() {
                    return Ok(piece.map(Frame::data));
                }
                let trailers = Some(trailers(decoder.trailer())).filter(|trailers| !trailers.is_empty());
                self.place = BodyPlace::Over;
                Ok(trailers.map(Frame::trailers))
            }
        }
    }

    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BadBody>>> {
        loop {
            match self.next() {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Err(error) => return Poll::Ready(Some(Err(error))),
                Ok(None) if self.is_over() => return Poll::Ready(None),
                Ok(None) => {}
            }
            if self.turn >= TURN {
                self.turn = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some(link) = &mut self.link else { return Poll::Ready(Some(Err(BadBody::Early))) };
            let heard = link.poll_hear(cx);
            if heard.is_pending() {
                self.turn = 0;
            }
            match ready!(heard) {
                Ok(0) if matches!(self.place, BodyPlace::ToEnd) => {
                    self.place = BodyPlace::Over;
                    return Poll::Ready(None);
                }
                Ok(0) => return Poll::Ready(Some(Err(BadBody::Early))),
                Ok(count) => self.turn += count,
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}

/// The next content of a body in chunks, taken out of what has come; `None` where more must come first, or it has ended.
fn next_chunk(decoder: &mut ChunkDecoder, came: &mut BytesMut) -> Result<Option<Bytes>, BadChunk> {
    let mut rest = &came[..];
    let length = match decoder.next(&mut rest)? {
        ChunkPiece::Content(piece) => piece.len(),
        ChunkPiece::More | ChunkPiece::End => 0,
    };
    let before = came.len() - rest.len() - length;
    came.advance(before);
    Ok((length > 0).then(|| came.split_to(length).freeze()))
}

/// The fields behind a body. The decoder takes none that are no fields.
fn trailers(bytes: &[u8]) -> HeaderMap {
    let mut found = vec![httparse::EMPTY_HEADER; if bytes.is_empty() { 0 } else { HEAD_LINES }];
    match httparse::parse_headers(bytes, &mut found) {
        Ok(httparse::Status::Complete((_, fields))) => {
            MessageHead::new(Bytes::copy_from_slice(bytes), MessageHead::spans(fields, bytes)).to_map()
        }
        _ => HeaderMap::new(),
    }
}
