//! The content of an answer that a simulated provider gives, before it is written in a dialect.

use super::provider_request::{ProviderRequest, Vectors};
use serde_json::{Value, json};

/// The reason why an answer ended. Each dialect has its own word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerEnd {
    /// The model had said all.
    Stop,
    /// The limit of tokens was reached.
    Length,
    /// A content filter withheld it.
    Filtered,
}

/// The content of one answer: identifier, model, tokens, end. Codecs write it as a whole or event by event.
#[derive(Debug, Clone)]
pub(super) struct ComposedAnswer {
    pub(super) id: String,
    pub(super) model: String,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) tokens: Vec<String>,
    pub(super) prompt_tokens: usize,
    pub(super) end: AnswerEnd,
    pub(super) include_usage: bool,
    /// The tool that is called: the tokens are its arguments then.
    pub(super) tool: Option<String>,
    /// The texts whose vectors are the answer.
    pub(super) vectors: Vectors,
}

impl ComposedAnswer {
    /// The answer of an obedient model to this request, in the name of `model`. A token is a word with the blank before it; an answer longer
    /// than `max_tokens` ends early, and says so.
    pub(super) fn new(request: &ProviderRequest, model: &str, id: &str, created: u64) -> Self {
        // Vectors have no tokens that come one by one.
        let text = if request.vectors.texts.is_empty() { request.reply() } else { String::new() };
        let mut tokens: Vec<String> = text.split_inclusive(' ').fold(Vec::new(), |mut tokens, word| {
            // `split_inclusive` leaves the blank behind the word; providers send it before the next.
            let blank = if tokens.is_empty() { "" } else { " " };
            tokens.push(format!("{blank}{}", word.trim_end()));
            tokens
        });
        let limit = request.max_tokens.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let end = if tokens.len() <= limit { AnswerEnd::Stop } else { AnswerEnd::Length };
        tokens.truncate(limit);
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            created,
            tokens,
            prompt_tokens: request.prompt.split_whitespace().count(),
            end,
            include_usage: request.include_usage,
            tool: request.tool.clone(),
            vectors: request.vectors.clone(),
        }
    }

    /// The same answer, withheld by a content filter.
    pub(super) fn filtered(self) -> Self {
        Self { tokens: Vec::new(), end: AnswerEnd::Filtered, tool: None, ..self }
    }

    pub(super) fn text(&self) -> String {
        self.tokens.concat()
    }

    /// The arguments of the tool that is called, as an object; an empty one where they were cut short.
    pub(super) fn arguments(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|_| json!({}))
    }
}
