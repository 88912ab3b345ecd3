//! What people say while a runbook is walked, each as it was said: answers, ticks of a checklist, who takes which role; and
//! what they are told of a step that begins.
//!
//! With these a walk that was interrupted knows what is still to be asked. Who somebody is was verified or not, and that stands with it.

use crate::model::words;
use std::fmt;

words! {
    /// How an answer came, which says what is known of who gave it.
    AnswerWay {
        /// It was typed at the terminal: who that was is what was typed.
        Terminal = "terminal",
        /// By a link that was made for one person and is good for one answer.
        Link = "link",
        /// With the token that the inventory names for this person.
        Token = "token",
        /// Signed with the token that the inventory names for this person.
        Signature = "signature",
    }
}

/// Somebody, and what is known of who that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// Who, where that was said or is known.
    pub by: Option<String>,
    /// How it came.
    pub way: AnswerWay,
    /// The user of the operating system at whose terminal it was typed.
    pub user: Option<String>,
}

impl Speaker {
    /// Somebody at the terminal of this user.
    pub fn typed(by: Option<String>, user: String) -> Self {
        Self { by, way: AnswerWay::Terminal, user: Some(user) }
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.by.as_deref();
        match (self.way, by) {
            (AnswerWay::Terminal, None) => Ok(()),
            (AnswerWay::Terminal, Some(by)) => match &self.user {
                Some(user) => write!(f, "says {by} (as typed by the user {user}; not verified)"),
                None => write!(f, "says {by} (not verified)"),
            },
            (AnswerWay::Link, by) => write!(f, "by {} (by one-time link)", by.unwrap_or("somebody")),
            (AnswerWay::Token, by) => write!(f, "by {} (token verified)", by.unwrap_or("somebody")),
            (AnswerWay::Signature, by) => write!(f, "by {} (signature verified)", by.unwrap_or("somebody")),
        }
    }
}

/// Somebody answered the question of a step. One answer may not be enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The step's place in the runbook, from 0.
    pub step: u32,
    /// True where it is the undo of the step that asks.
    pub undo: bool,
    /// One of the answers that were allowed, or the text; without secrets.
    pub answer: String,
    /// Who.
    pub speaker: Speaker,
    /// What was said besides, without secrets.
    pub comment: String,
}

/// Somebody ticked off one item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticked {
    /// The step's place in the runbook, from 0.
    pub step: u32,
    /// True where it is the undo of the step.
    pub undo: bool,
    /// The item's place in the list, from 0.
    pub item: u32,
    /// What it says.
    pub text: String,
    /// Who.
    pub speaker: Speaker,
    /// What was said besides, without secrets.
    pub comment: String,
}

/// What a step that begins is for, in the runbook's words and with its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepExplained {
    /// The step's place in the runbook, from 0.
    pub step: u32,
    /// Without secrets.
    pub text: String,
}

/// Somebody was named for a role that the runbook leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTaken {
    /// The role.
    pub role: String,
    /// Who has it.
    pub holder: String,
    /// Who said so.
    pub speaker: Speaker,
}

/// What stands behind a word: who, and what else was said.
fn with_speaker(what: &str, speaker: &Speaker, comment: &str) -> String {
    let who = speaker.to_string();
    let who = if who.is_empty() { who } else { format!(", {who}") };
    let comment = if comment.is_empty() { String::new() } else { format!(": {comment}") };
    format!("{what}{who}{comment}")
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_speaker(&self.answer, &self.speaker, &self.comment))
    }
}

impl fmt::Display for Ticked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_speaker(&format!("{}. {}", self.item + 1, self.text), &self.speaker, &self.comment))
    }
}

impl fmt::Display for RoleTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_speaker(&format!("{} is {}", self.role, self.holder), &self.speaker, ""))
    }
}
