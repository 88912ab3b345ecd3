//! Who answers the questions of a runbook: a person over a queue, or nobody.

use super::question::{Question, Said};
use crate::history::Speaker;
use crate::model::Reaction;
use tokio::sync::{mpsc, oneshot};

/// Who answers questions.
#[derive(Debug, Clone)]
pub enum Attendance {
    /// Nobody is there; every question was answered beforehand (`--yes`).
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
    /// What is asked, and what may be answered.
    pub question: Question,
    /// Who may answer by which link; empty where only the terminal is there.
    pub links: Vec<(String, String)>,
    /// What was answered. Dropped where nobody is there.
    pub answer: oneshot::Sender<PromptAnswer>,
}

/// A person's answer to a prompt.
#[derive(Debug)]
pub struct PromptAnswer {
    /// What.
    pub said: Said,
    /// Who.
    pub speaker: Speaker,
    /// What was said besides.
    pub comment: String,
    /// Whoever waits to hear whether it counts; `None` at the terminal.
    pub taken: Option<oneshot::Sender<Result<(), String>>>,
}

impl PromptAnswer {
    /// One that was typed at this process's terminal.
    pub fn typed(said: Said, by: Option<String>, comment: impl Into<String>) -> Self {
        Self { said, speaker: Speaker::typed(by, typist()), comment: comment.into(), taken: None }
    }

    /// The word that was said; of ticks none.
    pub fn word(&self) -> &str {
        match &self.said {
            Said::Word(word) => word,
            Said::Ticks(_) => "",
        }
    }
}

impl Attendance {
    /// Puts a question to whoever is there; `None` where nobody is.
    pub async fn put(&self, question: Question) -> Option<PromptAnswer> {
        self.put_with(question, Vec::new()).await
    }

    /// The same, with links by which it can be answered from elsewhere.
    pub async fn put_with(&self, question: Question, links: Vec<(String, String)>) -> Option<PromptAnswer> {
        let Self::Attended(queue) = self else { return None };
        let (answer, answered) = oneshot::channel();
        queue.send(Prompt { question, links, answer }).await.ok()?;
        answered.await.ok()
    }
}

/// The user of the operating system that this process runs as: passwd(5), else by number. What the environment says, anybody can set.
fn typist() -> String {
    let number = rustix::process::getuid().as_raw();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse::<u32>().ok()? == number).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| number.to_string())
}
