//! Whether a plan can be judged at all, before any evidence is looked at.

use super::Reason;
use crate::history::Evidence;

/// Upper bound of an interval's width for any recovery without a relapse between two probes, in nanoseconds: the largest gap between two
/// probes, the time that a good answer may take, how far the fault's edges are apart, and the clock's error at both ends.
pub(super) fn resolution(evidence: &Evidence) -> i64 {
    let instrument = &evidence.instrument;
    instrument.gap_max + evidence.objectives.slo.nanos() + instrument.fault_uncertainty + 2 * instrument.clock_error
}

/// The first reason for which the plan could never tell. Where keys are only rotated, no recovery is timed, and what it takes to time one
/// is not asked for.
pub(super) fn fault_of(evidence: &Evidence) -> Option<Reason> {
    let (objectives, instrument) = (&evidence.objectives, &evidence.instrument);
    if evidence.only_rotates {
        return (objectives.deadline < objectives.slo).then_some(Reason::DeadlineBelowSlo);
    }
    if resolution(evidence) >= objectives.rto.nanos() {
        return Some(Reason::ResolutionExceedsRto);
    }
    if objectives.hold.nanos() < 5 * instrument.gap_mean {
        return Some(Reason::HoldTooShort);
    }
    if objectives.deadline < objectives.slo {
        return Some(Reason::DeadlineBelowSlo);
    }
    instrument.planned_fault.filter(|planned| *planned < objectives.rto.nanos() + objectives.hold.nanos()).map(|_| Reason::HorizonTooShort)
}
