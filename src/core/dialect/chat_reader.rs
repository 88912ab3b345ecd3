//! The answer to a conversation of somebody's own, read piece by piece with the moments of its pieces.
//!
//! A stream is read as one where its content type says so, whatever was asked for: some servers answer at once what was to be streamed. What the
//! answer says in events and bodies is read by the codecs of the dialect; the reason for its end, a refusal and all tools that it calls are read
//! here, since the traffic of drills needs none of them.
//!
//! What this file does not do: judge whether the answer is right (`evaluation` does).

use super::chat_calls::{ChatCall, ChatCalls};
use super::eventstream::{Frame, MESSAGE_TYPE, first_frame};
use super::operation_codec::{EventMeaning, OperationCodec};
use super::partial_answer::PartialAnswer;
use super::provider_answer::is_stream;
use super::provider_api::StreamFraming;
use super::provider_error::{code_of, word};
use super::registry::{operation_codec, provider_api};
use super::sse::{SseEvent, SseReader};
use super::{lenient, usage};
use crate::model::{Dialect, Operation, Tokens};
use serde_json::Value;
use std::time::Duration;

/// Codes by which providers say that a filter withholds the answer.
const FILTERS: [&str; 4] = ["content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "content_filtered"];
/// Words in which dialects say that the answer ended because a filter or the model refused.
const REFUSED: [&str; 8] =
    ["content_filter", "refusal", "content_filtered", "guardrail_intervened", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII"];
/// Where answers and events tell why they ended, as JSON pointers.
const REASONS: [&str; 6] = [
    "/choices/0/finish_reason",
    "/stop_reason",
    "/delta/stop_reason",
    "/stopReason",
    "/messageStop/stopReason",
    "/candidates/0/finishReason",
];
/// Where they hold the words of a refusal, or its reason.
const REFUSALS: [&str; 3] = ["/choices/0/message/refusal", "/choices/0/delta/refusal", "/promptFeedback/blockReason"];

/// An answer to a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatAnswer {
    /// What it says.
    pub text: String,
    /// The tools that it calls, in their order.
    pub calls: Vec<ChatCall>,
    /// Why it ended, in the provider's word.
    pub finish: Option<String>,
    /// Whether a filter or the model refused, as the provider tells it. A model that declines in words of its own is not known by this.
    pub refused: bool,
    /// The tokens that the provider reports.
    pub tokens: Option<Tokens>,
    /// How long after the request was sent the first token came; of an answer that came at once when it was over.
    pub first_token: Option<Duration>,
}

/// Why there is no answer, in a word for a table: the provider's code, `http-503`, `malformed`, `cut-short`, `empty`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatFailure {
    /// HTTP status.
    pub status: u16,
    /// The word.
    pub word: String,
}

/// A reader of one answer.
pub struct ChatReader {
    dialect: Dialect,
    codec: &'static dyn OperationCodec,
    status: u16,
    streamed: bool,
    pending: Vec<u8>,
    events: SseReader,
    partial: PartialAnswer,
    calls: ChatCalls,
    answer: ChatAnswer,
    failure: Option<String>,
}

impl std::fmt::Debug for ChatReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatReader").field("dialect", &self.dialect).field("status", &self.status).finish_non_exhaustive()
    }
}

impl ChatReader {
    /// For an answer with this status and content type.
    pub fn new(dialect: Dialect, status: u16, content_type: Option<&str>) -> Self {
        Self {
            dialect,
            codec: operation_codec(dialect, Operation::Chat),
            status,
            streamed: (200..300).contains(&status) && content_type.is_some_and(is_stream),
            pending: Vec::new(),
            events: SseReader::default(),
            partial: PartialAnswer::default(),
            calls: ChatCalls::default(),
            answer: ChatAnswer::default(),
            failure: None,
        }
    }

    /// Takes a piece of the body in, which came so long after the request was sent.
    pub fn feed(&mut self, after: Duration, bytes: &[u8]) {
        match (self.streamed, provider_api(self.dialect).framing()) {
            (false, _) => self.pending.extend_from_slice(bytes),
            (true, StreamFraming::Lines) => {
                for event in self.events.feed(bytes) {
                    self.sent(&event);
                }
            }
            (true, StreamFraming::Frames) => self.frames(bytes),
        }
        if self.streamed && self.answer.first_token.is_none() && (!self.partial.text.is_empty() || self.calls.has_begun()) {
            self.answer.first_token = Some(after);
        }
    }

    /// The answer, at the end of the body, which was over so long after the request was sent. `broken` says that it was cut off.
    ///
    /// # Errors
    /// Where there is none.
    pub fn finish(mut self, end: Duration, broken: bool) -> Result<ChatAnswer, ChatFailure> {
        let failed = |status, word: &str| Err(ChatFailure { status, word: word.to_owned() });
        if let Some(event) =
            self.events.rest().filter(|event| self.codec.is_end_marker(&event.data) || lenient::value(&event.data).is_some())
        {
            self.sent(&event);
        }
        if !(200..300).contains(&self.status) {
            return self.refusal_or_error(end);
        }
        if !self.streamed && !broken {
            self.whole();
        }
        let Self { status, partial, calls, mut answer, failure, .. } = self;
        (answer.text, answer.calls) = (partial.text, calls.all());
        let said = !answer.text.trim().is_empty() || !answer.calls.is_empty();
        answer.first_token = answer.first_token.or((said && !broken).then_some(end));
        answer.refused |= answer.finish.as_deref().is_some_and(|finish| REFUSED.contains(&finish));
        match failure {
            Some(word) => failed(status, &word),
            None if broken => failed(status, "cut-short"),
            None if answer.refused => Ok(answer),
            None if !(partial.terminal || partial.finished) => failed(status, if said { "cut-short" } else { "empty" }),
            // A limit of tokens that thinking used up is an answer, and a wrong one.
            None if !said && answer.finish.as_deref().is_none_or(|finish| !is_limit(finish)) => failed(status, "empty"),
            None => Ok(answer),
        }
    }

    fn refusal_or_error(self, end: Duration) -> Result<ChatAnswer, ChatFailure> {
        let told = lenient::value(&self.pending);
        let code = told.as_ref().and_then(code_of);
        let inner = told.as_ref().and_then(|told| told.pointer("/error/innererror/code")).and_then(Value::as_str);
        if let Some(filter) = FILTERS.iter().find(|filter| code.as_deref() == Some(**filter) || inner == Some(**filter)) {
            let finish = Some((*filter).to_owned());
            return Ok(ChatAnswer { finish, refused: true, first_token: Some(end), ..ChatAnswer::default() });
        }
        let word = match code {
            Some(code) if !code.chars().all(|letter| letter.is_ascii_digit()) => format!("http-{} {code}", self.status),
            _ => format!("http-{}", self.status),
        };
        Err(ChatFailure { status: self.status, word })
    }

    fn sent(&mut self, SseEvent { name, data }: &SseEvent) {
        if self.partial.over {
            return;
        }
        match (self.codec.event_meaning(name.as_deref(), data), lenient::value(data)) {
            (EventMeaning::Nothing, _) => {}
            (EventMeaning::Marker, _) => (self.partial.terminal, self.partial.over) = (true, true),
            (EventMeaning::Error, said) => self.fails(said.and_then(|said| self.codec.error_in(&said).flatten())),
            (EventMeaning::Json, Some(event)) => self.event(&event),
            (EventMeaning::Json, None) => self.failure = Some("malformed".to_owned()),
        }
    }

    fn frames(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while self.failure.is_none() {
            match first_frame(rest) {
                Ok(Some((frame, length))) => {
                    rest = &rest[length..];
                    self.frame(&frame);
                }
                Ok(None) => break,
                Err(_) => self.failure = Some("malformed".to_owned()),
            }
        }
        self.pending = rest.to_vec();
    }

    fn frame(&mut self, frame: &Frame) {
        let event = frame.header(":event-type").filter(|_| frame.header(MESSAGE_TYPE) == Some("event"));
        let Some(name) = event else {
            return self.fails(frame.header(":exception-type").or_else(|| frame.header(":error-code")).map(word));
        };
        match lenient::value(&frame.payload).and_then(|payload| self.codec.frame_content(payload)) {
            Some(said) => self.event(&self.codec.frame_event(name, said)),
            None => self.failure = Some("malformed".to_owned()),
        }
    }

    fn fails(&mut self, code: Option<String>) {
        self.failure.get_or_insert(code.map_or_else(|| "error-event".to_owned(), |code| format!("error-event {code}")));
    }

    fn event(&mut self, event: &Value) {
        match self.codec.error_in(event) {
            Some(code) => self.fails(code),
            None => {
                self.codec.decode_event(event, &mut self.partial);
                self.look(event);
            }
        }
    }

    fn whole(&mut self) {
        match lenient::value(&self.pending) {
            Some(body) if self.codec.error_in(&body).is_some() => self.fails(self.codec.error_in(&body).flatten()),
            Some(body) => {
                self.codec.decode_answer(&body, &mut self.partial);
                self.look(&body);
            }
            None => self.failure = Some(if self.pending.is_empty() { "empty" } else { "malformed" }.to_owned()),
        }
    }

    /// What the traffic of drills has no use for.
    fn look(&mut self, said: &Value) {
        self.calls.read(self.dialect, said);
        self.answer.tokens = usage::together(self.answer.tokens, usage::tokens(said));
        if let Some(reason) = REASONS.iter().find_map(|path| said.pointer(path)?.as_str()) {
            self.answer.finish = Some(word(reason));
        }
        self.answer.refused |= REFUSALS.iter().any(|path| said.pointer(path).and_then(Value::as_str).is_some_and(|text| !text.is_empty()));
        // A prompt that is refused has no candidates, and so no end of its own.
        self.partial.terminal |= said.pointer("/promptFeedback/blockReason").is_some();
    }
}

/// Whether an answer ended because its limit of tokens was reached.
fn is_limit(finish: &str) -> bool {
    matches!(finish, "length" | "max_tokens" | "MAX_TOKENS")
}

#[cfg(test)]
mod tests {
    use super::super::provider_answer::ProviderAnswer;
    use super::super::provider_request::ProviderRequest;
    use super::super::{RefusalReason, error_reply};
    use super::*;
    use crate::dialect::AnswerFormat;

    const DIALECTS: [Dialect; 5] = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];

    fn answered(dialect: Dialect, streamed: bool, request: &ProviderRequest) -> Result<ChatAnswer, ChatFailure> {
        let reply = ProviderAnswer::new(dialect, request, "m", "1", 0);
        let kind = |headers: Vec<(&'static str, String)>| headers.into_iter().find(|(name, _)| *name == "content-type").unwrap().1;
        if !streamed {
            let whole = reply.whole();
            let mut reader = ChatReader::new(dialect, 200, Some(&kind(whole.headers)));
            reader.feed(Duration::from_millis(5), &whole.body);
            return reader.finish(Duration::from_millis(6), false);
        }
        let mut reader = ChatReader::new(dialect, 200, Some(&kind(reply.stream_headers())));
        let pieces = (0..reply.tokens()).map(|place| reply.token_event(place)).chain([reply.end_events()]);
        for (number, piece) in (1..).zip(pieces) {
            reader.feed(Duration::from_millis(10 * number), &piece);
        }
        reader.finish(Duration::from_secs(9), false)
    }

    #[test]
    fn every_dialects_answers_say_the_same() {
        let request = ProviderRequest { prompt: "Answer with: the sea is blue".into(), ..ProviderRequest::default() };
        for dialect in DIALECTS {
            for streamed in [false, true] {
                let answer = answered(dialect, streamed, &request).unwrap_or_else(|error| panic!("{dialect} {streamed}: {error:?}"));
                assert_eq!((answer.text.as_str(), answer.refused), ("the sea is blue", false), "{dialect} {streamed}");
                assert_eq!(answer.tokens.map(|tokens| tokens.output), Some(4), "{dialect} {streamed}");
                assert!(["stop", "end_turn", "STOP"].contains(&answer.finish.as_deref().unwrap()), "{dialect}");
                let first = Duration::from_millis(if streamed { 10 } else { 6 });
                assert_eq!(answer.first_token, Some(first), "{dialect} {streamed}");
            }
        }
    }

    #[test]
    fn tools_are_called_with_their_arguments() {
        let request = ProviderRequest { prompt: "Answer with: rain".into(), tool: Some("weather".into()), ..ProviderRequest::default() };
        for dialect in DIALECTS {
            for streamed in [false, true] {
                let answer = answered(dialect, streamed, &request).unwrap_or_else(|error| panic!("{dialect} {streamed}: {error:?}"));
                let [call] = answer.calls.as_slice() else { panic!("{dialect} {streamed}: {answer:?}") };
                assert_eq!((call.name.as_str(), call.arguments.as_str()), ("weather", r#"{"words":"rain"}"#), "{dialect} {streamed}");
            }
        }
    }

    #[test]
    fn a_refusal_is_an_answer_and_an_error_is_none() {
        for dialect in DIALECTS {
            for streamed in [false, true] {
                let format = AnswerFormat { dialect, operation: Operation::Chat, streamed };
                let read = |reason: &RefusalReason| {
                    let wire = error_reply(format, reason, "m");
                    let kind = wire.headers.iter().find(|(name, _)| *name == "content-type").map(|(_, value)| value.clone());
                    let mut reader = ChatReader::new(dialect, wire.status, kind.as_deref());
                    reader.feed(Duration::ZERO, &wire.body);
                    reader.finish(Duration::ZERO, false)
                };
                assert!(read(&RefusalReason::ContentFiltered).unwrap().refused, "{dialect} {streamed}");
                let failure = read(&RefusalReason::Overloaded).unwrap_err();
                assert!(failure.word.starts_with("http-5"), "{dialect}: {failure:?}");
            }
        }
    }

    #[test]
    fn what_is_cut_short_is_no_answer() {
        let read = |body: &str, broken| {
            let mut reader = ChatReader::new(Dialect::OpenAi, 200, Some("text/event-stream"));
            reader.feed(Duration::ZERO, body.as_bytes());
            reader.finish(Duration::ZERO, broken).map(|answer| answer.text).map_err(|failure| failure.word)
        };
        let half = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
        assert_eq!(read(half, true), Err("cut-short".into()));
        assert_eq!(read(half, false), Err("cut-short".into()));
        assert_eq!(read("", false), Err("empty".into()));
        assert_eq!(read(&format!("{half}data: [DONE]\n\n"), false), Ok("a".into()));
        assert_eq!(read("data: {oops\n\n", false), Err("malformed".into()));
        assert_eq!(read("data: {\"error\":{\"code\":\"server_error\"}}\n\n", false), Err("error-event server_error".into()));
    }

    #[test]
    fn several_calls_in_one_stream_are_told_apart() {
        let mut reader = ChatReader::new(Dialect::OpenAi, 200, Some("text/event-stream"));
        let delta = |calls: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{calls}]}}}}]}}\n\n");
        reader.feed(Duration::ZERO, delta(r#"{"index":0,"function":{"name":"a","arguments":"{\"x\""}}"#).as_bytes());
        reader.feed(Duration::ZERO, delta(r#"{"index":1,"function":{"name":"b","arguments":"{}"}}"#).as_bytes());
        reader.feed(Duration::ZERO, delta(r#"{"index":0,"function":{"arguments":":1}"}}"#).as_bytes());
        reader.feed(Duration::ZERO, b"data: [DONE]\n\n");
        let calls = reader.finish(Duration::ZERO, false).unwrap().calls;
        let told: Vec<(&str, &str)> = calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
        assert_eq!(told, [("a", r#"{"x":1}"#), ("b", "{}")]);
    }
}
