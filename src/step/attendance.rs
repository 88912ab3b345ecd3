//! Who answers the questions of a runbook: a person over a queue, or nobody.

use crate::model::Reaction;
use tokio::sync::{mpsc, oneshot};

/// Who answers questions.
#[derive(Debug, Clone)]
pub enum Attendance {
    /// Nobody is there; every question was answered with yes beforehand (`--yes`).
    Unattended,
    /// A person at a terminal, reached over this queue.
    Attended(mpsc::Sender<Prompt>),
}

/// Stands in for people in a drill that has nobody at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StandIn {
    /// How long they take, where nothing else is said.
    pub reaction: Option<Reaction>,
}

/// A question to a person, on its way to the terminal.
#[derive(Debug)]
pub struct Prompt {
    /// The text of the question.
    pub text: String,
    /// The answers that are allowed.
    pub answers: Vec<String>,
    /// Who may answer; the answer must then name one of them. Empty where it need not.
    pub names: Vec<String>,
    /// What was answered. Dropped where nobody is there.
    pub answer: oneshot::Sender<PromptAnswer>,
}

/// A person's answer to a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptAnswer {
    /// One of the answers that were allowed.
    pub word: String,
    /// Who, where that was asked.
    pub by: Option<String>,
    /// What was said besides.
    pub comment: String,
}

impl Attendance {
    /// Puts a question to whoever is there; `None` where nobody is.
    pub async fn put(&self, text: String, answers: Vec<String>, names: Vec<String>) -> Option<PromptAnswer> {
        let Self::Attended(queue) = self else { return None };
        let (answer, answered) = oneshot::channel();
        queue.send(Prompt { text, answers, names, answer }).await.ok()?;
        answered.await.ok()
    }
}
