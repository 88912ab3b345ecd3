//! One request over HTTP/1.1 as a thread drives it that drives many: fed with the bytes of its answer as they come, and asked for its end.
//!
//! What this file does not do: sockets and timers (the event loop has them).

use super::answer_body::{BodyDecoder, BodyPiece};
use super::answer_check::{AnswerCheck, CheckStep};
use super::answer_head::read_head;
use super::connector::ServiceConnector;
use super::progress::{RequestProgress, RequestResult};
use super::word;
use crate::dialect::ClientRequest;
use crate::history::Outcome;

/// A request that is due or on its way.
pub(super) struct HttpExchange {
    pub(super) id: u64,
    pub(super) due: u64,
    /// When its turn came: it was sent, or a connection was opened for it.
    pub(super) begun: Option<u64>,
    /// Which replica it goes to.
    pub(super) replica: usize,
    /// The connection that it has.
    pub(super) connection: Option<u32>,
    pub(super) progress: RequestProgress,
    /// Once the head of its answer is there.
    answer: Option<OpenAnswer>,
}

/// An answer whose head is there and whose body comes.
struct OpenAnswer {
    decoder: BodyDecoder,
    check: AnswerCheck,
    /// Whether the connection stays open after the body.
    is_kept: bool,
}

/// What bytes of an answer changed.
pub(super) enum Fed {
    /// More must come. True where a head or content was in them.
    More(bool),
    /// The request has ended, and what becomes of its connection.
    Ended(RequestResult, ExchangeFate),
}

/// What becomes of a connection whose request has ended.
pub(super) enum ExchangeFate {
    /// Another request can have it.
    Kept,
    /// The same once the body ends, of which nothing more is expected.
    Lingering(BodyDecoder),
    /// It is closed.
    Closed,
}

impl HttpExchange {
    /// A request that is due then, and given up at `limit`.
    pub(super) fn new(id: u64, due: u64, limit: u64, replica: usize) -> Self {
        Self { id, due, begun: None, replica, connection: None, progress: RequestProgress::until(limit), answer: None }
    }

    /// These bytes of the answer came at this moment, with those behind them that were not read before. How many of them are read now: all,
    /// but of a head that is not whole.
    pub(super) fn feed(&mut self, connector: &ServiceConnector, asked: &ClientRequest, bytes: &[u8], at: u64) -> (usize, Fed) {
        let failed = |progress: &RequestProgress, why: String| {
            (bytes.len(), Fed::Ended(progress.flawed(at, Outcome::Error, why.into()), ExchangeFate::Closed))
        };
        let is_new = self.answer.is_none();
        let mut read = 0;
        if is_new {
            let (length, head) = match read_head(bytes) {
                Ok((length, Some(head))) => (length, head),
                Ok((length, None)) => return (length, Fed::More(false)),
                Err(why) => return failed(&self.progress, why.into()),
            };
            read = length;
            self.progress.has_head();
            let check = match AnswerCheck::new(connector, asked, head.status, &head.fields, &self.progress) {
                Ok(check) => check,
                Err(why) => return failed(&self.progress, why),
            };
            self.answer = Some(OpenAnswer { decoder: BodyDecoder::of(head.end), check, is_kept: head.is_kept });
        }
        (bytes.len(), self.feed_body(&bytes[read..], at, is_new))
    }

    fn feed_body(&mut self, mut rest: &[u8], at: u64, mut has_come: bool) -> Fed {
        let Some(OpenAnswer { decoder, check, is_kept }) = &mut self.answer else { return Fed::More(false) };
        loop {
            match decoder.next(&mut rest) {
                Ok(BodyPiece::Content(data)) => {
                    has_come = true;
                    match check.feed(data, at, &self.progress) {
                        CheckStep::More => {}
                        CheckStep::Enough => break,
                        CheckStep::Failed(result) => return Fed::Ended(result, ExchangeFate::Closed),
                    }
                }
                Ok(BodyPiece::More) => return Fed::More(has_come),
                Ok(BodyPiece::End) => {
                    let fate = if *is_kept && rest.is_empty() { ExchangeFate::Kept } else { ExchangeFate::Closed };
                    return Fed::Ended(check.conclude(at, &self.progress), fate);
                }
                Err(_) => return Fed::Ended(check.cut(at, &self.progress), ExchangeFate::Closed),
            }
        }
        let result = check.conclude(at, &self.progress);
        let is_over = check.is_over() && *is_kept;
        let decoder = self.answer.take().map(|answer| answer.decoder).filter(|_| is_over);
        Fed::Ended(result, decoder.map_or(ExchangeFate::Closed, |decoder| linger(decoder, rest)))
    }

    /// The connection ended at this moment; where it is not `broken`, in order.
    pub(super) fn close(&mut self, at: u64, broken: bool) -> RequestResult {
        match &mut self.answer {
            None => self.progress.flawed(at, Outcome::Error, word::CUT_BEFORE_HEADERS.into()),
            Some(answer) if !broken && answer.decoder.ends_with_connection() => answer.check.conclude(at, &self.progress),
            Some(answer) => answer.check.cut(at, &self.progress),
        }
    }

    /// A part of it took longer than it may.
    pub(super) fn stall(&mut self, at: u64) -> RequestResult {
        match &mut self.answer {
            Some(answer) => answer.check.stalled(at, &self.progress),
            None => self.progress.timed_out(at),
        }
    }
}

/// Passes over the rest of a body of which nothing more is expected.
pub(super) fn linger(mut decoder: BodyDecoder, mut rest: &[u8]) -> ExchangeFate {
    loop {
        match decoder.next(&mut rest) {
            Ok(BodyPiece::Content(_)) => {}
            Ok(BodyPiece::More) => return ExchangeFate::Lingering(decoder),
            Ok(BodyPiece::End) if rest.is_empty() => return ExchangeFate::Kept,
            Ok(BodyPiece::End) | Err(_) => return ExchangeFate::Closed,
        }
    }
}
