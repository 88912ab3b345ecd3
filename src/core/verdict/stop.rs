//! A drill that was stopped before its end: what could not be told for that reason has no other.
//!
//! What was proven until then stands. What was not is neither the fault of the system under test nor one of the trial, and no later check may
//! say so.

use super::{Decision, Millis, ObjectiveName, Reason, Verdict};
use crate::history::{Evidence, Phase, StopReason, Stopped};

/// Why and when a drill was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlyStop {
    /// Why.
    pub reason: StopReason,
    /// In words.
    pub detail: String,
    /// What to do about it, where somebody said.
    pub hint: Option<String>,
    /// In which phase.
    pub phase: Phase,
    /// From the fault; `None` where it was not yet in force.
    pub after_fault: Option<Millis>,
}

/// Puts the reason of the stop before whatever follows from it.
pub(super) fn first(evidence: &Evidence, verdict: Verdict) -> Verdict {
    let Some(Stopped { reason, detail, hint, phase }) = evidence.stopped.clone() else { return verdict };
    // It is recorded once everything is taken back; the first of that is that the fault is healed.
    let healed = evidence.heal.map(|heal| heal.lo).filter(|_| phase == Phase::Fault);
    let at = healed.map_or(evidence.observed_until, |healed| healed.min(evidence.observed_until));
    let after_fault = evidence.fault.map(|fault| Millis((at - fault.lo).max(0)));
    let stopped = Some(EarlyStop { reason, detail, hint, phase, after_fault });
    let reason = match (verdict.verdict, reason) {
        (Decision::Met | Decision::Missed | Decision::InvalidPlan, _) => verdict.reason,
        // The fault was over: what it did could be told, or could not for a reason of its own.
        _ if phase == Phase::Watch && (verdict.reason.is_some() || undecided_before(&verdict)) => verdict.reason,
        (_, StopReason::BaselineUnsteady) => Some(Reason::BaselineUnstable),
        (_, StopReason::Fault) => Some(Reason::ScheduleIncomplete),
        _ => Some(Reason::Stopped),
    };
    Verdict { reason, stopped, ..verdict }
}

/// Whether something is open that the time after the heal would not have told: all but failback and what was promised of keys.
fn undecided_before(verdict: &Verdict) -> bool {
    let later = |name: ObjectiveName| name == ObjectiveName::FAILBACK || matches!(name, ObjectiveName::Rotation(_));
    verdict.objectives.iter().any(|objective| objective.verdict == Decision::Inconclusive && !later(objective.name))
}
