//! What each operation's requests, answers and streams look like, in one list, and which form belongs to whom.
//!
//! A [`ProviderApi`] is how a provider speaks whatever it is asked; a [`OperationCodec`] is one of the things that it can be asked.

use super::anthropic::Anthropic;
use super::bedrock::Bedrock;
use super::completions::Completions;
use super::embeddings::Embeddings;
use super::failure::code_of;
use super::invoke::Invoke;
use super::responses::Responses;
use super::tongue::{ProviderApi, ProviderError};
use super::vertex::Vertex;
use super::{ProviderAnswer, ProviderRequest};
use crate::model::{Dialect, Operation};
use serde_json::{Value, json};

/// How an answer is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerFormat {
    /// Whose dialect it is in.
    pub dialect: Dialect,
    /// What was asked for.
    pub operation: Operation,
    /// True for a stream of events.
    pub streamed: bool,
}

impl AnswerFormat {
    pub(super) fn form(self) -> &'static dyn OperationCodec {
        form(self.dialect, self.operation)
    }
}

/// What is wished for, before it is put into a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestContent<'w> {
    /// The model.
    pub(super) model: &'w str,
    /// What it shall read.
    pub(super) prompt: &'w str,
    /// True where the answer must be a stream.
    pub(super) streamed: bool,
    /// True where it must be JSON.
    pub(super) json: bool,
    /// The tool that it shall call.
    pub(super) tool: Option<&'w str>,
}

/// A call of a tool.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ToolCall {
    /// The tool.
    pub(super) name: String,
    /// Its arguments as JSON, as far as they have come.
    pub(super) arguments: String,
}

/// What an answer has said so far.
#[derive(Debug, Default)]
pub(super) struct PartialAnswer {
    /// Its text.
    pub(super) text: String,
    /// The first tool that it calls.
    pub(super) called: Option<ToolCall>,
    /// How many numbers each of its vectors has; 0 for one that holds something else.
    pub(super) vectors: Vec<usize>,
    /// Whether it reported its tokens.
    pub(super) usage: bool,
    /// Whether its terminal marker came.
    pub(super) terminal: bool,
    /// Whether the reason for its end came, where a marker follows that.
    pub(super) finished: bool,
    /// Whether what comes behind the marker is nobody's to read.
    pub(super) over: bool,
}

/// What a server-sent event is to the clients of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventMeaning {
    /// JSON that says something.
    Said,
    /// The end of the stream, which is no JSON.
    Marker,
    /// An error, whatever its data says.
    Error,
    /// Nothing that they look at.
    Nothing,
}

impl PartialAnswer {
    /// A tool is called.
    pub(super) fn call(&mut self, name: &Value, arguments: &str) {
        self.called.get_or_insert_with(|| ToolCall { name: name.as_str().unwrap_or_default().to_owned(), arguments: arguments.to_owned() });
    }

    /// More of the arguments of the tool that is called.
    pub(super) fn argue(&mut self, more: &Value) {
        if let (Some(called), Some(more)) = (&mut self.called, more.as_str()) {
            called.arguments.push_str(more);
        }
    }
}

/// One form. What a stream says is given event by event.
pub(super) trait OperationCodec: Sync {
    /// The body of a request.
    fn request(&self, wish: &RequestContent<'_>) -> Value;
    /// The same as a provider reads it, or what is wrong with it.
    fn read_request(&self, body: &Value) -> Result<ProviderRequest, String>;

    /// A whole answer.
    fn whole(&self, reply: &ProviderAnswer) -> Value;
    /// The headers that only its answers have.
    fn headers(&self, _reply: &ProviderAnswer, _streamed: bool) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// What precedes the first token of a stream.
    fn start(&self, _reply: &ProviderAnswer) -> Vec<u8> {
        Vec::new()
    }
    /// One token of a stream.
    fn token(&self, reply: &ProviderAnswer, place: usize) -> Vec<u8>;
    /// What follows the last token of a stream.
    fn end(&self, reply: &ProviderAnswer) -> Vec<u8>;
    /// A refusal in the middle of a stream.
    fn error_event(&self, api: &dyn ProviderApi, refusal: &ProviderError) -> Vec<u8>;
    /// What keeps a stream alive and says nothing.
    fn sign_of_life(&self) -> Vec<u8> {
        b": keep-alive\n\n".to_vec()
    }

    /// Takes in a whole answer.
    fn hear_whole(&self, body: &Value, heard: &mut PartialAnswer);
    /// Takes in one event of a stream.
    fn hear(&self, event: &Value, heard: &mut PartialAnswer);
    /// True for the data of an event that is the end of a stream and no JSON.
    fn is_marker(&self, _data: &[u8]) -> bool {
        false
    }
    /// What an event of this name (where it has one) is to clients.
    fn part(&self, _name: Option<&[u8]>, data: &[u8]) -> EventMeaning {
        if self.is_marker(data) { EventMeaning::Marker } else { EventMeaning::Said }
    }
    /// The error that an event or a whole answer tells instead, by its code where it has one.
    fn error_in(&self, said: &Value) -> Option<Option<String>> {
        let error = said.get(0).unwrap_or(said).get("error")?;
        is_something(error).then(|| code_of(said))
    }

    /// Where an answer or an event names its model; each a path of keys.
    fn model_at(&self) -> &'static [&'static [&'static str]] {
        &[&["model"]]
    }
    /// Where it has its text, or the numbers of its vectors, `*` standing for all of a list.
    fn text_at(&self) -> &'static [&'static [&'static str]];

    /// What a binary frame says, out of its payload; `None` where it cannot be read.
    fn opened(&self, payload: Value) -> Option<Value> {
        Some(payload)
    }
    /// The payload that says so.
    fn closed(&self, said: Value) -> Value {
        said
    }
    /// The event that a binary frame of this name is.
    fn event(&self, name: &str, said: Value) -> Value {
        json!({name: said})
    }
}

/// True where clients take the value for one: Python's and JavaScript's look whether it is true.
pub(super) fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// True for a number of tokens; some gateways count in floats.
pub(super) fn is_count(value: &Value) -> bool {
    value.as_f64().is_some_and(|count| count >= 0.0)
}

/// The form of an operation; that of a chat where the dialect does not have it (`check` refuses such traffic).
pub(super) const fn form(dialect: Dialect, operation: Operation) -> &'static dyn OperationCodec {
    match (dialect, operation) {
        (Dialect::Bedrock, Operation::Invoke) => &Invoke,
        (Dialect::Bedrock, _) => &Bedrock,
        (Dialect::Anthropic, _) => &Anthropic,
        (Dialect::Vertex, _) => &Vertex,
        (_, Operation::Responses) => &Responses,
        (_, Operation::Embeddings) => &Embeddings,
        _ => &Completions,
    }
}
