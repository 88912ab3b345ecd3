//! Which run a report is about, for machines.

use serde::Serialize;

/// What a report was made of. What is not known is absent: bare histories and records of others say little.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReportIdentity {
    /// The drill's or the execution's identifier.
    pub run: Option<String>,
    /// The scenario's or the runbook's name.
    pub scenario: Option<String>,
    /// The environment's name.
    pub environment: Option<String>,
    /// The seed of all its randomness.
    pub seed: Option<String>,
    /// The version of Lifeboat that ran it.
    pub lifeboat: Option<String>,
    /// When it began, RFC 3339.
    pub started_at: Option<String>,
    /// When its traffic began, in nanoseconds since 1970; what a picture's axis counts from.
    pub traffic_unix_ns: Option<i64>,
    /// When it ended, likewise.
    pub ended_unix_ns: Option<i64>,
    /// Who started it, as the operating system calls them.
    pub user: Option<String>,
    /// On which host.
    pub host: Option<String>,
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// SHA-256 of the history, in hexadecimal.
    pub history_sha256: Option<String>,
    /// The incident that it is a report of.
    pub incident: Option<String>,
}
