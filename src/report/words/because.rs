//! Why a verdict is not decisive, as the end of a sentence.
//!
//! What this file does not do: say what to do about it (`advice`).

use super::nature::nothing_to_feel;
use super::wording::{seconds_up, span};
use super::{open, rescue, share, stopped};
use crate::units::{counted, grouped, reaches};
use crate::verdict::{ObservedEffect, Reason, Verdict};

/// Why a verdict is not decisive, as the end of a sentence.
pub(in crate::report) fn because(verdict: &Verdict) -> String {
    let (terms, evidence) = (&verdict.terms, &verdict.evidence);
    if let Some(stop) = stopped::decisive(verdict) {
        return stopped::because(verdict, stop);
    }
    if let Some(because) = share::because(verdict).or_else(|| rescue::because(verdict)).or_else(|| open::because(verdict)) {
        return because;
    }
    match verdict.reason {
        Some(Reason::Stopped) => "the drill was stopped".into(),
        Some(Reason::ScheduleIncomplete) if !evidence.complete => "the record breaks off before the drill's end".into(),
        Some(Reason::ScheduleIncomplete) => format!(
            "{} that {} due could not be sent",
            counted(evidence.unsent, "request"),
            if evidence.unsent == 1 { "was" } else { "were" }
        ),
        Some(Reason::DriverLag) => format!(
            "the load generator sent a request {} ms late, and this objective allows {} ms at most",
            grouped(evidence.lag.map_or(0, |lag| lag.0.max(0).unsigned_abs()).div_ceil(1_000_000)),
            grouped(terms.lag_max.as_nanos() / 1_000_000)
        ),
        Some(Reason::BaselineUnstable) if evidence.requests == 0 => "the drill ended before its traffic began".into(),
        Some(Reason::BaselineUnstable) => unsteady(verdict),
        Some(Reason::FaultNotEffective) => no_effect(verdict),
        Some(Reason::RotationNotBegun) => "the rotation never began".into(),
        Some(Reason::CutoverNotExercised) => {
            "no request failed or was late, and no standby ever answered, so the way to the standby was not tested".into()
        }
        Some(Reason::ResolutionExceedsRto) => {
            format!("requests were so far apart that a recovery is known to within {} only", seconds_up(verdict.resolution.0))
        }
        Some(Reason::HoldTooShort) => format!("fewer than five requests were due within the hold of {}", span(terms.hold)),
        Some(Reason::DeadlineBelowSlo) => "clients give up (`deadline`) before an answer could be too late (`slo`)".into(),
        Some(Reason::HorizonTooShort) => {
            format!("the fault is shorter than the objective and the hold together ({})", span(terms.rto.plus(terms.hold)))
        }
        Some(Reason::ObjectivesNotTold) => "none was given".into(),
        Some(Reason::FaultNotTold) => "the moment of the fault was not given".into(),
        Some(Reason::RecordCannotTell) if nothing_to_feel(verdict) => {
            "no request failed or was late, and what the fault touched was not counted".into()
        }
        Some(Reason::RecordCannotTell) => "the record lacks what the objective needs".into(),
        _ => "the evidence does not show it".into(),
    }
}

/// Why nothing shows that the fault took effect.
fn no_effect(verdict: &Verdict) -> String {
    match verdict.evidence.effect {
        None if verdict.evidence.touched.is_some_and(|touched| touched > 0) => "the fault touched none of the drill's requests".into(),
        None => "the fault touched no request".into(),
        Some(ObservedEffect { worse: 0, .. }) if verdict.measures.as_ref().is_some_and(|measures| measures.bad > 0) => {
            "no request did worse than the worst one before the fault, so nothing shows that the fault took effect".into()
        }
        Some(ObservedEffect { worse: 0, .. }) => {
            "no request failed or was slower than before the fault, so nothing shows that the fault took effect".into()
        }
        Some(ObservedEffect { worse, of, .. }) => {
            format!(
                "{} of {} failed or were slower than before the fault, too few to show that the fault took effect",
                grouped(worse),
                counted(of, "request")
            )
        }
    }
}

/// What ailed the traffic before the fault.
fn unsteady(verdict: &Verdict) -> String {
    let evidence = &verdict.evidence;
    let (requests, good, by_primary) = (evidence.baseline, evidence.baseline_good, evidence.baseline_by_primary);
    let too_few = |count: u64| !reaches(count, requests, verdict.terms.baseline_success.get());
    if too_few(good) {
        format!("the traffic before the fault was not steady: only {} of {} were good", grouped(good), counted(requests, "request"))
    } else if too_few(by_primary) {
        format!(
            "the traffic before the fault did not go to the primary: it answered only {} of {}",
            grouped(by_primary),
            counted(requests, "request")
        )
    } else {
        format!("only {} ended before the fault, too few to compare with", counted(requests, "request"))
    }
}
