//! The end of a walk before its last step.

use super::words;
use serde::{Deserialize, Serialize};

words! {
    /// How a walk that ends at a step is seen.
    WalkResult {
        /// All is well, and what was done stays.
        Well = "well",
        /// It has failed: what becomes of what was done is said by the step's `on_failure`.
        Failed = "failed",
    }
}

/// The walk ends here, and no later step runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopHere {
    /// How it ends.
    pub end: WalkResult,
    /// Why, for whoever reads it; may contain variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
