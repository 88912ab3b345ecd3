//! The measures held against each objective that applies.

use super::Decision;
use super::interval::Interval;
use super::measures::{Measured, Measures};
use super::objective_name::{ObjectiveName, OutageObjective};
use crate::history::{Caveat, Lost};
use crate::model::{Gate, LossBudget, Objectives, Rescues};
use crate::units::{Money, share_of};

/// The judgement of one objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectiveVerdict {
    /// What was promised.
    pub name: ObjectiveName,
    /// Its judgement.
    pub verdict: Decision,
}

/// Every objective that applies, in the order of the report.
pub(super) fn hold(objectives: &Objectives, measured: &Measured) -> Vec<ObjectiveVerdict> {
    let measures = &measured.measures;
    let gate = match objectives.gate {
        Gate::Cutover => measures.cutover,
        Gate::Restore => measures.restore,
    };
    // Where nothing went bad and no standby answered, the path to a standby was not tested. Where only restoration is asked for, a fault that
    // bit and that nobody felt is what was promised.
    let rto = if measured.exercised { within(gate, objectives.rto.nanos()) } else { Decision::Inconclusive };
    let stability = measured.onset.then(|| stayed(measures));
    // A count that was cut short by the end of the fault can exceed its cap, but not prove that it stays below it.
    let cap = |least: Option<u64>, most: Option<u64>, limit: Option<u64>| {
        let limit = limit?;
        Some(match (least, most) {
            (Some(least), _) if least > limit => Decision::Missed,
            (Some(_), Some(most)) if most <= limit && measured.onset => Decision::Met,
            _ => Decision::Inconclusive,
        })
    };
    let lost = measures.lost + measures.lost_in_flight;
    let lost_limit = objectives.lost.map(|budget| match budget {
        LossBudget::Requests(count) => count,
        LossBudget::Share(share) => share_of(measured.due as u64, share.get()),
    });
    let overshoot = objectives.overshoot.map(|limit| match measures.overshoot {
        Some(overshoot) if overshoot > limit => Decision::Missed,
        Some(_) if measured.onset => Decision::Met,
        _ => Decision::Inconclusive,
    });
    let failback = objectives
        .failback
        .filter(|_| !measures.never_left)
        .map(|limit| measures.failback.map_or(Decision::Inconclusive, |interval| within(interval, limit.nanos())));
    let share = |rescues: Rescues, of: u64| share_of(of, rescues.at_most.get());
    let rescued = objectives.rescued.map(|most| match measures.rescued.as_ref().map(|rescued| rescued.later) {
        Some(later) if later.of > 0 && later.requests > share(most, later.of) => Decision::Missed,
        Some(later) if later.of > 0 && later.at_most <= share(most, later.of) && measured.onset => Decision::Met,
        _ => Decision::Inconclusive,
    });
    let rpo = objectives.rpo.map(|limit| measures.rpa.map_or(Decision::Inconclusive, |rpa| met_if(rpa.0 <= limit.nanos())));
    let capacity = objectives.capacity.zip(measures.capacity.as_ref()).map(|(promised, capacity)| capacity.held(promised));
    [
        (OutageObjective::Rto, Some(rto)),
        (OutageObjective::Stability, stability),
        (OutageObjective::Lost, cap(Some(lost), Some(lost + measured.maybe_lost), lost_limit)),
        (OutageObjective::Truncated, cap(Some(measures.truncated), Some(measures.truncated + measured.maybe_lost), objectives.truncated)),
        (OutageObjective::Duplicates, cap(measures.duplicates, measures.duplicates, objectives.duplicates)),
        (OutageObjective::Overshoot, overshoot),
        (OutageObjective::Rescued, rescued),
        (OutageObjective::Failback, failback),
        (OutageObjective::Rpo, rpo),
        (OutageObjective::Capacity, capacity),
        (OutageObjective::Spend, objectives.spend.map(|budget| kept(budget, measures))),
    ]
    .into_iter()
    .filter_map(|(name, verdict)| Some(ObjectiveVerdict { name: ObjectiveName::Outage(name), verdict: verdict? }))
    .collect()
}

/// Takes back what a record cannot prove: an objective that it met by what it shows is in doubt where it may not show all. A miss stands,
/// because what was seen was seen; but where lines are missing of the time that decides, the good answers may be in them.
/// True where anything was taken back.
pub(super) fn doubt(objectives: &mut [ObjectiveVerdict], caveats: &[Caveat]) -> bool {
    let mut doubted = false;
    let blind = caveats.iter().any(|caveat| caveat.name == Lost::LinesNearFault);
    for objective in objectives.iter_mut().filter(|objective| blind || objective.verdict == Decision::Met) {
        if caveats.iter().any(|caveat| needs(objective.name, caveat.name)) {
            objective.verdict = Decision::Inconclusive;
            doubted = true;
        }
    }
    doubted
}

/// Whether an objective is in doubt only because it is not seen of some requests who was asked before the one that answered.
pub(super) fn unseen(objectives: &[ObjectiveVerdict], measured: &Measured) -> bool {
    let in_doubt =
        |name: ObjectiveName| objectives.iter().any(|objective| objective.name == name && objective.verdict == Decision::Inconclusive);
    let some_were_due = measured.measures.rescued.as_ref().is_none_or(|rescued| rescued.later.of > 0);
    (measured.unseen_waits && in_doubt(ObjectiveName::RTO)) || (measured.onset && some_were_due && in_doubt(ObjectiveName::RESCUED))
}

/// Whether the proof that an objective was met needs this.
fn needs(objective: ObjectiveName, lost: Lost) -> bool {
    let counts = matches!(objective, ObjectiveName::LOST | ObjectiveName::TRUNCATED);
    match lost {
        Lost::LinesNearFault => true,
        Lost::LinesAfterHold => objective == ObjectiveName::STABILITY,
        // While a closed model waits it asks nothing, so neither its counts nor its holds are whole.
        Lost::OpenModel => counts || objective == ObjectiveName::STABILITY,
        Lost::Unreached | Lost::EveryLine => counts,
        Lost::Completeness => objective == ObjectiveName::TRUNCATED,
        // Between two answers there may have been any number of failures.
        Lost::Unanswered => counts || matches!(objective, ObjectiveName::RTO | ObjectiveName::STABILITY | ObjectiveName::FAILBACK),
        _ => false,
    }
}

/// Whether a budget was kept until traffic had moved.
fn kept(budget: Money, measures: &Measures) -> Decision {
    match &measures.spend {
        Some(spend) if spend.at_least > budget => Decision::Missed,
        Some(spend) if spend.at_most.is_some_and(|most| most <= budget) => Decision::Met,
        _ => Decision::Inconclusive,
    }
}

/// Whether service stayed, by the departures after the hold.
fn stayed(measures: &Measures) -> Decision {
    match measures.departures.as_slice() {
        [] => Decision::Met,
        _ if measures.relapses > 0 => Decision::Missed,
        _ => Decision::Inconclusive,
    }
}

pub(super) fn within(interval: Interval, limit: i64) -> Decision {
    match interval.hi {
        Some(hi) if hi <= limit => Decision::Met,
        _ if interval.lo >= limit => Decision::Missed,
        _ => Decision::Inconclusive,
    }
}

const fn met_if(met: bool) -> Decision {
    if met { Decision::Met } else { Decision::Missed }
}
