//! How a verdict writes down what it was held against, as far as a reader needs it to check the verdict: lengths in milliseconds.

use super::Millis;
use crate::model::{Gate, Objectives, SloOn};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
struct AppliedTerms {
    rto_ms: Millis,
    gate: Gate,
    hold_ms: Millis,
    slo_ms: Millis,
    slo_on: SloOn,
    deadline_ms: Millis,
    success: f64,
    baseline_success: f64,
    failback_rto_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_rescued: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rescued_after_ms: Option<Millis>,
    rotation_ms: Millis,
    lag_max_ms: Millis,
}

pub(super) fn serialize<S: Serializer>(objectives: &Objectives, serializer: S) -> Result<S::Ok, S::Error> {
    AppliedTerms {
        rto_ms: objectives.rto.into(),
        gate: objectives.gate,
        hold_ms: objectives.hold.into(),
        slo_ms: objectives.slo.into(),
        slo_on: objectives.slo_on,
        deadline_ms: objectives.deadline.into(),
        success: objectives.success.get(),
        baseline_success: objectives.baseline_success.get(),
        failback_rto_ms: objectives.failback.map(Millis::from),
        max_rescued: objectives.rescued.map(|rescues| rescues.at_most.get()),
        rescued_after_ms: objectives.rescued.map(|rescues| rescues.after.into()),
        rotation_ms: objectives.rotation.into(),
        lag_max_ms: objectives.lag_max.into(),
    }
    .serialize(serializer)
}
