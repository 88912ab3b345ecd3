//! What is recorded of the team's own alerts, as they arrive.

use crate::model::words;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertReceived {
    /// When its last byte had come.
    pub at: u64,
    /// Who sent it.
    pub source: AlertSource,
    /// What it is called there: an alert's name, an incident's title.
    pub name: String,
    /// Which of several of this name; empty where the sender does not tell.
    pub instance: String,
    /// False where it tells of the alert's end.
    pub firing: bool,
    /// When it began to fire, by its sender's clock, RFC 3339; `None` where the sender does not tell.
    pub starts_at: Option<String>,
    /// When it ended, by its sender's clock, RFC 3339; only of an end.
    pub ends_at: Option<String>,
}

/// From here on alerts are taken while a runbook is walked for real.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertsAwaited {
    /// The address that they are posted to on this host.
    pub url: String,
}

/// Alerts that arrived and were not recorded one by one. Recorded once, at the end, where there were any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertsLeftOut {
    /// Of those that the plan waits for, more than are taken: what it waited for may have been among them.
    pub awaited: u64,
    /// Of others, beyond the first.
    pub others: u64,
    /// Told what was already known.
    pub repeated: u64,
    /// Without a name or a state.
    pub unread: u64,
}

impl std::fmt::Display for AlertsLeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { awaited, others, repeated, unread } = *self;
        let counts = [
            (awaited, "were among those that the plan waits for, but more than it records, and were dropped"),
            (others, "had names that nothing waits for"),
            (repeated, "repeated what was known"),
            (unread, "had no name or no state"),
        ];
        let parts: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        write!(f, "alerts that were not recorded one by one: {}", parts.join("; "))
    }
}
