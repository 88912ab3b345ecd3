//! Series of the team's own: where a plan finds them, and what was read.

use super::record::record;
use crate::history::OverlayRead;
use crate::model::{Overlay, OverlaySource, PrometheusBinding};
use serde::{Deserialize, Serialize};

record! {
    struct OverlayRecord of Overlay {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
        from: OverlaySourceRecord,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum OverlaySourceRecord of OverlaySource {
        Prometheus { url: String, promql: String },
        Csv { path: String, time: String, value: String },
    }
}

record! {
    struct PrometheusBindingRecord of PrometheusBinding {
        url: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_from: Option<String>,
    }
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "OverlayRead")]
pub(super) struct OverlayReadRecord {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    points: Vec<(i64, f64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}
