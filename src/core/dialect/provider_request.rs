//! A request as a provider reads it, whatever dialect it came in.

use super::client_request::ORDERS;
use crate::model::Operation;
use serde_json::{Value, json};

/// A request as a provider reads it. The lab answers it; tests compare it with what a client wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRequest {
    /// The operation that is asked for.
    pub operation: Operation,
    /// The model in the body; `None` where the path names it.
    pub model: Option<String>,
    /// True where the body asks for a stream; in some dialects the path does.
    pub streamed: bool,
    /// True where a stream shall report its usage.
    pub include_usage: bool,
    /// The text of all messages.
    pub prompt: String,
    /// Upper bound of the answer's tokens.
    pub max_tokens: Option<u64>,
    /// The first tool that is offered, where the conversation does not end with what a tool has answered.
    pub tool: Option<String>,
    /// True where the text must be JSON.
    pub json: bool,
    /// The vectors that are wanted.
    pub vectors: Vectors,
}

/// The vectors that a request for embeddings asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vectors {
    /// The texts, one for each vector.
    pub texts: Vec<String>,
    /// How many numbers each has; `None` leaves it to the model.
    pub dimensions: Option<usize>,
    /// True where they shall come as the base64 of their bytes.
    pub base64: bool,
}

impl Default for ProviderRequest {
    /// Nothing is asked for yet.
    fn default() -> Self {
        Self {
            operation: Operation::Chat,
            model: None,
            streamed: false,
            include_usage: true,
            prompt: String::new(),
            max_tokens: None,
            tool: None,
            json: false,
            vectors: Vectors::default(),
        }
    }
}

/// What stands before the right answer in a prompt for which somebody expects one (`lifeboat compare` of simulated providers).
const ANSWER_WITH: &str = "Answer with: ";

impl ProviderRequest {
    /// What an obedient model answers: the words after the order in the prompt, or after the last `Answer with: `, else a sentence of its own; as
    /// JSON where that is wanted, or for a tool.
    pub fn reply(&self) -> String {
        let ordered = ORDERS.iter().find_map(|order| self.prompt.split_once(order));
        let words = ordered
            .or_else(|| self.prompt.rsplit_once(ANSWER_WITH))
            .map_or("This is a simulated provider; it repeats what a drill's traffic asks it to repeat.", |(_, rest)| {
                rest.lines().next().unwrap_or_default()
            });
        let is_json = self.json || self.tool.is_some() || self.prompt.contains(ORDERS[1]);
        match serde_json::from_str::<Value>(words) {
            Ok(Value::Object(_)) if is_json => words.to_owned(),
            _ if is_json => json!({"words": words}).to_string(),
            _ => words.to_owned(),
        }
    }

    /// Whether the prompt says what the right answer is.
    pub fn tells_its_answer(&self) -> bool {
        self.prompt.contains(ANSWER_WITH)
    }

    /// The same request as a model sees it that does not understand it: it will not find the right answer.
    #[must_use]
    pub fn misunderstood(self) -> Self {
        Self { prompt: self.prompt.replace(ANSWER_WITH, ""), ..self }
    }
}
