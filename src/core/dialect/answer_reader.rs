//! An answer as the traffic reads it, piece by piece, and what may be wrong with it.
//!
//! "HTTP 200 and not empty" proves nothing: streams that end early look the same, and some gateways invent a polite end. An
//! answer counts only when the canary is in it whole, the terminal marker came, and the usage was reported ([`Complete`] says which of these two
//! a service is known to leave out). Vectors repeat nothing: one must be there, of numbers. Where more is expected (a model's name, JSON, a
//! tool's call), that must hold too. What clients of the dialect do not read as its answer is none: what a model thinks, events without a name
//! where names tell them apart, and whatever comes behind the terminal marker.

use super::client_request::{ClientRequest, canary};
use super::eventstream::{Frame, MESSAGE_TYPE, first_frame};
use super::json_path::first_text;
use super::operation_codec::{EventMeaning, OperationCodec};
use super::partial_answer::PartialAnswer;
use super::provider_api::StreamFraming;
use super::provider_error::word;
use super::registry::provider_api;
use super::sse::{SseEvent, SseReader};
use super::{lenient, usage};
use crate::model::{Complete, Dialect, Expect, Operation, StreamEnd, Tokens, UsageReport};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// The longest answer that is read: far beyond what a canary needs, and a bound on memory.
const LONGEST: usize = 1 << 20;

/// The flaw for which an answer with a good status is not service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It ended politely and early: no terminal marker, or only a beginning of the canary. Most clients take it for whole.
    Truncated,
    /// All was said and the reason for its end was told, and no terminal marker followed.
    NoMarker,
    /// It is not what the dialect allows.
    Malformed,
    /// It holds no text, or no vector.
    Empty,
    /// Its text is not the canary; there are more vectors than texts.
    WrongContent,
    /// Its text is not the JSON that was expected.
    NotJson,
    /// The tool that was expected is not called, or its arguments are not JSON.
    BadToolCall,
    /// It names another model than the one that was expected, or none.
    WrongModel,
    /// It does not say how many tokens it used.
    NoUsage,
    /// The answer, or an event of its stream, is an error, with this code.
    ErrorEvent(Option<String>),
    /// It is longer than a canary could ever be.
    TooLong,
}

impl Flaw {
    /// The word for it in histories.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Truncated => "silently-truncated",
            Self::NoMarker => "no-terminal-marker",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::WrongContent => "wrong-content",
            Self::NotJson => "not-json",
            Self::BadToolCall => "bad-tool-call",
            Self::WrongModel => "wrong-model",
            Self::NoUsage => "no-usage",
            Self::ErrorEvent(_) => "error-event",
            Self::TooLong => "too-long",
        }
    }

    /// True where the answer ended politely before its end.
    pub const fn is_early_end(&self) -> bool {
        matches!(self, Self::Truncated | Self::NoMarker)
    }

    /// The code of the error that it was.
    pub fn code(&self) -> Option<&str> {
        if let Self::ErrorEvent(Some(code)) = self { Some(code) } else { None }
    }
}

/// A look at an answer of which nothing certain is expected: whatever it says, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glimpse {
    /// Its text.
    pub text: String,
    /// The tool that it calls.
    pub called: Option<String>,
    /// The tokens that it reports.
    pub tokens: Option<Tokens>,
    /// Whether it tells that it has ended, or why.
    pub has_ended: bool,
    /// What its form is not, or the error that it is.
    pub flaw: Option<Flaw>,
}

/// Reader of the body of one answer. It takes the body in piece by piece and judges it at its end.
pub struct AnswerReader {
    codec: &'static dyn OperationCodec,
    framing: StreamFraming,
    operation: Operation,
    streamed: bool,
    canary: String,
    expect: Arc<Expect>,
    complete: Complete,
    /// Bytes of a frame (or of a whole body) that has not ended yet.
    pending: Vec<u8>,
    /// The same of a stream of lines.
    events: SseReader,
    read: usize,
    partial: PartialAnswer,
    /// The model that it names; looked for only where one is expected.
    model: Option<String>,
    flaw: Option<Flaw>,
    /// The tokens that it reports.
    tokens: Option<Tokens>,
}

impl fmt::Debug for AnswerReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerReader")
            .field("read", &self.read)
            .field("partial", &self.partial)
            .field("flaw", &self.flaw)
            .finish_non_exhaustive()
    }
}

impl AnswerReader {
    /// For the answer to this request.
    pub fn new(dialect: Dialect, request: &ClientRequest) -> Self {
        Self {
            codec: request.answer_format(dialect).codec(),
            framing: provider_api(dialect).framing(),
            operation: request.operation,
            streamed: request.streamed,
            canary: canary(request.mark),
            expect: Arc::clone(&request.expect),
            complete: Complete::default(),
            pending: Vec::new(),
            events: SseReader::default(),
            read: 0,
            partial: PartialAnswer::default(),
            model: None,
            flaw: None,
            tokens: None,
        }
    }

    /// The same where the service is known to leave something out.
    #[must_use]
    pub fn of(self, complete: Complete) -> Self {
        Self { complete, ..self }
    }

    /// Takes more of the body in. Any division into pieces gives the same result.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.read += bytes.len();
        if self.read > LONGEST {
            self.flaw.get_or_insert(Flaw::TooLong);
            self.pending = Vec::new();
            return;
        }
        match (self.streamed, self.framing) {
            _ if self.is_over() => {}
            (false, _) => self.pending.extend_from_slice(bytes),
            (true, StreamFraming::Lines) => {
                for event in self.events.feed(bytes) {
                    self.sent(&event);
                }
            }
            (true, StreamFraming::Frames) => self.feed_frames(bytes),
        }
    }

    fn feed_frames(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while self.flaw.is_none() && !self.is_over() {
            match first_frame(rest) {
                Ok(Some((frame, length))) => {
                    rest = &rest[length..];
                    self.frame(&frame);
                }
                Ok(None) => break,
                Err(_) => self.flaw = Some(Flaw::Malformed),
            }
        }
        self.pending = rest.to_vec();
    }

    /// True once a token of content was seen, of text or of a tool's arguments: the proof of service in a stream.
    pub fn has_content(&self) -> bool {
        !self.partial.text.is_empty() || self.partial.tool_call.as_ref().is_some_and(|called| !called.arguments.is_empty())
    }

    /// What of it is there whatever was asked for, after [`AnswerReader::close`].
    pub fn glimpse(&self) -> Glimpse {
        Glimpse {
            text: self.partial.text.clone(),
            called: self.partial.tool_call.as_ref().map(|called| called.name.clone()),
            tokens: self.tokens,
            has_ended: self.partial.terminal || self.partial.finished,
            flaw: self.flaw.clone(),
        }
    }

    /// The tokens that it reports, as far as it has come; of one that came whole after [`AnswerReader::close`].
    pub const fn tokens(&self) -> Option<Tokens> {
        self.tokens
    }

    /// True where more of the body cannot mend it.
    pub const fn is_hopeless(&self) -> bool {
        matches!(self.flaw, Some(Flaw::TooLong | Flaw::ErrorEvent(_) | Flaw::Malformed))
    }

    /// True once a stream has said all that it will: the terminal marker has come behind which clients read no more, or its end and its usage
    /// both have, as far as the service is known to tell them, and nothing that was asked for is missing (some of Gemini's gateways tell both
    /// with every piece). Its connection may stay open for as long as it likes.
    pub fn is_over(&self) -> bool {
        self.partial.over || (self.streamed && self.has_ended() && self.has_told_usage() && self.words().is_ok())
    }

    /// Whether the end was told, as this service tells it.
    fn has_ended(&self) -> bool {
        self.partial.terminal || (self.partial.finished && self.complete.stream_ends_with == StreamEnd::FinishReason)
    }

    /// Whether the usage was, unless this service is known to leave it out.
    fn has_told_usage(&self) -> bool {
        self.partial.usage || self.complete.usage == UsageReport::Absent
    }

    /// The judgement at the end of the body.
    ///
    /// # Errors
    /// The first flaw, the gravest first.
    pub fn finish(mut self) -> Result<(), Flaw> {
        self.close();
        self.judge()
    }

    /// The body has ended: one that came whole is read now.
    pub fn close(&mut self) {
        if !self.streamed && self.flaw.is_none() {
            self.whole();
        }
        // An event that the stream ended within is one if it is whole by itself; half of one is the end that came early.
        if let Some(event) =
            self.events.rest().filter(|event| self.codec.is_end_marker(&event.data) || lenient::value(&event.data).is_some())
        {
            self.sent(&event);
        }
    }

    /// The judgement, after [`AnswerReader::close`].
    ///
    /// # Errors
    /// The first flaw, the gravest first.
    pub fn judge(&self) -> Result<(), Flaw> {
        if let Some(flaw) = &self.flaw {
            return Err(flaw.clone());
        }
        if !self.has_ended() {
            let all_said = self.partial.finished && self.words().is_ok();
            return Err(if all_said { Flaw::NoMarker } else { Flaw::Truncated });
        }
        if self.operation == Operation::Embeddings {
            self.vectors()?;
        } else {
            self.words()?;
        }
        if let Some(wanted) = &self.expect.model
            && !self.model.as_ref().is_some_and(|model| model.starts_with(wanted))
        {
            return Err(Flaw::WrongModel);
        }
        if self.has_told_usage() { Ok(()) } else { Err(Flaw::NoUsage) }
    }

    /// Whether the words are there that were asked for, in the form in which they were.
    fn words(&self) -> Result<(), Flaw> {
        let (text, called) = (self.partial.text.trim(), &self.partial.tool_call);
        let said = match (&self.expect.tool, called) {
            (None, _) => text,
            (Some(name), Some(called)) if called.name == *name && is_json(&called.arguments) => called.arguments.as_str(),
            (Some(_), None) if text.is_empty() => "",
            (Some(_), _) => return Err(Flaw::BadToolCall),
        };
        match () {
            () if said.is_empty() => Err(Flaw::Empty),
            () if self.canary != said && self.canary.starts_with(said) => Err(Flaw::Truncated),
            () if self.expect.json && !is_json(said) => Err(Flaw::NotJson),
            () if !said.contains(&self.canary) => Err(Flaw::WrongContent),
            () => Ok(()),
        }
    }

    /// Whether there is the one vector that was asked for.
    fn vectors(&self) -> Result<(), Flaw> {
        match self.partial.vectors.as_slice() {
            [] => Err(Flaw::Empty),
            vectors if vectors.contains(&0) => Err(Flaw::Malformed),
            [_] => Ok(()),
            _ => Err(Flaw::WrongContent),
        }
    }

    /// One server-sent event.
    fn sent(&mut self, SseEvent { name, data }: &SseEvent) {
        if self.is_over() {
            return;
        }
        let said = lenient::value(data);
        match (self.codec.event_meaning(name.as_deref(), data), said) {
            (EventMeaning::Nothing, _) => {}
            (EventMeaning::Marker, _) => (self.partial.terminal, self.partial.over) = (true, true),
            (EventMeaning::Error, said) => {
                let code = said.and_then(|said| self.codec.error_in(&said).flatten());
                self.flaw.get_or_insert(Flaw::ErrorEvent(code));
            }
            (EventMeaning::Json, Some(event)) => self.event(&event),
            (EventMeaning::Json, None) => {
                self.flaw.get_or_insert(Flaw::Malformed);
            }
        }
    }

    /// One frame of AWS's. What is neither an event nor an exception is an error below the service, with a code in its headers.
    fn frame(&mut self, frame: &Frame) {
        let event = frame.header(":event-type").filter(|_| frame.header(MESSAGE_TYPE) == Some("event"));
        let Some(name) = event else {
            let code = frame.header(":exception-type").or_else(|| frame.header(":error-code")).map(word);
            self.flaw.get_or_insert(Flaw::ErrorEvent(code));
            return;
        };
        match lenient::value(&frame.payload).and_then(|payload| self.codec.frame_content(payload)) {
            Some(said) => self.event(&self.codec.frame_event(name, said)),
            None => {
                self.flaw.get_or_insert(Flaw::Malformed);
            }
        }
    }

    fn event(&mut self, event: &Value) {
        match self.codec.error_in(event) {
            Some(code) => {
                self.flaw.get_or_insert(Flaw::ErrorEvent(code));
            }
            None => {
                self.codec.decode_event(event, &mut self.partial);
                self.tokens = usage::together(self.tokens, usage::tokens(event));
                self.name(event);
            }
        }
    }

    /// Looks for the model's name; the first counts.
    fn name(&mut self, said: &Value) {
        if self.expect.model.is_some() && self.model.is_none() {
            self.model = first_text(said, self.codec.model_paths());
        }
    }

    /// A body that came whole. Its terminal marker is that it is whole JSON with a reason for its end.
    fn whole(&mut self) {
        match lenient::value(&self.pending) {
            Some(body) => {
                if let Some(code) = self.codec.error_in(&body) {
                    self.flaw = Some(Flaw::ErrorEvent(code));
                    return;
                }
                self.codec.decode_answer(&body, &mut self.partial);
                self.tokens = usage::tokens(&body);
                self.name(&body);
                self.partial.terminal |= !self.has_content();
            }
            None => self.flaw = Some(if self.pending.is_empty() { Flaw::Empty } else { Flaw::Malformed }),
        }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests;
