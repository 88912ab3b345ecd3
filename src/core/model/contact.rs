//! Who can be told something: a person, a channel, a paging service, a status page.

use super::{CredentialSource, words};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A person or a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// As shown on the screen and in reports.
    pub name: String,
    /// `webhook:URL`, `mailto:ADDRESS` or `tel:NUMBER`; may contain `${VARIABLE}`.
    pub reach: Option<String>,
    /// Where the token is found by which this one answers from elsewhere than the terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_from: Option<CredentialSource>,
    /// A service that takes messages by an API of its own, in place of `reach`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ContactService>,
}

/// A service that takes messages by an API of its own. Keys and tokens are references, as `env:NAME`; never their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactService {
    /// A service of PagerDuty: Events API v2, and its REST API where a token for reading is named.
    Pagerduty(PagerdutyService),
    /// An API integration of Opsgenie: Alert API v2.
    Opsgenie(OpsgenieIntegration),
    /// A status page of Atlassian Statuspage: API v1.
    Statuspage(StatusPage),
    /// A status page of Instatus: API v1.
    Instatus(StatusPage),
}

impl ContactService {
    /// The key that introduces it in YAML.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pagerduty(_) => "pagerduty",
            Self::Opsgenie(_) => "opsgenie",
            Self::Statuspage(_) => "statuspage",
            Self::Instatus(_) => "instatus",
        }
    }

    /// Its name as its vendor writes it.
    pub const fn vendor(&self) -> &'static str {
        match self {
            Self::Pagerduty(_) => "PagerDuty",
            Self::Opsgenie(_) => "Opsgenie",
            Self::Statuspage(_) => "Statuspage",
            Self::Instatus(_) => "Instatus",
        }
    }

    /// The page, where it is one that customers read.
    pub const fn page(&self) -> Option<&StatusPage> {
        match self {
            Self::Statuspage(page) | Self::Instatus(page) => Some(page),
            Self::Pagerduty(_) | Self::Opsgenie(_) => None,
        }
    }
}

/// A service of PagerDuty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagerdutyService {
    /// The routing key.
    pub key: String,
    /// Another address for events than PagerDuty's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// A token that may read incidents, by which an acknowledgement is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Another address of the REST API than PagerDuty's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
}

/// An API integration of Opsgenie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpsgenieIntegration {
    /// The integration's key.
    pub key: String,
    /// Another address than Opsgenie's own, for example that of its European region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// A status page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusPage {
    /// The page's identifier.
    pub page: String,
    /// A token that may write incidents.
    pub token: String,
    /// Another address than the vendor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The incident's title; may contain variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What each component is said to be while it lasts, by the component's identifier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, ComponentImpact>,
}

words! {
    /// What a component of a status page is said to be while an incident lasts.
    ComponentImpact {
        /// It works, and slowly or not always.
        DegradedPerformance = "degraded_performance",
        /// A part of it does not work.
        PartialOutage = "partial_outage",
        /// It does not work.
        MajorOutage = "major_outage",
        /// It is worked on.
        UnderMaintenance = "under_maintenance",
        /// It works: the incident does not touch it.
        Operational = "operational",
    }
}

words! {
    /// Until when an escalation is sent.
    EscalationUntil {
        /// Until the runbook ends.
        End = "end",
        /// Until somebody acknowledges.
        Acknowledged = "acknowledged",
    }
}

words! {
    /// How somebody acknowledged.
    AcknowledgementWay {
        /// A line typed at the terminal.
        Terminal = "terminal",
        /// A one-time link.
        Link = "link",
        /// A call with a token of their own.
        Token = "token",
        /// A call that they signed.
        Signature = "signature",
        /// In PagerDuty.
        Pagerduty = "pagerduty",
        /// In Opsgenie.
        Opsgenie = "opsgenie",
    }
}

impl AcknowledgementWay {
    /// For people, after the name.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Terminal => "typed at the terminal; not verified",
            Self::Link => "by a one-time link",
            Self::Token => "token verified",
            Self::Signature => "signature verified",
            Self::Pagerduty => "in PagerDuty",
            Self::Opsgenie => "in Opsgenie",
        }
    }
}

/// A message that is sent again and again while a runbook is walked, or when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// When.
    pub when: UpdateTime,
    /// A contact's name.
    pub to: String,
    /// May contain variables.
    pub message: String,
    /// The template that the message comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// When an update is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateTime {
    /// Again and again, while it lasts.
    Every {
        /// The time between two.
        every: Duration,
        /// From the runbook's start to the first.
        start_after: Duration,
    },
    /// When it ends so; any end where none is named.
    AtEnd {
        /// Words of `ExecutionEnd`.
        ends: Vec<String>,
    },
}
