//! Where in a file of prompts something stands, and what is wrong with it there.

use crate::units::{Explained, closest};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Why a file of prompts cannot be used: file, line, what is wrong, what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct UnreadPrompt {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 where it is the whole file.
    pub line: u64,
    /// What is wrong, lowercase.
    pub problem: String,
    /// What to write.
    pub hint: String,
}

impl Explained for UnreadPrompt {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.hint))
    }
}

/// A place in a file of prompts.
#[derive(Debug, Clone, Copy)]
pub(super) struct PromptPlace<'f> {
    pub(super) file: &'f str,
    pub(super) line: u64,
}

impl PromptPlace<'_> {
    /// What is wrong there, and what to write.
    pub(super) fn wrong(self, problem: impl Into<String>, hint: impl Into<String>) -> UnreadPrompt {
        UnreadPrompt { file: self.file.to_owned(), line: self.line, problem: problem.into(), hint: hint.into() }
    }

    /// The object that a value is.
    pub(super) fn object<'v>(self, value: &'v Value, what: &str, hint: &str) -> Result<&'v Map<String, Value>, UnreadPrompt> {
        value.as_object().ok_or_else(|| self.wrong(format!("{what} is not an object"), hint))
    }

    /// The text that a value is.
    pub(super) fn text(self, value: &Value, what: &str) -> Result<String, UnreadPrompt> {
        let text = value.as_str().ok_or_else(|| self.wrong(format!("`{what}` is not a text"), format!("write `\"{what}\": \"…\"`")))?;
        Ok(text.to_owned())
    }

    /// Refuses a key that nobody knows, and names the one that was probably meant.
    pub(super) fn only(self, fields: &Map<String, Value>, known: &[&str]) -> Result<(), UnreadPrompt> {
        let Some(unknown) = fields.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
        let hint = match closest(unknown, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write one of {}", known.join(", ")),
        };
        Err(self.wrong(format!("unknown key `{unknown}`"), hint))
    }
}
