//! What people state about a record: its lines do not hold it, and a verdict needs it.

use super::moment::RecordTime;
use crate::model::Objectives;
use std::collections::BTreeMap;

/// What people state about a record that it does not hold itself: objectives, providers, times of the outage.
#[derive(Debug, Clone, Default)]
pub struct StatedFacts {
    /// What was promised.
    pub objectives: Option<Objectives>,
    /// Names of the providers, the primary first.
    pub providers: Vec<String>,
    /// How many of the first share the load; 0 and 1 mean that none do.
    pub sharing: usize,
    /// The providers that broke, where several share the load.
    pub broken: Vec<String>,
    /// Providers by what the record calls them: an address, a server's name.
    pub called: BTreeMap<String, String>,
    /// When the outage began.
    pub fault: Option<RecordTime>,
    /// When its cause was gone.
    pub heal: Option<RecordTime>,
    /// How far off these two may be, either way, in nanoseconds.
    pub uncertainty: i64,
    /// True where it was stated from when on the record counts.
    pub since: bool,
}
