//! An execution that goes on otherwise than it was begun.

use super::plan::ExecutionPlanRecord;
use super::record::{Via, is_usual};
use crate::history::{HandedOver, Mended, Settlement, StepSettled, TakenOver};
use crate::model::ExecutionPlan;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Mended")]
pub(super) struct MendedRecord {
    #[serde(with = "Via::<ExecutionPlanRecord>")]
    #[schemars(with = "ExecutionPlanRecord")]
    plan: ExecutionPlan,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    difference: String,
    by: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "StepSettled")]
pub(super) struct StepSettledRecord {
    step: u32,
    becomes: Settlement,
    #[serde(default, skip_serializing_if = "is_usual")]
    undo: bool,
    by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "HandedOver")]
pub(super) struct HandedOverRecord {
    to: String,
    #[serde(default, skip_serializing_if = "is_usual")]
    at_once: bool,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "TakenOver")]
pub(super) struct TakenOverRecord {
    by: String,
    from: String,
}
