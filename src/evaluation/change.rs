//! How a candidate changed between two comparisons, by one measure.

use super::measure::CompareMeasure;
use crate::model::words;
use serde::{Deserialize, Serialize};

words! {
    /// How something changed.
    ChangeKind {
        /// It is shown to be worse.
        Worse = "worse",
        /// It is shown to be better.
        Better = "better",
        /// Nothing is shown.
        Alike = "no change shown",
        /// One of them was not measured.
        Unknown = "not comparable",
    }
}

/// How a candidate changed by one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MeasureChange {
    /// The candidate.
    pub candidate: String,
    /// By what.
    pub measure: CompareMeasure,
    /// As it was: a share, milliseconds, tokens a second, dollars.
    pub before: Option<f64>,
    /// As it is.
    pub now: Option<f64>,
    /// How many prompts or requests say so.
    pub of: u64,
    /// The probability that chance alone makes as much of a difference.
    pub chance: Option<f64>,
    /// What that comes to.
    pub change: ChangeKind,
}

impl MeasureChange {
    /// Whether it is shown to be worse.
    pub fn is_worse(&self) -> bool {
        self.change == ChangeKind::Worse
    }
}
