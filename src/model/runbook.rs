//! Who does what when it goes wrong.

use super::{Condition, words};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// What starts a runbook in a drill.
    StartMode {
        /// Its `detect` condition, as in real life.
        OnDetection = "on-detection",
        /// The first fault: the time to detect is left out of the drill.
        WithTheFault = "with-the-fault",
        /// A person, asked on the terminal.
        ByHand = "by-hand",
    }
}

words! {
    /// What follows when a step fails after its last retry.
    OnFailure {
        /// The steps that were done are undone in reverse order, and the runbook ends.
        Undo = "undo",
        /// The runbook ends; what was done stays.
        Stop = "stop",
        /// The next step runs.
        Continue = "continue",
    }
}

/// Steps with timeouts, checks, undo, contacts and escalation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runbook {
    /// Its name, for example `fail-over-to-standby`.
    pub name: String,
    /// A contact's name.
    pub owner: Option<String>,
    /// When a person last read it through; ISO 8601 date.
    pub reviewed: Option<String>,
    /// What starts it.
    pub start: StartMode,
    /// What `on-detection` waits for.
    pub detect: Condition,
    /// Who is told when it takes long.
    pub escalate: Vec<Escalation>,
    /// In order. Never empty.
    pub steps: Vec<Step>,
}

/// Who is told when a runbook takes long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// From the runbook's start.
    pub after: Duration,
    /// A contact's name.
    pub to: String,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What a person reads.
    pub name: String,
    /// What is done.
    pub action: Action,
    /// Each try ends by then.
    pub timeout: Duration,
    /// Further tries after a failure.
    pub retries: u32,
    /// Between two tries.
    pub retry_after: Duration,
    /// What takes it back. Run in reverse order of the steps when the drill is stopped or the runbook fails.
    pub undo: Option<Action>,
    /// What follows when it fails.
    pub on_failure: OnFailure,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Waits for a condition.
    WaitUntil(Condition),
    /// Sends one HTTP request and checks the answer.
    Http(HttpCall),
    /// Runs a program.
    Run(Command),
    /// Asks a person; only `yes` goes on.
    Confirm {
        /// The question.
        question: String,
    },
    /// Waits this long.
    Pause(Duration),
}

impl Action {
    /// The key that introduces it in YAML.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::WaitUntil(_) => "wait_until",
            Self::Http(_) => "http",
            Self::Run(_) => "run",
            Self::Confirm { .. } => "confirm",
            Self::Pause(_) => "pause",
        }
    }
}

/// A program and its arguments; never a shell line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments. Each may contain variables such as `${service.url}`; a value stays one argument.
    pub argv: Vec<String>,
    /// Added to the environment.
    pub env: BTreeMap<String, String>,
}

/// One HTTP request and what its answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCall {
    /// `GET`, `POST`, …
    pub method: String,
    /// May contain variables such as `${service.url}`.
    pub url: String,
    /// Sent with it.
    pub headers: BTreeMap<String, String>,
    /// Sent with it, as it stands.
    pub body: Option<String>,
    /// The status that it must have; `None` takes any from 200 to 299.
    pub expect_status: Option<u16>,
    /// A text that the answer must contain.
    pub expect_text: Option<String>,
}
