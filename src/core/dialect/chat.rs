//! A conversation of somebody's own, before it is written in a dialect.
//!
//! What a drill asks is made up ([`super::client_request`]); this is what a team itself asks: any messages, tools, JSON, a limit of tokens. It
//! carries no mark, and nothing is read out of its answer but what is in it ([`super::chat_reader`]).
//!
//! What this file does not do: write it in a dialect (`chat_request`), or read answers.

use crate::model::words;
use serde_json::Value;

words! {
    /// Who speaks in a conversation.
    ChatRole {
        /// Whoever sets the terms.
        System = "system",
        /// Whoever asks.
        User = "user",
        /// The model.
        Assistant = "assistant",
    }
}

/// What somebody says in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who.
    pub role: ChatRole,
    /// What.
    pub text: String,
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatTool {
    /// Its name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Its arguments, as a JSON schema of an object.
    pub parameters: Value,
}

/// The form that an answer's text must have.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ChatForm {
    /// Any.
    #[default]
    Text,
    /// JSON.
    Json,
    /// JSON after this schema.
    Schema(Value),
}

/// A conversation that is to be answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chat {
    /// What was said so far, the oldest first.
    pub messages: Vec<ChatMessage>,
    /// What the model may call.
    pub tools: Vec<ChatTool>,
    /// The form of the answer. A dialect without a mode for it (Anthropic's and Bedrock's) is told so in the system's words.
    pub form: ChatForm,
    /// The most tokens that may come back.
    pub max_tokens: u64,
    /// How freely the model chooses; left to the provider where it is not said, since some models take one value only.
    pub temperature: Option<f64>,
}

impl Chat {
    /// What the system says, all of it, with what a dialect without a mode for JSON must be told in words.
    pub(super) fn system(&self, has_mode: bool) -> String {
        let said = self.messages.iter().filter(|message| message.role == ChatRole::System).map(|message| message.text.as_str());
        let form = match (&self.form, has_mode) {
            (ChatForm::Json, false) => Some("Answer with JSON and nothing else.".to_owned()),
            (ChatForm::Schema(schema), false) => Some(format!("Answer with JSON after this schema and nothing else: {schema}")),
            _ => None,
        };
        said.map(str::to_owned).chain(form).collect::<Vec<_>>().join("\n\n")
    }

    /// What the others say.
    pub(super) fn turns(&self) -> impl Iterator<Item = &ChatMessage> {
        self.messages.iter().filter(|message| message.role != ChatRole::System)
    }
}
