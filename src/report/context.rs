//! What stands beside a drill's history in its report: what people wrote into its folder, and what other drills showed.
//!
//! A report is a pure function of verdict, history and this.

use crate::history::Started;
use crate::model::KeptFindings;
use crate::verdict::{Decision, Interval};

/// What a drill's report takes from elsewhere than its history. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct DrillContext {
    /// What its `findings.yaml` keeps, else that of the newest drill of its scenario and environment before it.
    pub kept: Option<KeptFindings>,
    /// The drills of its scenario and environment before it; `None` where nobody asked for them.
    pub earlier: Option<EarlierDrills>,
}

/// Drills of one scenario, from the oldest to the newest.
#[derive(Debug, Clone, Default)]
pub struct EarlierDrills {
    /// Those that were found.
    pub drills: Vec<EarlierDrill>,
    /// How many more there are, older than these.
    pub older: u64,
    /// Folders beside them that hold a history and no verdict that can be read.
    pub unread: u64,
}

/// A drill as its `verdict.json` tells it.
#[derive(Debug, Clone)]
pub struct EarlierDrill {
    /// The name of its folder.
    pub name: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// Its verdict.
    pub verdict: Decision,
    /// From the fault to the cutover; `None` where nothing was measured.
    pub cutover: Option<Interval>,
    /// From the fault to when service was good again.
    pub restore: Option<Interval>,
    /// How many findings it left; `None` where that is not known.
    pub findings: Option<u64>,
    /// What was decided before it began; `None` where its history does not tell.
    pub started: Option<Box<Started>>,
}
