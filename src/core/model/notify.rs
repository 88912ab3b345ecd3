//! A message, and the ways on which it may go.

use super::words;
use serde::{Deserialize, Serialize};

words! {
    /// How bad it is, in PagerDuty's words.
    NotifySeverity {
        /// For the record.
        Info = "info",
        /// Something is not as it should be.
        Warning = "warning",
        /// Something does not work.
        Error = "error",
        /// Somebody must get up.
        Critical = "critical",
    }
}

/// A message and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Where it goes.
    pub channel: Channel,
    /// May contain variables.
    pub message: String,
    /// How bad it is.
    pub severity: NotifySeverity,
    /// The template that the message comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// Where a message goes. Addresses and keys are URLs, or `env:NAME`, since they are often secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Any webhook: `{"text": …, "severity": …}`.
    Webhook(String),
    /// An incoming webhook of Slack, or what is compatible: `{"text": …}`.
    Slack(String),
    /// An e-mail to this address, through the inventory's `mail`.
    Email(String),
    /// Whatever way the contact of this name is reached by.
    Contact(String),
    /// PagerDuty's Events API v2.
    Pagerduty {
        /// The routing key, as `env:NAME`.
        key: String,
        /// Another address than PagerDuty's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
}

impl Channel {
    /// The key that introduces it in YAML.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Email(_) => "email",
            Self::Contact(_) => "contact",
            Self::Pagerduty { .. } => "pagerduty",
        }
    }
}
