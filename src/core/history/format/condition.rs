//! What a runbook waits for, and how long people take.

use super::inquiry::InquiryRecord;
use super::record::record;
use crate::model::{Condition, Goal, HttpProbe, ProviderSelector, Reaction};
use crate::units::{Duration, Money, Ratio};
use std::collections::BTreeMap;

record! {
    struct ReactionRecord of Reaction {
        p50: Duration,
        p95: Duration,
    }
}

record! {
    struct ConditionRecord of Condition {
        request: Option<HttpProbeRecord>,
        goal: GoalRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outside: Option<Box<ConditionRecord>>,
    }
}

record! {
    struct HttpProbeRecord of HttpProbe {
        to: String,
        every: Duration,
        timeout: Duration,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum GoalRecord of Goal {
        Fails(inner: u32),
        Succeeds(inner: u32),
        Success {
            ratio: Ratio,
            over: Duration,
        },
        Latency {
            share: Ratio,
            below: Duration,
            over: Duration,
        },
        Alert(inner: String),
        Resolved(inner: String),
        ServedBy {
            who: ProviderSelectorRecord,
            over: Duration,
        },
        Asked(inner: Box<InquiryRecord>),
        Spend(inner: Money),
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum ProviderSelectorRecord of ProviderSelector {
        Primary,
        Standby,
        Provider(inner: String),
    }
}
