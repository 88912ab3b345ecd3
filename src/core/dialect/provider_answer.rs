//! An answer as a simulated provider writes it, whole or event by event.

use super::composed_answer::ComposedAnswer;
use super::operation_codec::OperationCodec;
use super::provider_request::ProviderRequest;
use super::registry::{operation_codec, provider_api};
use super::wire::WireAnswer;
use crate::model::Dialect;
use std::fmt;

/// An answer of a simulated provider, ready to be written in a dialect as a whole or in pieces.
#[derive(Clone)]
pub struct ProviderAnswer {
    dialect: Dialect,
    codec: &'static dyn OperationCodec,
    pub(super) content: ComposedAnswer,
}

impl fmt::Debug for ProviderAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderAnswer").field("dialect", &self.dialect).field("content", &self.content).finish_non_exhaustive()
    }
}

impl ProviderAnswer {
    /// Answers `request` in the name of `model`. `id` is the provider's own number for it, `created` seconds since 1970.
    pub fn new(dialect: Dialect, request: &ProviderRequest, model: &str, id: &str, created: u64) -> Self {
        let content = ComposedAnswer::new(request, model, id, created);
        Self { dialect, codec: operation_codec(dialect, request.operation), content }
    }

    /// The same answer, withheld by a content filter.
    #[must_use]
    pub fn filtered(self) -> Self {
        Self { content: self.content.filtered(), ..self }
    }

    /// How many tokens the answer has.
    pub const fn tokens(&self) -> usize {
        self.content.tokens.len()
    }

    /// The whole answer at once.
    pub fn whole(&self) -> WireAnswer {
        let mut answer = WireAnswer::json(200, &self.codec.encode_answer(&self.content));
        answer.headers.extend(self.codec.answer_headers(&self.content, false));
        answer
    }

    /// The headers of a streamed answer.
    pub fn stream_headers(&self) -> Vec<(&'static str, String)> {
        let content_type = provider_api(self.dialect).stream_content_type().to_owned();
        let own = self.codec.answer_headers(&self.content, true);
        [("content-type", content_type), ("cache-control", "no-cache".to_owned())].into_iter().chain(own).collect()
    }

    /// The event of the token at this index; the first comes with what begins a stream.
    pub fn token_event(&self, index: usize) -> Vec<u8> {
        let mut bytes = if index == 0 { self.codec.stream_start(&self.content) } else { Vec::new() };
        bytes.extend(self.codec.stream_token(&self.content, index));
        bytes
    }

    /// What follows the last token: the reason for the end, the usage, the terminal marker, in the dialect's order.
    pub fn end_events(&self) -> Vec<u8> {
        let mut bytes = if self.content.tokens.is_empty() { self.codec.stream_start(&self.content) } else { Vec::new() };
        bytes.extend(self.codec.stream_end(&self.content));
        bytes
    }
}
/// True for the content type of a streamed answer, in any dialect.
pub fn is_stream(content_type: &str) -> bool {
    ["text/event-stream", "application/vnd.amazon.eventstream"].iter().any(|kind| content_type.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialects_streams_are_known_by_their_content_type() {
        for word in Dialect::WORDS {
            let stream = provider_api(Dialect::from_word(word).unwrap()).stream_content_type();
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
