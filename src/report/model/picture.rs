//! The picture of a drill as data: everything that happened on one time axis, in nanoseconds since the traffic began.
//!
//! What this file does not do: draw. `render/svg` draws it, `render/bars` writes it as text.

use super::status::Grade;
use super::text::Text;
use super::waterfall::StageTime;
use serde::Serialize;

/// What happened in a drill, or in one workload of it, over time.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct DrillPicture {
    /// The workload that it shows, where a drill has several.
    pub about: Option<String>,
    /// The picture in words, for those who do not see it: each a sentence.
    pub words: Vec<Text>,
    /// The width of a column in nanoseconds.
    pub column_ns: u64,
    /// How many columns there are; every list of columns is as long.
    pub columns: usize,
    /// When the last request could be due: the last column ends here, narrower or wider than the others.
    pub end_ns: u64,
    /// Requests of each column, by who served them and how they ended: drawn on top of each other, in this order.
    pub series: Vec<PictureSeries>,
    /// Latency from when a request was due, of each column in which any was answered.
    pub latency: Vec<LatencyLine>,
    /// The longest latency that counts as good.
    pub limit: Option<LatencyLimit>,
    /// Times in which something lasted: faults, phases, steps, guards.
    pub spans: Vec<PictureSpan>,
    /// Moments: alerts, what the gateway's breaker did, notes of people.
    pub marks: Vec<PictureMark>,
    /// When the first fault was in force; what `objective` and `cutover` count from. `None` where there was none.
    pub fault_ns: Option<u64>,
    /// What was promised, counted from the fault.
    pub objective: Option<PictureObjective>,
    /// The measured interval that it is held against, counted from the fault.
    pub cutover: Option<PictureInterval>,
    /// Series of the team's own, each on a scale of its own.
    pub overlays: Vec<OverlaySeries>,
}

/// A length of time that was promised, to be drawn as a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PictureObjective {
    /// Nanoseconds after the fault.
    pub ns: u64,
    /// What stands beside the line, as `RTO 10 s`.
    pub label: String,
}

/// A measured interval, to be drawn as a bracket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PictureInterval {
    /// What was measured, in a word: `cutover`, `restore` or `new key`.
    pub word: &'static str,
    /// Nanoseconds after the fault.
    pub between: StageTime,
    /// What stands beside the bracket, as `cutover 2.95 to 3.13 s`.
    pub label: String,
    /// Whether that was in time.
    pub grade: Grade,
}

/// The longest latency that counts as good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct LatencyLimit {
    /// Of which latency.
    pub kind: LatencyKind,
    /// Nanoseconds from when a request was due.
    pub ns: u64,
}

/// Requests that ended alike, over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PictureSeries {
    /// The provider that served them, or how they ended: a word as `late`, `error`.
    pub name: String,
    /// Good for those that were well served.
    pub grade: Grade,
    /// How they ended.
    pub ending: SeriesEnding,
    /// Requests of each column, by when they were due.
    pub counts: Vec<u32>,
}

/// How the requests of a series ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesEnding {
    /// Good, by the provider with this place in the service's order, from 0.
    Provider(usize),
    /// Good, and nobody can tell who served them.
    Good,
    /// Answered, and too late.
    Late,
    /// Known not to have been served.
    Error,
    /// No answer by the deadline.
    Timeout,
    /// An answer that broke off.
    Truncated,
    /// Never sent.
    Unsent,
    /// Nobody can tell.
    Unknown,
}

/// A percentile of a latency over time.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LatencyLine {
    /// What it is, as `p95` or `p50 to the first token`.
    pub name: String,
    /// Of which quantity it is a percentile; lines of one kind share an axis.
    pub kind: LatencyKind,
    /// The percentile, from 0 to 1.
    pub quantile: f64,
    /// Nanoseconds of each column; `None` where nothing was answered.
    pub ns: Vec<Option<u64>>,
}

/// A length of time that percentiles are taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LatencyKind {
    /// From when a request was due to what its service level counts.
    Service,
    /// From when a request was due to the first token of a stream.
    FirstToken,
    /// From the first token of a stream to its end.
    Streaming,
}

/// Something that lasted.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PictureSpan {
    /// What kind of thing.
    pub kind: SpanKind,
    /// What, as `blackhole on azure-swedencentral`.
    pub name: Text,
    /// What it belongs to, as the provider whose breaker it is: what belongs together is drawn in one line.
    pub lane: Option<String>,
    /// How it ended, where that can go well or badly.
    pub grade: Grade,
    /// From when.
    pub from_ns: u64,
    /// Until when; `None` where it lasted to the end.
    pub until_ns: Option<u64>,
}

/// What lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// A fault in force.
    Fault,
    /// A phase of the drill.
    Phase,
    /// A step of the runbook.
    Step,
    /// A safety guard that saw its condition.
    Guard,
    /// A gateway's breaker that was open.
    Breaker,
}

/// A moment.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PictureMark {
    /// What kind of thing.
    pub kind: MarkKind,
    /// What happened.
    pub name: Text,
    /// What it belongs to, as for spans.
    pub lane: Option<String>,
    /// When.
    pub at_ns: u64,
}

/// What happened at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// An alert of the team's own arrived.
    Alert,
    /// The runbook began.
    Runbook,
    /// The gateway let a request through its open breaker, to see.
    Gateway,
    /// A key was made, stored or revoked.
    Key,
    /// A person wrote something down, or somebody was told.
    Note,
    /// The drill was stopped.
    Stop,
}

/// A series of the team's own monitoring.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct OverlaySeries {
    /// What the team calls it.
    pub name: Text,
    /// Its unit, where that is known.
    pub unit: Option<String>,
    /// Nanoseconds since the traffic began, which may be negative, and the value.
    pub points: Vec<(i64, f64)>,
}
