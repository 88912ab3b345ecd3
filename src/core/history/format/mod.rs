//! What is on disk: the lines of a history, with types of their own.
//!
//! The model may change as it likes. A type here says how one of its types is written, and is converted from and to it field by field, so that
//! a change of the model fails to compile here and never changes a file. Quantities and closed sets of words stand here as they are: their
//! form on disk is the text that users type, which is held by tests of their own.
//!
//! What this folder does not do: decide what is recorded (`event` and its siblings), or judge whether a history makes sense (`read`).

mod action;
mod call;
mod condition;
mod environment;
mod event;
mod first_line;
mod format_1;
mod guard;
mod inquiry;
mod inventory;
mod line;
mod objectives;
mod overlay;
mod people;
mod plan;
mod record;
mod resumption;
mod runbook;
mod sabotage;
mod started;
mod store;
mod timeline;
mod traffic;
mod traffic_line;
mod version;
mod workload;

pub(super) use first_line::writer_of;
pub use line::history_schema;
pub(super) use line::is_of_unknown_kind;
pub(super) use traffic_line::row as traffic_row;
pub use version::{FORMAT, FormatVersion, WrittenBy};

use crate::model::{DrillPlan, ExecutionPlan, Runbook};
use plan::ExecutionPlanRecord;
use record::Recorded;
use runbook::RunbookRecord;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A runbook as it comes out of a history: numbers may lose their last digit on the way.
pub fn runbook_as_recorded(runbook: &Runbook) -> Option<Runbook> {
    as_recorded::<_, RunbookRecord>(runbook)
}

/// The plan of an execution as it comes out of a history.
pub fn execution_as_recorded(plan: &ExecutionPlan) -> Option<ExecutionPlan> {
    as_recorded::<_, ExecutionPlanRecord>(plan)
}

/// The plan of a drill as it comes out of a history.
pub fn drill_as_recorded(plan: &DrillPlan) -> Option<DrillPlan> {
    as_recorded::<_, plan::PlanRecord>(plan)
}

fn as_recorded<M, R: Recorded<M> + Serialize + DeserializeOwned>(model: &M) -> Option<M> {
    let text = serde_json::to_vec(&R::record(model)).ok()?;
    serde_json::from_slice::<R>(&text).ok().map(R::restore)
}

#[cfg(test)]
mod tests;
