//! A drill that was run, as far as coverage and the ledger ask.

use crate::model::FailureMode;
use crate::verdict::{Decision, Interval};
use chrono::{DateTime, Utc};

/// A file that a drill was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastFile {
    /// Its path from the project's root.
    pub path: String,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// A drill that was run.
#[derive(Debug, Clone, PartialEq)]
pub struct PastDrill {
    /// Its identifier.
    pub id: String,
    /// The service whose users it watched.
    pub service: String,
    /// The scenario's name.
    pub scenario: String,
    /// The environment's name.
    pub environment: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it was over, where that is known.
    pub ended: Option<DateTime<Utc>>,
    /// Its verdict; `None` where it runs or was interrupted.
    pub verdict: Option<Decision>,
    /// How long the cutover took.
    pub cutover: Option<Interval>,
    /// The hash of its plan; empty where it is not known.
    pub plan: String,
    /// What it showed.
    pub modes: Vec<FailureMode>,
    /// The files that it was made of, where its manifest tells them.
    pub files: Vec<PastFile>,
    /// SHA-256 of its manifest, which covers every other file.
    pub evidence: Option<String>,
    /// Who began it; empty where it is not known.
    pub who: String,
}

impl PastDrill {
    /// True where it shows something: its verdict is met or missed.
    pub const fn counts(&self) -> bool {
        matches!(self.verdict, Some(Decision::Met | Decision::Missed))
    }
}
