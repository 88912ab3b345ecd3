//! One look at a hop, and how it ended.

use crate::model::{CheckOutcome, HopCheck, HopReason};
use serde::{Deserialize, Serialize};

/// One look at a hop, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopFinding {
    /// What was looked at.
    pub check: HopCheck,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// Why it did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<HopReason>,
    /// What was seen, or why nothing was looked at, as a part of a sentence.
    pub told: String,
}

impl HopFinding {
    /// It is as it must be.
    pub fn fine(check: HopCheck, told: impl Into<String>) -> Self {
        Self { check, outcome: CheckOutcome::Fine, reason: None, told: told.into() }
    }

    /// It works, and somebody should look into it.
    pub fn warning(check: HopCheck, reason: HopReason, told: impl Into<String>) -> Self {
        Self { check, outcome: CheckOutcome::Warning, reason: Some(reason), told: told.into() }
    }

    /// What needs it fails.
    pub fn failing(check: HopCheck, reason: HopReason, told: impl Into<String>) -> Self {
        Self { check, outcome: CheckOutcome::Failing, reason: Some(reason), told: told.into() }
    }

    /// Nothing was learnt, and why.
    pub fn unlooked(check: HopCheck, told: impl Into<String>) -> Self {
        Self { check, outcome: CheckOutcome::NotLookedAt, reason: None, told: told.into() }
    }
}
