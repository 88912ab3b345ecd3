//! What a runbook asks others itself.

use super::call::{CommandRecord, HttpCallRecord, KubernetesObjectRecord};
use super::record::record;
use crate::model::{Inquiry, InquiryGoal, InquirySource};
use crate::units::Duration;

record! {
    struct InquiryRecord of Inquiry {
        of: InquirySourceRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        json: Option<String>,
        expects: InquiryGoalRecord,
        in_a_row: u32,
        every: Duration,
        timeout: Duration,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum InquirySourceRecord of InquirySource {
        Run(inner: CommandRecord),
        Http(inner: HttpCallRecord),
        Promql {
            query: String,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            prometheus: Option<String>,
        },
        Dns(inner: String),
        Tcp(inner: String),
        Kubernetes {
            store: String,
            object: KubernetesObjectRecord,
        },
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum InquiryGoalRecord of InquiryGoal {
        Good,
        Bad,
        Exits(inner: u8),
        Is(inner: String),
        IsNot(inner: String),
        Contains(inner: String),
        Matches(inner: String),
        Above(inner: f64),
        Below(inner: f64),
        Something,
        Nothing,
        Condition(inner: String),
    }
}
