//! The trait of an operation's codec: how requests, answers and streams of one operation are written and read. The codecs are in `codec/`.

use super::composed_answer::ComposedAnswer;
use super::json_body::is_something;
use super::partial_answer::PartialAnswer;
use super::provider_error::{ProviderError, code_of};
use super::provider_request::ProviderRequest;
use serde_json::{Value, json};

/// The content of a request, before it is put into a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestContent<'c> {
    /// The model.
    pub(super) model: &'c str,
    /// The prompt.
    pub(super) prompt: &'c str,
    /// True where the answer must be a stream.
    pub(super) streamed: bool,
    /// True where it must be JSON.
    pub(super) json: bool,
    /// The tool that the model must call.
    pub(super) tool: Option<&'c str>,
}

/// The meaning of a server-sent event to the clients of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventMeaning {
    /// A part of the answer, as JSON.
    Json,
    /// The end of the stream, which is no JSON.
    Marker,
    /// An error, whatever its data says.
    Error,
    /// Clients do not look at it.
    Nothing,
}
/// The codec of one operation: how its requests, answers and streams are written and read. What a stream says is given event by event.
pub(super) trait OperationCodec: Sync {
    /// Writes the body of a request.
    fn encode_request(&self, content: &RequestContent<'_>) -> Value;
    /// Reads such a body as a provider does; an error says what is wrong with it.
    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String>;

    /// Writes a whole answer.
    fn encode_answer(&self, answer: &ComposedAnswer) -> Value;
    /// The headers that only answers of this operation have.
    fn answer_headers(&self, _answer: &ComposedAnswer, _streamed: bool) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// Writes what precedes the first token of a stream.
    fn stream_start(&self, _answer: &ComposedAnswer) -> Vec<u8> {
        Vec::new()
    }
    /// Writes the token of a stream at this index.
    fn stream_token(&self, answer: &ComposedAnswer, index: usize) -> Vec<u8>;
    /// Writes what follows the last token of a stream.
    fn stream_end(&self, answer: &ComposedAnswer) -> Vec<u8>;
    /// Writes an error in the middle of a stream; `body` is the error in the provider's envelope.
    fn stream_error(&self, error: &ProviderError, body: &Value) -> Vec<u8>;
    /// An event that keeps a stream alive and says nothing.
    fn keep_alive(&self) -> Vec<u8> {
        b": keep-alive\n\n".to_vec()
    }

    /// Reads a whole answer.
    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer);
    /// Reads one event of a stream.
    fn decode_event(&self, event: &Value, partial: &mut PartialAnswer);
    /// True for the data of an event that ends a stream and is no JSON.
    fn is_end_marker(&self, _data: &[u8]) -> bool {
        false
    }
    /// What an event of this name (where it has one) means to clients.
    fn event_meaning(&self, _name: Option<&[u8]>, data: &[u8]) -> EventMeaning {
        if self.is_end_marker(data) { EventMeaning::Marker } else { EventMeaning::Json }
    }
    /// The error that an event or a whole answer tells instead, by its code where it has one.
    fn error_in(&self, said: &Value) -> Option<Option<String>> {
        let error = said.get(0).unwrap_or(said).get("error")?;
        is_something(error).then(|| code_of(said))
    }

    /// Where an answer or an event names its model, as paths of keys.
    fn model_paths(&self) -> &'static [&'static [&'static str]] {
        &[&["model"]]
    }
    /// Where it has its text, or the numbers of its vectors; `*` stands for all of a list.
    fn text_paths(&self) -> &'static [&'static [&'static str]];

    /// The content of a binary frame, out of its payload; `None` where it cannot be read.
    fn frame_content(&self, payload: Value) -> Option<Value> {
        Some(payload)
    }
    /// The payload of a binary frame with this content.
    fn frame_payload(&self, said: Value) -> Value {
        said
    }
    /// The event that a binary frame of this name holds.
    fn frame_event(&self, name: &str, said: Value) -> Value {
        json!({name: said})
    }
}
