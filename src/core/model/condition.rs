//! What a runbook waits for: a measure of the live traffic, or of a probe of its own, an alert, or anybody's answer.

use super::{Inquiry, InquiryGoal, InquirySource};
use crate::units::{Duration, Money, Ratio};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The runbook's own probe; `None` looks at the drill's live traffic.
    pub request: Option<HttpProbe>,
    /// What must be seen.
    pub goal: Goal,
    /// What counts in its place where a runbook is walked for real, without a drill's traffic (`outside` in YAML).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Box<Self>>,
}

/// A request that the runbook sends itself, again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpProbe {
    /// The URL (`to` in YAML); may contain variables such as `${service.url}`.
    pub to: String,
    /// From the start of one probe to the start of the next.
    pub every: Duration,
    /// A probe that takes longer has failed.
    pub timeout: Duration,
    /// Its headers; values may contain variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// What must be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// This many failures in a row (`fails: 3 in a row`).
    Fails(u32),
    /// This many successes in a row (`succeeds: 3 in a row`).
    Succeeds(u32),
    /// A share of successes over the last while (`success: 99% over 5s`); at least one request in it.
    Success {
        /// At least this share.
        ratio: Ratio,
        /// Over this long, ending now.
        over: Duration,
    },
    /// This share of requests was answered in less than so long (`latency: p95 below 2s over 10s`); at least one request in it. What was
    /// not answered was not answered in time.
    Latency {
        /// The quantile as a share.
        share: Ratio,
        /// By the moment that the service level counts: the first content, or the end.
        below: Duration,
        /// Over this long, ending now.
        over: Duration,
    },
    /// An alert of this name has arrived and fires (`alert: ProviderDown`).
    Alert(String),
    /// An alert of this name has arrived and is over (`resolved: ProviderDown`).
    Resolved(String),
    /// Every answer of the last while came from there (`served_by: standby over 2s`); at least one answer in it.
    ServedBy {
        /// From whom.
        who: ProviderSelector,
        /// Over this long, ending now.
        over: Duration,
    },
    /// Answers have cost so much since the first fault, at the prices that the drill knows (`spend: 0.05 USD`).
    Spend(Money),
    /// Somebody whom the runbook asks itself answers as it should (`promql: …, above: 0.99`, `tcp: HOST:PORT`, …).
    Asked(Box<Inquiry>),
}

/// Who serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderSelector {
    /// The service's first provider.
    Primary,
    /// Any other provider of the service.
    Standby,
    /// The provider of this name.
    Provider(String),
}

impl std::fmt::Display for ProviderSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::Provider(name) => name,
        })
    }
}

impl Condition {
    /// Of the drill's traffic, or an alert.
    pub const fn of(goal: Goal) -> Self {
        Self { request: None, goal, outside: None }
    }

    /// What counts where it is looked at: in a drill itself, outside one what is named for that.
    pub fn here(&self, in_drill: bool) -> &Self {
        self.outside.as_deref().filter(|_| !in_drill).unwrap_or(self)
    }

    /// True where only a drill's traffic shows it: neither a probe, nor an alert, nor anybody's answer.
    pub fn looks_at_traffic(&self) -> bool {
        self.request.is_none() && self.goal.alert().is_none() && !matches!(self.goal, Goal::Asked(_))
    }

    /// True where it shows that somebody answered who was asked.
    pub fn sees_the_service(&self) -> bool {
        match &self.goal {
            Goal::Fails(_) => false,
            Goal::Asked(inquiry) => matches!(inquiry.of, InquirySource::Http(_)) && inquiry.expects != InquiryGoal::Bad,
            _ => self.request.is_some(),
        }
    }

    /// Every text in it that may hold variables.
    pub fn texts(&self) -> Vec<&str> {
        let probe = self.request.iter().flat_map(|probe| std::iter::once(&probe.to).chain(probe.headers.values())).map(String::as_str);
        let asked = if let Goal::Asked(inquiry) = &self.goal { inquiry.texts() } else { Vec::new() };
        probe.chain(asked).chain(self.outside.iter().flat_map(|outside| outside.texts())).collect()
    }
}

impl Goal {
    /// The alert that it is about.
    pub fn alert(&self) -> Option<&str> {
        match self {
            Self::Alert(name) | Self::Resolved(name) => Some(name),
            _ => None,
        }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fails(count) => write!(f, "{count} failures in a row"),
            Self::Succeeds(count) => write!(f, "{count} successes in a row"),
            Self::Success { ratio, over } => write!(f, "{ratio} success over {over}"),
            Self::Latency { share, below, over } => {
                write!(f, "p{} below {below} over {over}", share.to_string().trim_end_matches('%'))
            }
            Self::Alert(name) => write!(f, "the alert {name}"),
            Self::Resolved(name) => write!(f, "the end of the alert {name}"),
            Self::ServedBy { who, over } => write!(f, "served by {who} over {over}"),
            Self::Spend(most) => write!(f, "a spend of {most}"),
            Self::Asked(inquiry) => inquiry.fmt(f),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.request {
            Some(probe) => write!(f, "{} of requests to {}", self.goal, probe.to),
            None => write!(f, "{}", self.goal),
        }
    }
}
