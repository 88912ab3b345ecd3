//! How a history begins: the first event of a drill, and that of an execution.

use super::plan::{ExecutionPlanRecord, PlanRecord};
use super::record::{is_usual, record};
use crate::history::{ExecutionStarted, Started};
use crate::units::Seed;

record! {
    struct StartedRecord of Started {
        format: u32,
        lifeboat: String,
        drill: String,
        seed: Seed,
        wall_clock: String,
        #[serde(default, skip_serializing_if = "is_usual")]
        wall_clock_error: u64,
        gap_max: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gaps_beside: Vec<u64>,
        #[serde(default, skip_serializing_if = "is_usual")]
        drawn: bool,
        plan: PlanRecord,
    }
}

record! {
    struct ExecutionStartedRecord of ExecutionStarted {
        format: u32,
        lifeboat: String,
        execution: String,
        seed: Seed,
        wall_clock: String,
        root: String,
        plan: ExecutionPlanRecord,
    }
}
