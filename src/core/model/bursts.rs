//! Requests that come many at once, on top of a workload's others.

use crate::units::Duration;

/// Requests on top of the others, many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bursts {
    /// From the start of one to the start of the next; the first comes this long after the traffic began.
    pub every: Duration,
    /// Requests of each.
    pub of: u32,
    /// How long one takes; its requests are spread evenly over this.
    pub within: Duration,
}

impl Bursts {
    /// When the request at this place is due, in nanoseconds from the start.
    pub fn due(&self, place: u64) -> u64 {
        let (burst, within) = (place / u64::from(self.of), place % u64::from(self.of));
        (burst + 1) * self.every.as_nanos() + self.within.as_nanos() * within / u64::from(self.of)
    }

    /// How many of them begin before a moment.
    pub(super) fn before(&self, until: Duration) -> u64 {
        until.as_nanos().saturating_sub(1) / self.every.as_nanos().max(1)
    }
}
