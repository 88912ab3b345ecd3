//! A schedule: which drills are due when, and what becomes of one that could not begin.
//!
//! What this file does not do: reckon (`schedule`), or run (`scheduler`).

use super::{DuePattern, words};
use crate::units::{Duration, ZoneName};
use serde::{Deserialize, Serialize};

/// Drills that are due again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillSchedule {
    /// Its name, for example `support-chat-quarterly`.
    pub name: String,
    /// The scenario files, as paths from the project's root, in their order. Never empty.
    pub scenarios: Vec<String>,
    /// Where they run.
    pub environment: String,
    /// When they are due.
    pub when: DueRule,
    /// Until how long after it was due an occurrence may still begin on time.
    pub window: Duration,
    /// At most so long after that it begins: how long exactly is drawn from the schedule's name, and stays the same.
    pub jitter: Duration,
    /// What becomes of one whose window has passed.
    pub if_missed: IfMissed,
    /// What becomes of one that is due while drills of the same schedule run.
    pub overlap: OverlapPolicy,
    /// Within which time something that counts must have been drilled, a drill that somebody ran by hand included; `None` demands nothing.
    pub cadence: Option<Duration>,
    /// Who must have approved it beforehand.
    pub approval: Option<ApprovalWish>,
    /// Who is told.
    pub notify: ScheduleNotices,
}

/// When something is due: a rule, read on the clocks of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueRule {
    /// As it was written, in words or as five fields of cron, without its zone.
    pub text: String,
    /// Whose clocks.
    pub zone: ZoneName,
    /// The same, understood.
    pub rule: DuePattern,
}

words! {
    /// What becomes of an occurrence whose window has passed.
    IfMissed {
        /// It begins once it can, the newest alone.
        RunLate = "run-late",
        /// It stays missed.
        Skip = "skip",
        /// Somebody decides.
        Ask = "ask",
    }
}

words! {
    /// What becomes of an occurrence that is due while drills of the same schedule run.
    OverlapPolicy {
        /// It is missed.
        Skip = "skip",
        /// It waits, within its window.
        Wait = "wait",
    }
}

/// Whose approval is wanted, and how long beforehand it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalWish {
    /// Contacts of the inventory.
    pub by: Vec<String>,
    /// How long before it is due they are asked.
    pub before: Duration,
}

/// Who is told of an occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScheduleNotices {
    /// How long before it is due.
    pub before: Option<Duration>,
    /// Contacts that are told before.
    pub to: Vec<String>,
    /// Contacts that are told how it went.
    pub after: Vec<String>,
}
