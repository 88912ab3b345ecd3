//! Whether a plan can be judged at all, before any evidence is looked at.

use super::Reason;
use crate::history::{Evidence, Terms};

/// Upper bound of an interval's width for any recovery without a relapse between two probes, in nanoseconds: the largest gap between two
/// probes, the time that a good answer may take, how far the fault's edges are apart, and the clock's error at both ends.
pub(super) const fn resolution(terms: &Terms) -> i64 {
    terms.gap_max + terms.slo + terms.fault_uncertainty + 2 * terms.clock_error
}

/// The first reason for which the plan could never tell. Where keys are only rotated, no recovery is timed, and what it takes to time one
/// is not asked for.
pub(super) fn fault_of(evidence: &Evidence) -> Option<Reason> {
    let terms = &evidence.terms;
    if evidence.only_rotates {
        return (terms.deadline < terms.slo).then_some(Reason::DeadlineBelowSlo);
    }
    if resolution(terms) >= terms.rto {
        return Some(Reason::ResolutionExceedsRto);
    }
    if terms.hold < 5 * terms.gap_mean {
        return Some(Reason::HoldTooShort);
    }
    if terms.deadline < terms.slo {
        return Some(Reason::DeadlineBelowSlo);
    }
    terms.planned_fault.filter(|planned| *planned < terms.rto + terms.hold).map(|_| Reason::HorizonTooShort)
}
