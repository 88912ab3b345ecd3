//! What is recorded of a runbook that is walked for real, besides its steps.
//!
//! Its history is its journal as well: from these events and those of its steps it is told where to go on after a crash. Its first event is
//! `execution_started` in place of a drill's `started`; everything else of the format is the same.

use super::format::FormatVersion;
use super::run_origin::RunOrigin;
use crate::model::{AcknowledgementWay, ExecutionPlan, StepEnd, words};
use crate::units::Seed;

/// A runbook began to be walked for real.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionStarted {
    /// The format of the history that it was read from; what is written is always in the newest.
    pub format: FormatVersion,
    /// Version of Lifeboat.
    pub lifeboat: String,
    /// The execution's identifier; also the name of its folder.
    pub execution: String,
    /// The seed of its randomness: the jitter between tries.
    pub seed: Seed,
    /// The wall-clock time of the origin, RFC 3339.
    pub wall_clock: String,
    /// Who started it, where, why, and from which files.
    pub origin: RunOrigin,
    /// The project's folder: where commands run.
    pub root: String,
    /// Everything else that was decided beforehand.
    pub plan: ExecutionPlan,
}

/// It goes on after it was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The wall-clock time, RFC 3339.
    pub wall_clock: String,
    /// True where it goes on by taking back what was done.
    pub undo: bool,
}

/// A person wrote something down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What, without secrets.
    pub text: String,
}

/// Somebody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacted {
    /// The contact's name in the inventory.
    pub contact: String,
    /// Why now.
    pub because: String,
    /// Done where it was sent, failed where it could not be, skipped where a person at the terminal must do it.
    pub end: StepEnd,
    /// How: what was shown, or what went wrong. Never an address that may be a secret.
    pub output: String,
    /// Which message of this execution it is, by the name that goes out with it; empty in older histories.
    pub key: String,
    /// What was said, where that is an update; without secrets.
    pub said: String,
}

/// An update is about to be sent. Without the event that says what became of it, it may have been, and is not sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateBegun {
    /// The contact's name in the inventory.
    pub contact: String,
    /// As in [`Contacted`].
    pub key: String,
}

/// Somebody acknowledged: they know, and look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// How.
    pub how: AcknowledgementWay,
    /// The contacts of escalations that are not told any more because of it.
    pub spared: Vec<String>,
}

/// There is an incident on a status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageIncidentOpened {
    /// The contact's name in the inventory.
    pub contact: String,
    /// The page's identifier of the incident.
    pub incident: String,
}

/// A step took longer than was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepOverran {
    /// Its place in the runbook, from 0.
    pub step: u32,
    /// Nanoseconds that were expected.
    pub expected: u64,
}

/// A step begins to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UndoStarted {
    /// Its place in the runbook, from 0.
    pub step: u32,
}

words! {
    /// How an execution ended.
    ExecutionEnd {
        /// Every step came to its turn, and none failed that may not.
        Done = "done",
        /// A step failed, and what was done stays.
        Failed = "failed",
        /// What was done was taken back.
        Undone = "undone",
        /// Something could not be taken back, and may be tried again.
        PartlyUndone = "partly-undone",
        /// A person stopped it, or nobody said what becomes of a step whose outcome is unknown.
        Stopped = "stopped",
    }
}

/// The walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutionFinished {
    /// How.
    pub end: ExecutionEnd,
}
