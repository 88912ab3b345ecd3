//! A prompt of a team's own, and what it expects of the answer.

use super::expectation::AnswerExpectation;
use crate::dialect::Chat;
use serde_json::{Value, json};

/// How many tokens may come back where a file does not say.
pub(super) const USUAL_TOKENS: u64 = 512;

/// A prompt with expectations.
#[derive(Debug, Clone)]
pub struct EvaluationPrompt {
    /// Its name; unlike any other of the same comparison.
    pub id: String,
    /// What is asked.
    pub chat: Chat,
    /// What is expected; nothing where answers are only timed and counted.
    pub expects: Vec<AnswerExpectation>,
    /// Where it stands, `FILE:LINE`.
    pub place: String,
}

impl EvaluationPrompt {
    /// As a command that scores gets it.
    pub fn told(&self) -> Value {
        let said = self.chat.messages.iter().map(|said| json!({"role": said.role.word(), "content": said.text}));
        json!({"id": self.id, "messages": said.collect::<Vec<_>>()})
    }

    /// All that is said in it, to be hashed.
    pub fn text(&self) -> String {
        self.chat.messages.iter().map(|said| format!("{}: {}\n", said.role, said.text)).collect()
    }

    /// The commands that score its answers.
    pub fn commands(&self) -> Vec<&[String]> {
        self.expects.iter().flat_map(AnswerExpectation::commands).collect()
    }
}
