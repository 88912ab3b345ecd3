//! Paging services, and what it takes to speak to one. What is said there: `paging`.

use crate::units::Secret;

/// Where PagerDuty takes events, unless somebody says otherwise.
const PAGERDUTY_EVENTS: &str = "https://events.pagerduty.com/v2/enqueue";
/// Its REST API.
const PAGERDUTY_API: &str = "https://api.pagerduty.com";
/// Opsgenie's API.
const OPSGENIE: &str = "https://api.opsgenie.com";

/// A paging service, with the keys for it.
#[derive(Debug, Clone)]
pub enum AlertDesk {
    /// PagerDuty.
    Pagerduty {
        /// The routing key.
        key: Secret,
        /// Where events go.
        at: String,
        /// A token that may read incidents, and where.
        read: Option<(Secret, String)>,
    },
    /// Opsgenie.
    Opsgenie {
        /// The integration's key.
        key: Secret,
        /// Where its API is.
        at: String,
    },
}

impl AlertDesk {
    /// PagerDuty, with its own addresses where no others are given.
    pub(super) fn pagerduty(key: Secret, at: Option<String>, token: Option<Secret>, api: Option<String>) -> Self {
        let base = |api: Option<String>| api.unwrap_or_else(|| PAGERDUTY_API.to_owned());
        Self::Pagerduty { key, at: at.unwrap_or_else(|| PAGERDUTY_EVENTS.to_owned()), read: token.map(|token| (token, base(api))) }
    }

    /// Opsgenie.
    pub(super) fn opsgenie(key: Secret, at: Option<String>) -> Self {
        Self::Opsgenie { key, at: at.unwrap_or_else(|| OPSGENIE.to_owned()) }
    }

    /// The service, for people.
    pub const fn vendor(&self) -> &'static str {
        match self {
            Self::Pagerduty { .. } => "PagerDuty",
            Self::Opsgenie { .. } => "Opsgenie",
        }
    }

    /// Where it takes alerts.
    pub(super) fn address(&self) -> &str {
        match self {
            Self::Pagerduty { at, .. } | Self::Opsgenie { at, .. } => at,
        }
    }

    /// True where it can be asked whether somebody has acknowledged.
    pub const fn can_be_asked(&self) -> bool {
        match self {
            Self::Pagerduty { read, .. } => read.is_some(),
            Self::Opsgenie { .. } => true,
        }
    }
}
