//! Where the seconds went: the moments between a fault and the return of the primary, in order, each with the time since the one before.

use super::text::Text;
use crate::verdict::Interval;
use serde::Serialize;

/// The moments of one workload's outage, on one axis that begins when the fault was in force.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Waterfall {
    /// In the order in which they happened; moments that were not seen stand where they would have come.
    pub stages: Vec<WaterfallStage>,
    /// Where the way leads that the shares are parts of: what the objective is held against, the cutover or the restoration.
    pub goal: WaterfallMoment,
    /// The time that the objective allows from the fault to the goal, in nanoseconds; `None` where nothing was promised.
    pub budget_ns: Option<i64>,
    /// Where most of the time went, in a sentence; empty where that is not known.
    pub summary: Text,
}

/// A moment, and what led to it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WaterfallStage {
    /// Which.
    pub moment: WaterfallMoment,
    /// The same in words, as `the runbook saw it`.
    pub label: Text,
    /// When, in nanoseconds after the fault was in force; `None` where it was not seen or did not happen.
    pub at: Option<StageTime>,
    /// Since the moment before on the way to the goal, in nanoseconds; `None` for the first, for those beside the way, and for those that were
    /// not seen.
    pub took: Option<StageTime>,
    /// The same as a part of the time from the fault to the goal, from 0 to 1, by the upper ends, so that all of them add up to 1; `None` after
    /// the goal and where that is not known.
    pub share: Option<f64>,
    /// The time that was allowed for it, in nanoseconds; `None` where nothing was promised. It counts from the fault, that of the return of the primary
    /// from the heal.
    pub budget_ns: Option<i64>,
    /// Who tells: traffic, a proxy, the runbook, or why nobody does.
    pub source: Text,
}

/// Nanoseconds between which something lies; without an upper end it had not happened when nobody looked any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct StageTime {
    /// Not before.
    pub lo_ns: i64,
    /// Not after.
    pub hi_ns: Option<i64>,
}

impl From<Interval> for StageTime {
    fn from(interval: Interval) -> Self {
        Self { lo_ns: interval.lo, hi_ns: interval.hi }
    }
}

/// A moment between a fault and the return of the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaterfallMoment {
    /// The fault was in force.
    FaultActive,
    /// The first request was hurt by it.
    FirstHurt,
    /// The team's own alert arrived.
    Alerted,
    /// The runbook's condition saw it.
    Detected,
    /// Somebody, or the runbook, decided what to do.
    Decided,
    /// What was decided was done.
    Acted,
    /// The first request to a standby, where the gateway's own way there is not what is told as detected.
    StandbyAsked,
    /// The first good answer of a standby.
    FirstStandby,
    /// Service is good again, whoever serves, and holds.
    Restored,
    /// A standby serves, and holds.
    CutOver,
    /// Service was good for as long as the objective asks.
    Stable,
    /// The fault was healed.
    Healed,
    /// The primary serves again, and holds.
    FailedBack,
}
