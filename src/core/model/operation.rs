//! What can be asked of a provider of models, by whom it is spoken, and what an answer must be to count.

use super::{Dialect, words};
use serde::{Deserialize, Serialize};

words! {
    /// What a provider is asked to do.
    Operation {
        /// A chat completion in the dialect's own form: OpenAI's chat completions, Anthropic's messages, Bedrock's converse, Google's
        /// generateContent.
        Chat = "chat",
        /// OpenAI's responses.
        Responses = "responses",
        /// Texts as vectors.
        Embeddings = "embeddings",
        /// Bedrock's invoke, with a body in the form of the model's maker: here Anthropic's.
        Invoke = "invoke",
    }
}

words! {
    /// What one request asks for.
    RequestKind {
        /// A chat completion, answered whole.
        Chat = "chat",
        /// A chat completion, streamed.
        ChatStream = "chat-stream",
        /// A resource over plain HTTP, of any service.
        Http = "http",
        /// A connection, and bytes over it.
        Tcp = "tcp",
        /// One of OpenAI's responses, answered whole.
        Responses = "responses",
        /// One of OpenAI's responses, streamed.
        ResponsesStream = "responses-stream",
        /// The vector of a text.
        Embeddings = "embeddings",
        /// A chat completion by Bedrock's invoke, answered whole.
        Invoke = "invoke",
        /// The same, streamed.
        InvokeStream = "invoke-stream",
    }
}

impl RequestKind {
    /// What the provider is asked to do.
    pub const fn operation(self) -> Operation {
        match self {
            Self::Chat | Self::ChatStream | Self::Http | Self::Tcp => Operation::Chat,
            Self::Responses | Self::ResponsesStream => Operation::Responses,
            Self::Embeddings => Operation::Embeddings,
            Self::Invoke | Self::InvokeStream => Operation::Invoke,
        }
    }

    /// True where no model is asked: what it asks and expects is its [`PlainRequest`](super::PlainRequest).
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Http | Self::Tcp)
    }

    /// True where the answer shall come as a stream of events.
    pub const fn is_streamed(self) -> bool {
        matches!(self, Self::ChatStream | Self::ResponsesStream | Self::InvokeStream)
    }
}

impl Dialect {
    /// True where a provider of this dialect can be asked for it.
    pub const fn has(self, operation: Operation) -> bool {
        match operation {
            Operation::Chat => true,
            Operation::Responses | Operation::Embeddings => self.has_openai_bodies(),
            Operation::Invoke => matches!(self, Self::Bedrock),
        }
    }

    /// The kinds of requests that it has; plain ones belong to none.
    pub fn kinds(self) -> impl Iterator<Item = &'static str> + Clone {
        let kinds = RequestKind::WORDS.iter().copied();
        kinds.filter(move |word| RequestKind::from_word(word).is_some_and(|kind| !kind.is_plain() && self.has(kind.operation())))
    }
}

/// What an answer must be beyond whole. Empty asks for nothing: gateways give models names of their own, and few services want JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Expect {
    /// The name that the answer's model has, or begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// True where the text must be JSON; it is asked for then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub json: bool,
    /// The tool that must be called, with arguments that are JSON; it is offered then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

impl Expect {
    /// True where nothing is expected.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_chats_and_few_have_more() {
        let kinds = |dialect: Dialect| dialect.kinds().collect::<Vec<_>>().join(" ");
        assert_eq!(kinds(Dialect::OpenAi), "chat chat-stream responses responses-stream embeddings");
        assert_eq!(kinds(Dialect::Bedrock), "chat chat-stream invoke invoke-stream");
        assert_eq!([kinds(Dialect::Anthropic), kinds(Dialect::Vertex)], ["chat chat-stream"; 2]);
    }
}
