//! What is recorded of the team's own alerts, as they arrive.

use crate::model::words;
use serde::{Deserialize, Serialize};

words! {
    /// Who sent an alert, told by the form of what came.
    AlertSource {
        /// Prometheus's Alertmanager.
        Alertmanager = "alertmanager",
        /// Grafana's alerting.
        Grafana = "grafana",
        /// PagerDuty's webhooks, version 3.
        Pagerduty = "pagerduty",
        /// Anything else, in plain JSON.
        Json = "json",
    }
}

/// An alert arrived, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertReceived {
    /// When its last byte had come.
    pub at: u64,
    /// Who sent it.
    pub source: AlertSource,
    /// What it is called there: an alert's name, an incident's title.
    pub name: String,
    /// Which of several of this name; empty where the sender does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// False where it tells of the alert's end.
    pub firing: bool,
}
