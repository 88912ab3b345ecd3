//! The check of an answer over HTTP, fed with its body piece by piece: whether it is service, when it proved so, and what else became of it.
//!
//! What this file does not do: sockets. Whoever reads them tells when a piece came, when the body ended, and when it broke off.

use super::coding::ContentCoding;
use super::connector::ServiceConnector;
use super::first_lines::LOOKED_AT;
use super::plain_check::{ExpectedAnswer, PlainCheck};
use super::progress::{RequestProgress, RequestResult};
use crate::dialect::{AnswerReader, ClientRequest, error_code};
use crate::history::Outcome;
use hyper::StatusCode;
use hyper::header::HeaderMap;

/// An error's body is read up to here, for its code.
const ERROR_BODY: usize = 1 << 16;

/// What a piece of a body changed.
pub(super) enum CheckStep {
    /// More is waited for.
    More,
    /// No more is; see [`AnswerCheck::conclude`].
    Enough,
    /// It is no service, whatever follows.
    Failed(RequestResult),
}

/// The check of one answer whose head is there.
pub(super) enum AnswerCheck {
    /// A resource.
    Plain(PlainCheck),
    /// An answer of a model.
    Model(Box<ModelCheck>),
    /// Its status is no service.
    Refused(Box<RefusalCheck>),
}

/// The check of a model's answer.
pub(super) struct ModelCheck {
    reader: AnswerReader,
    coding: ContentCoding,
    /// Its first bytes, for people.
    begin: Vec<u8>,
    /// True where it had said all that it will.
    is_over: bool,
}

/// An answer whose status is not service: its body is read for the error's code. Whatever becomes of that, the status stands, with what was
/// read by then.
pub(super) struct RefusalCheck {
    status: StatusCode,
    headers: HeaderMap,
    coding: Option<ContentCoding>,
    text: Vec<u8>,
}

impl AnswerCheck {
    /// Of the answer to this request. `headers` are needed where the status is no service, and of a model's answer that is encoded.
    ///
    /// # Errors
    /// Why its body is not read, in a word.
    pub(super) fn new(
        connector: &ServiceConnector,
        request: &ClientRequest,
        status: StatusCode,
        headers: &HeaderMap,
        progress: &RequestProgress,
    ) -> Result<Self, String> {
        if !connector.accepts(status) {
            let coding = ContentCoding::of(headers).ok();
            let refusal = RefusalCheck { status, headers: headers.clone(), coding, text: Vec::new() };
            refusal.tell(progress);
            return Ok(Self::Refused(Box::new(refusal)));
        }
        if let Some(expected) = &connector.expected {
            return Ok(Self::plain(expected));
        }
        let coding = ContentCoding::of(headers)?;
        let reader = AnswerReader::new(connector.target.dialect, request).of(connector.settings.complete);
        Ok(Self::Model(Box::new(ModelCheck { reader, coding, begin: Vec::new(), is_over: false })))
    }

    fn plain(expected: &ExpectedAnswer) -> Self {
        Self::Plain(PlainCheck::new(expected))
    }

    /// A piece of the body came at this moment.
    pub(super) fn feed(&mut self, data: &[u8], at: u64, progress: &RequestProgress) -> CheckStep {
        match self {
            Self::Plain(check) => check.feed(data, at, progress).map_or_else(CheckStep::Failed, |()| CheckStep::More),
            Self::Model(check) => check.feed(data, at, progress),
            Self::Refused(check) => check.feed(data, progress),
        }
    }

    /// The body ended at this moment, or no more of it was waited for.
    pub(super) fn conclude(&mut self, done: u64, progress: &RequestProgress) -> RequestResult {
        match self {
            Self::Plain(check) => check.conclude(done, progress),
            Self::Model(check) => check.conclude(done, progress),
            Self::Refused(check) => {
                progress.says(&check.text);
                progress.timed_out(done)
            }
        }
    }

    /// The connection ended within the body.
    pub(super) fn cut(&mut self, at: u64, progress: &RequestProgress) -> RequestResult {
        if matches!(self, Self::Refused(_)) { self.conclude(at, progress) } else { progress.was_cut(at) }
    }

    /// Nothing came for too long.
    pub(super) fn stalled(&mut self, at: u64, progress: &RequestProgress) -> RequestResult {
        if matches!(self, Self::Refused(_)) { self.conclude(at, progress) } else { progress.timed_out(at) }
    }

    /// After [`AnswerCheck::conclude`]: true where all was said before the end of the body, which may follow.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Model(check) if check.is_over)
    }
}

impl ModelCheck {
    fn feed(&mut self, data: &[u8], at: u64, progress: &RequestProgress) -> CheckStep {
        let Some(data) = self.coding.undo(data) else {
            return CheckStep::Failed(progress.flawed(at, Outcome::Error, "malformed".into()));
        };
        self.begin.extend_from_slice(&data[..data.len().min(LOOKED_AT.saturating_sub(self.begin.len()))]);
        self.reader.feed(&data);
        if self.reader.has_content() {
            progress.was_proven(at);
        }
        if self.reader.is_hopeless() || self.reader.is_over() { CheckStep::Enough } else { CheckStep::More }
    }

    fn conclude(&mut self, done: u64, progress: &RequestProgress) -> RequestResult {
        self.is_over = self.reader.is_over();
        self.reader.close();
        progress.has_used(self.reader.tokens());
        match self.reader.judge() {
            Ok(()) => progress.served(done),
            Err(flaw) => {
                progress.says(&self.begin);
                let outcome = if flaw.is_early_end() { Outcome::Truncated } else { Outcome::Error };
                let why = flaw.code().map_or_else(|| flaw.word().into(), |code| format!("{} {code}", flaw.word()).into());
                progress.flawed(done, outcome, why)
            }
        }
    }
}

impl RefusalCheck {
    fn feed(&mut self, data: &[u8], progress: &RequestProgress) -> CheckStep {
        if self.text.len() > ERROR_BODY {
            return CheckStep::Enough;
        }
        if let Some(plain) = self.coding.as_mut().and_then(|coding| coding.undo(data)) {
            self.text.extend_from_slice(&plain);
            self.tell(progress);
        }
        CheckStep::More
    }

    fn tell(&self, progress: &RequestProgress) {
        let status = self.status.as_u16();
        let code = error_code(|name| self.headers.get(name)?.to_str().ok(), &self.text);
        progress.is_refused(code.map_or_else(|| format!("status-{status}"), |code| format!("status-{status} {code}")));
    }
}
