//! What a gateway's configuration lets expect of an outage, stated before a drill.
//!
//! What this file does not do: reckon (`gateway`).

use super::GatewayKind;
use crate::units::Duration;
use serde::{Deserialize, Serialize};

/// What is expected of one provider's failing in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prediction {
    /// Which gateway.
    pub kind: GatewayKind,
    /// Its configuration, from the project's root; `None` for the settings of the reference gateway, which the inventory has.
    pub file: Option<String>,
    /// The provider that fails; empty where any may.
    pub provider: String,
    /// How it fails, in words.
    pub shape: String,
    /// The longest time from the fault until users are served well by somebody else; `None` where nothing bounds it.
    pub cutover: Option<Duration>,
    /// How that comes about, as a sum that a person can check, or why nothing bounds it.
    pub because: String,
    /// The longest that a request which meets the broken provider waits until another is asked, or until it fails; `None` where nothing ends it.
    pub wait: Option<Duration>,
    /// True where such a request is passed on to another provider; else it fails.
    pub passed_on: bool,
    /// The settings that it follows from.
    pub terms: Vec<PredictionTerm>,
    /// What would halve it, or bound it where nothing does: settings that are changed together. Empty where no setting would.
    pub changes: Vec<PredictedChange>,
    /// The time to cut over with those.
    pub then: Option<Duration>,
    /// What of the configuration was not understood.
    pub doubts: Vec<String>,
}

/// A setting that a prediction follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionTerm {
    /// As people would look for it.
    pub name: String,
    /// Its value, with its unit.
    pub value: String,
    /// Its line, from 1; `None` where it is the gateway's default.
    pub line: Option<u64>,
}

/// A setting that would mend something, with the value that would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictedChange {
    /// As people would look for it.
    pub setting: String,
    /// Its line, from 1; `None` where it is not in the configuration yet.
    pub line: Option<u64>,
    /// What to write there.
    pub value: String,
}

impl Prediction {
    /// The time to cut over in words.
    pub fn told(&self) -> String {
        self.cutover.map_or_else(|| "no limit".to_owned(), |cutover| format!("at most {cutover}"))
    }

    /// What to change, in words; `None` where no setting is known.
    pub fn change(&self) -> Option<String> {
        if self.changes.is_empty() {
            return None;
        }
        let each = self.changes.iter().map(|change| {
            let line = change.line.map(|line| format!(" on line {line}")).unwrap_or_default();
            format!("`{}`{line} to `{}`", change.setting, change.value)
        });
        Some(format!("set {}", each.collect::<Vec<_>>().join(" and ")))
    }
}
