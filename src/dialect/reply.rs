//! What a provider answers, whole or as a stream of events.

use super::demand::Vectors;
use super::form::{OperationCodec, form};
use super::tongue::provider_api;
use super::{ProviderRequest, WireAnswer};
use crate::model::Dialect;
use serde_json::{Value, json};
use std::fmt;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerEnd {
    /// The model had said all.
    Stop,
    /// It may not say more.
    Length,
    /// What it would say is withheld.
    Filtered,
}

/// One answer, ready to be written in pieces.
#[derive(Clone)]
pub struct ProviderAnswer {
    dialect: Dialect,
    form: &'static dyn OperationCodec,
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
    pub(super) tokens: Vec<String>,
    pub(super) prompt_tokens: usize,
    pub(super) end: AnswerEnd,
    pub(super) include_usage: bool,
    /// The tool that is called: the tokens are its arguments then.
    pub(super) tool: Option<String>,
    /// The vectors of these texts are the answer.
    pub(super) vectors: Vectors,
}

impl fmt::Debug for ProviderAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderAnswer")
            .field("id", &self.id)
            .field("model", &self.model)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl ProviderAnswer {
    /// Answers `demand` in the name of `model`. `id` is the provider's own number for it, `created` seconds since 1970. A token is a word
    /// with the blank before it; an answer longer than `max_tokens` ends early, and says so.
    pub fn new(dialect: Dialect, demand: &ProviderRequest, model: &str, id: &str, created: u64) -> Self {
        // Vectors have no tokens that come one by one.
        let text = if demand.vectors.texts.is_empty() { demand.reply() } else { String::new() };
        let mut tokens: Vec<String> = text.split_inclusive(' ').fold(Vec::new(), |mut tokens, word| {
            // `split_inclusive` leaves the blank behind the word; providers send it before the next.
            let blank = if tokens.is_empty() { "" } else { " " };
            tokens.push(format!("{blank}{}", word.trim_end()));
            tokens
        });
        let limit = demand.max_tokens.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let end = if tokens.len() <= limit { AnswerEnd::Stop } else { AnswerEnd::Length };
        tokens.truncate(limit);
        Self {
            dialect,
            form: form(dialect, demand.operation),
            id: id.to_owned(),
            model: model.to_owned(),
            created,
            tokens,
            prompt_tokens: demand.prompt.split_whitespace().count(),
            end,
            include_usage: demand.include_usage,
            tool: demand.tool.clone(),
            vectors: demand.vectors.clone(),
        }
    }

    /// The same answer, withheld by a filter of content.
    #[must_use]
    pub fn filtered(self) -> Self {
        Self { tokens: Vec::new(), end: AnswerEnd::Filtered, tool: None, ..self }
    }

    /// How many tokens the answer has.
    pub const fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// The whole answer at once.
    pub fn whole(&self) -> WireAnswer {
        let mut answer = WireAnswer::json(200, &self.form.whole(self));
        answer.headers.extend(self.form.headers(self, false));
        answer
    }

    /// The headers of a streamed answer.
    pub fn stream_headers(&self) -> Vec<(&'static str, String)> {
        let kind = provider_api(self.dialect).stream_type().to_owned();
        [("content-type", kind), ("cache-control", "no-cache".to_owned())].into_iter().chain(self.form.headers(self, true)).collect()
    }

    /// The event of one token, by its place; the first comes with what begins a stream.
    pub fn token_event(&self, place: usize) -> Vec<u8> {
        let mut bytes = if place == 0 { self.form.start(self) } else { Vec::new() };
        bytes.extend(self.form.token(self, place));
        bytes
    }

    /// What follows the last token: the reason for the end, the usage, the terminal marker, in the dialect's order.
    pub fn end_events(&self) -> Vec<u8> {
        let mut bytes = if self.tokens.is_empty() { self.form.start(self) } else { Vec::new() };
        bytes.extend(self.form.end(self));
        bytes
    }

    pub(super) fn text(&self) -> String {
        self.tokens.concat()
    }

    /// The arguments of the tool that is called, as an object; an empty one where they were cut short.
    pub(super) fn arguments(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|_| json!({}))
    }
}

/// True for the content type of a streamed answer, whichever dialect it is in.
pub fn is_stream(content_type: &str) -> bool {
    ["text/event-stream", "application/vnd.amazon.eventstream"].iter().any(|kind| content_type.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialects_streams_are_known_by_their_content_type() {
        for word in Dialect::WORDS {
            let stream = provider_api(Dialect::from_word(word).unwrap()).stream_type();
            assert!(is_stream(stream), "{word}: {stream}");
        }
        assert!(!is_stream("application/json"));
    }

    #[test]
    fn an_answer_that_may_not_be_whole_says_so() {
        let ask = ProviderRequest { prompt: "hello".into(), max_tokens: Some(2), ..ProviderRequest::default() };
        for (dialect, reason) in [
            (Dialect::OpenAi, "\"length\""),
            (Dialect::AzureOpenAi, "\"length\""),
            (Dialect::Anthropic, "\"max_tokens\""),
            (Dialect::Bedrock, "\"max_tokens\""),
            (Dialect::Vertex, "\"MAX_TOKENS\""),
        ] {
            let reply = ProviderAnswer::new(dialect, &ask, "m", "1", 0);
            assert_eq!(reply.tokens(), 2);
            assert!(String::from_utf8(reply.whole().body).unwrap().contains(reason), "{dialect}");
        }
    }
}
