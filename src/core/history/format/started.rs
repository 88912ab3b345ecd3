//! How a history begins: the first event of a drill, and that of an execution.

use super::plan::{ExecutionPlanRecord, PlanRecord, SourceFileRecord};
use super::record::{is_usual, record};
use super::sabotage::KnownProofRecord;
use super::version::{FORMAT, FormatVersion};
use crate::history::{ExecutionStarted, RunOrigin, Started};
use crate::units::Seed;

record! {
    struct StartedRecord of Started {
        #[serde(skip_deserializing, default = "written")]
        format: FormatVersion,
        lifeboat: String,
        drill: String,
        seed: Seed,
        wall_clock: String,
        #[serde(default, skip_serializing_if = "is_usual")]
        wall_clock_error: u64,
        #[serde(default, skip_serializing_if = "is_usual")]
        origin: RunOriginRecord,
        gaps: Vec<u64>,
        #[serde(default, skip_serializing_if = "is_usual")]
        drawn: bool,
        plan: PlanRecord,
    }
}

record! {
    #[derive(Default)]
    struct RunOriginRecord of RunOrigin {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<SourceFileRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<KnownProofRecord>,
    }
}

record! {
    struct ExecutionStartedRecord of ExecutionStarted {
        #[serde(skip_deserializing, default = "written")]
        format: FormatVersion,
        lifeboat: String,
        execution: String,
        seed: Seed,
        wall_clock: String,
        #[serde(default, skip_serializing_if = "is_usual")]
        origin: RunOriginRecord,
        root: String,
        plan: ExecutionPlanRecord,
    }
}

const fn written() -> FormatVersion {
    FORMAT
}
