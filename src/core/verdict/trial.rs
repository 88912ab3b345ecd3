//! Whether a trial proves anything: decided on data from before the fault, on the generator's own lateness and on the proxies'
//! count, never on how the drill came out.

use super::window::{Tri, good};
use super::{Basis, Reason};
use crate::history::{By, Edge, Evidence, Lost, Outcome};
use crate::units::reaches;

/// Requests that began and ended before the fault; and of all requests, in the same pass over them, what a trial is valid by.
pub(super) struct BaselineCounts {
    /// Of all of them the ones that were due and not sent.
    pub(super) unsent: u64,
    /// How late the latest of all was sent, in nanoseconds; 0 where none was late.
    pub(super) lag: i64,
    pub(super) requests: u64,
    pub(super) good: u64,
    pub(super) by_primary: u64,
}

impl BaselineCounts {
    /// Counted before the fault; without a fault, everything is before it.
    pub(super) fn of(evidence: &Evidence) -> Self {
        let before = evidence.fault.map_or(i64::MAX, |fault| fault.lo);
        let mut baseline = Self { unsent: 0, lag: 0, requests: 0, good: 0, by_primary: 0 };
        // What a record cannot tell is not held against the time before the fault; after it, it proves nothing.
        let untimed = evidence.lacks(Lost::AnswerTimes) || evidence.lacks(Lost::FirstContent);
        let nameless = evidence.lacks(Lost::WhoServed);
        for request in evidence.requests.iter() {
            baseline.unsent += u64::from(request.outcome == Outcome::Unsent);
            baseline.lag = baseline.lag.max(request.sent - request.due);
            if request.due >= before || request.done >= before {
                continue;
            }
            baseline.requests += 1;
            let reading = good(&evidence.objectives, &request);
            baseline.good += u64::from(reading == Tri::Yes || (untimed && reading == Tri::Maybe));
            baseline.by_primary += u64::from(match request.by {
                By::Provider(place) => evidence.primary.contains(&place),
                By::Unknown => nameless,
                By::Nobody => false,
            });
        }
        baseline
    }

    fn is_steady(&self, evidence: &Evidence) -> bool {
        let enough = |count: u64| reaches(count, self.requests, evidence.objectives.baseline_success.get());
        self.requests >= u64::from(evidence.objectives.baseline_min) && enough(self.good) && enough(self.by_primary)
    }
}

/// The fault's edge, or the first reason for which the trial is void.
pub(super) fn flaw_of(evidence: &Evidence, baseline: &BaselineCounts, basis: &Basis) -> Result<Edge, Reason> {
    if basis.unsent > 0 {
        return Err(Reason::ScheduleIncomplete);
    }
    if basis.lag.is_some_and(|lag| lag.0 > evidence.objectives.lag_max.nanos()) {
        return Err(Reason::DriverLag);
    }
    if !baseline.is_steady(evidence) {
        return Err(Reason::BaselineUnstable);
    }
    if evidence.only_rotates {
        return evidence.fault.ok_or(Reason::RotationNotBegun);
    }
    // A key that is dead before anybody was refused proves nothing about the outage, and yet a lot about the key.
    let revoked = evidence.rotations.iter().any(|rotation| !rotation.planned && rotation.begun.is_some());
    // Where no proxy counts, the requests tell, once they are measured.
    let counted = !evidence.lacks(Lost::Touched);
    evidence.fault.filter(|_| evidence.touched > 0 || revoked || !counted).ok_or(Reason::FaultNotEffective)
}
