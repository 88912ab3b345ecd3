//! Requests over time, as bars.

use super::status::Grade;
use serde::Serialize;

/// Requests over time: what each provider answered, what was bad, and while what.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TrafficChart {
    /// All requests of each second of the traffic: the scale of the bars.
    pub requests: Vec<u32>,
    /// The bars, from the top; each as long as `requests` or shorter, where nothing comes any more.
    pub series: Vec<ChartSeries>,
    /// The time in which something was broken or replaced; `None` where nothing was.
    pub shade: Option<ChartShade>,
    /// What the bars are, as the beginning of a sentence.
    pub caption: &'static str,
}

/// One row of bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ChartSeries {
    /// The provider, or what else is counted.
    pub name: String,
    /// Good for answers, bad for what went wrong.
    pub grade: Grade,
    /// Requests of each second.
    pub counts: Vec<u32>,
}

/// A span of time that is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ChartShade {
    /// What it is.
    pub name: &'static str,
    /// Nanoseconds since the traffic began.
    pub from_ns: u64,
    /// The same; `None` where it lasted to the end.
    pub until_ns: Option<u64>,
    /// How long it may take until service is back, or the key is replaced.
    pub objective_ns: u64,
}
