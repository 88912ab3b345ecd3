//! Findings, as JSON.

use super::records::{FindingStage, Severity};
use crate::model::{FindingSeverity, FindingState};
use crate::store::FindingEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A finding.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FindingRecord {
    /// The drill in whose file it stands.
    drill: String,
    /// That drill's scenario.
    scenario: String,
    /// Where it ran.
    environment: String,
    /// The service that the drill was about.
    service: String,
    /// What it is called.
    id: String,
    /// What it is about, where there are several of its kind.
    about: Option<String>,
    /// How much it matters.
    #[schema(value_type = Severity)]
    severity: FindingSeverity,
    /// What was seen.
    says: String,
    /// What would mend it.
    suggestion: Option<String>,
    /// What became of it.
    #[schema(value_type = FindingStage)]
    state: FindingState,
    /// Who looks into it.
    owner: Option<String>,
    /// Until when, as people wrote it.
    due: Option<String>,
    /// Where it is tracked.
    ticket: Option<String>,
}

impl From<FindingEntry> for FindingRecord {
    fn from(entry: FindingEntry) -> Self {
        Self {
            drill: entry.drill,
            scenario: entry.scenario,
            environment: entry.environment,
            service: entry.service,
            id: entry.id,
            about: entry.about,
            severity: entry.severity,
            says: entry.says,
            suggestion: entry.suggestion,
            state: entry.state,
            owner: entry.owner,
            due: entry.due,
            ticket: entry.ticket,
        }
    }
}

/// What is to be written beside a finding; what is not said stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FindingOrder {
    /// Which one, where there are several of this name.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub(super) about: Option<String>,
    /// Who looks into it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(super) owner: Option<String>,
    /// Until which day.
    #[serde(default)]
    #[schema(format = Date)]
    pub(super) due: Option<String>,
    /// Where it is tracked.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub(super) ticket: Option<String>,
    /// What became of it: only `accepted`, `gone` and `new` are for people to say.
    #[serde(default)]
    #[schema(value_type = Option<FindingStage>)]
    pub(super) state: Option<FindingState>,
}
