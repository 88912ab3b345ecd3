//! The body of an answer on a connection to a provider that its exchange drives.

use super::chunk_reader::{BadChunk, ChunkPiece, ChunkReader};
use super::provider_link::ProviderLink;
use super::straight_answer::AnswerLength;
use bytes::Bytes;
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
    Chunks(ChunkReader),
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
            AnswerLength::Chunks => BodyPlace::Chunks(ChunkReader::default()),
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
            BodyPlace::Chunks(reader) => {
                let piece = reader.next(came)?;
                if reader.is_over() {
                    self.place = BodyPlace::Over;
                }
                Ok(match piece {
                    ChunkPiece::Bytes(bytes) => Some(Frame::data(bytes)),
                    ChunkPiece::Trailers(trailers) => Some(Frame::trailers(trailers)),
                    ChunkPiece::Unfinished | ChunkPiece::Over => None,
                })
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
