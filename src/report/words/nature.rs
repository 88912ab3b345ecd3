//! What kind of verdict it is: questions about it that several sentences begin with.
//!
//! What this file does not do: tell anything in words.

use crate::history::Lost;
use crate::model::Gate;
use crate::verdict::{Decision, Measures, ObjectiveName, Verdict};

/// How an objective was judged; `None` where it does not apply.
pub(in crate::report) fn objective(verdict: &Verdict, name: ObjectiveName) -> Option<Decision> {
    verdict.objectives.iter().find(|objective| objective.name == name).map(|objective| objective.verdict)
}

/// True where who served is not known.
pub(in crate::report) fn nameless(verdict: &Verdict) -> bool {
    verdict.caveats.iter().any(|caveat| caveat.name == Lost::WhoServed)
}

/// True of a verdict on what somebody else recorded.
pub(in crate::report) fn is_record(verdict: &Verdict) -> bool {
    verdict.caveats.iter().any(|caveat| caveat.name == Lost::FaultSeen)
}

/// True where users felt nothing, so that only a count of what the fault touched could show that there was something to feel.
pub(in crate::report) fn nothing_to_feel(verdict: &Verdict) -> bool {
    let met = objective(verdict, ObjectiveName::RTO) == Some(Decision::Met);
    verdict.terms.gate == Gate::Restore && !met && verdict.measures.as_ref().is_some_and(|measures| measures.bad == 0)
}

/// Whether what the gate is about lasted to the end of the fault. Of restoration `stability` decides, which knows what was promised.
pub(in crate::report) fn is_sustained(measures: &Measures, gate: Gate) -> bool {
    gate == Gate::Restore || measures.sustained.hi == measures.cutover.hi
}
