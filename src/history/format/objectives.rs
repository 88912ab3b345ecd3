//! What was promised.

use super::record::record;
use crate::model::{Gate, LossBudget, Objectives, Rescues, SloOn};
use crate::units::{Duration, Ratio};

record! {
    struct ObjectivesRecord of Objectives {
        rto: Option<Duration>,
        stable_for: Option<Duration>,
        success: Option<Ratio>,
        gate: Option<Gate>,
        slo: Option<Duration>,
        slo_on: Option<SloOn>,
        deadline: Option<Duration>,
        lead_in: Option<u32>,
        max_consecutive_bad: Option<u32>,
        lag_max: Option<Duration>,
        failback: Option<Duration>,
        lost: Option<LossBudgetRecord>,
        truncated: Option<u64>,
        duplicates: Option<u64>,
        overshoot: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rescued: Option<RescuesRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rotation: Option<Duration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_errors: Option<u64>,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum LossBudgetRecord of LossBudget {
        Requests(inner: u64),
        Share(inner: Ratio),
    }
}

record! {
    struct RescuesRecord of Rescues {
        at_most: Ratio,
        #[serde(default)]
        after: Duration,
    }
}
