//! Measured intervals of several drills, one below the other on one axis: what repeats and comparisons show.

use super::status::ReportStatus;
use super::table::Quantity;
use super::text::Text;
use serde::Serialize;

/// Intervals on one axis that begins at 0.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct IntervalPlot {
    /// What is measured, as the beginning of a sentence: `Cutover after the fault`.
    pub caption: Text,
    /// The objective that they are held against, in nanoseconds.
    pub objective_ns: Option<i64>,
    /// One below the other.
    pub rows: Vec<PlottedInterval>,
}

/// A drill's interval.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PlottedInterval {
    /// Which drill.
    pub label: Text,
    /// The interval, always [`Quantity::Between`]; `None` where nothing was measured.
    pub interval: Option<Quantity>,
    /// How the drill ended.
    pub status: ReportStatus,
}
