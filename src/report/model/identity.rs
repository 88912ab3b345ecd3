//! Which run a report is about, for machines.

use crate::import::RecordTime;
use crate::model::HistoryForm;
use serde::Serialize;

/// What a report was made of. What is not known is absent: bare histories and records of others say little.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
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
    /// When its traffic began, in nanoseconds since 1970; what a picture's axis counts from. Of an execution when it began.
    pub traffic_unix_ns: Option<i64>,
    /// When it ended, likewise.
    pub ended_unix_ns: Option<i64>,
    /// Who started it, as the operating system calls them.
    pub user: Option<String>,
    /// On which host.
    pub host: Option<String>,
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// SHA-256 of the history as text, in hexadecimal.
    pub history_sha256: Option<String>,
    /// How its file is kept; `None` where that is not known.
    #[serde(skip)]
    pub history_form: Option<HistoryForm>,
    /// The incident that it is a report of.
    pub incident: Option<String>,
}

impl ReportIdentity {
    /// With moments on the wall's clock, which the history's origin has: nanoseconds since it at which traffic began and the run ended.
    #[must_use]
    pub fn on_the_wall(mut self, traffic: u64, ended: u64) -> Self {
        let origin = self.started_at.as_deref().and_then(|text| text.parse().ok());
        let at = |ns: u64| match origin {
            Some(RecordTime::At(origin)) => Some(origin.saturating_add(i64::try_from(ns).unwrap_or(i64::MAX))),
            _ => None,
        };
        (self.traffic_unix_ns, self.ended_unix_ns) = (at(traffic), at(ended));
        self
    }
}
