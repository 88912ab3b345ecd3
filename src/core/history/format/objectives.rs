//! What was promised.

use super::record::{Recorded, record};
use crate::model::{DeclaredObjectives, Gate, LossBudget, Objectives, Rescues, SloOn};
use crate::units::{Duration, Money, Ratio};

record! {
    struct ObjectivesRecord of Objectives {
        rto: Duration,
        gate: Gate,
        hold: Duration,
        success: Ratio,
        slo: Duration,
        slo_on: SloOn,
        deadline: Duration,
        lead_in: u32,
        max_consecutive_bad: u32,
        lag_max: Duration,
        baseline_min: u32,
        baseline_success: Ratio,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failback: Option<Duration>,
        failback_hold: Duration,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<LossBudgetRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        truncated: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duplicates: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overshoot: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rescued: Option<RescuesRecord>,
        rotation: Duration,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_errors: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rpo: Option<Duration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity: Option<Ratio>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spend: Option<Money>,
    }
}

/// Format 1 has what was resolved in the form of what was declared, with everything but caps given.
impl From<DeclaredObjectivesRecord> for ObjectivesRecord {
    fn from(old: DeclaredObjectivesRecord) -> Self {
        Self::record(&old.restore().resolved())
    }
}

record! {
    struct DeclaredObjectivesRecord of DeclaredObjectives {
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity: Option<Ratio>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        residency: Option<Vec<String>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spend: Option<Money>,
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
