//! A program that a step runs.

use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A program and its arguments; never a shell line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments. Each may contain variables such as `${service.url}`; a value stays one argument.
    pub argv: Vec<String>,
    /// Its environment, besides what every program needs to run.
    pub env: BTreeMap<String, String>,
    /// The variables of Lifeboat's own environment that it is given besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<String>,
    /// Where it runs, from the project's root; may contain variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The exit codes that count as done; none means 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_codes: Vec<u8>,
    /// True where what it started in the background runs on after it, though Lifeboat end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaves_running: bool,
    /// How long it may take to end when it is asked to, at its step's timeout or when it is stopped, before it is killed.
    #[serde(default = "Command::usual_grace", skip_serializing_if = "Command::is_usual_grace")]
    pub grace: Duration,
}

impl Command {
    /// What is usual.
    pub const GRACE: Duration = Duration::from_secs(10);

    /// The same, for readers of what was written without one.
    pub const fn usual_grace() -> Duration {
        Self::GRACE
    }

    /// True of what is usual.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub fn is_usual_grace(grace: &Duration) -> bool {
        *grace == Self::GRACE
    }
}

impl Command {
    /// Every text in it that may hold variables.
    pub fn texts(&self) -> Vec<&str> {
        self.argv.iter().chain(self.env.values()).chain(&self.folder).map(String::as_str).collect()
    }
}
