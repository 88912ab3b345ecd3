//! `judge`: evidence → verdict. Pure and exact: integers of nanoseconds, no clock, no float where a decision is made.
//!
//! A time is an evidence interval `(lo, hi]`: `lo` is the last proof of non-service, `hi` the first proof of stable service. An objective
//! is met where `hi` is within it, missed where `lo` is not, and inconclusive where the objective lies between them. The definitions
//! follow RFC 6412 (convergence instants, sustained validation time), RFC 6413 (accuracy by probe spacing) and RFC 6414 (send-indexed
//! failover time); the open model and what follows from it is in `traffic`.
//!
//! How it reads: [`judge`] asks first whether the plan can be judged at all (`plan`), then whether the trial is valid on data from
//! before the fault and from the proxies (`trial`), then measures (`measures`, on the onset search of `onset` over the requests of
//! `window`; `false_start` tells what began and did not count, `stability` tells whether service stayed, `rescue` counts who was served only after the broken provider had been asked), then
//! holds the measures against each objective (`objectives`). A drill that was stopped before it could tell says that first; where nothing else is
//! the reason of an open verdict, `open` finds it.
//!
//! Somebody else's record comes with caveats: what it cannot tell. They never change what was measured; they take back what was met by it
//! (`objectives::doubt`), and are handed on with the verdict.
//!
//! Where several providers share the load, what is cut over is the share of those that broke (`share`).
//!
//! What answers cost until traffic had moved is added up in `spent`. Where faults only change prices, nobody is failed: the path to a standby
//! counts as tested once the fault has touched answers, so that traffic which stays where it was has not moved in time.
//!
//! Where a key is revoked or rotated, `rotation` judges what was promised of that, each promise an objective beside the others. Where nothing
//! is broken, there is no outage to recover from, and those are all there is.
//!
//! A drill over a plain Toxiproxy has caveats, too: there the requests themselves must tell that the fault bit (`effect`).
//!
//! A drill with several workloads is judged once for each, on evidence of its own; `together` says which verdict is the drill's.
//!
//! `difference` tells whether what two drills showed differs by more than noise.
//!
//! Where the traffic climbed in steps, `capacity` tells how much of it the standby bore; what was promised of a recovery is then judged before the climb.
//! `dual_run` compares a provider that was only asked beside the one that answered.
//!
//! Several drills of one scenario are told together by `repeats`: how often it holds, and how sure that is.
//!
//! What this room does not do: read files (`history`), or phrase sentences (`report`).
#![doc = include_str!("README.md")]

mod capacity;
mod criteria;
mod difference;
mod dual_run;
mod effect;
mod false_start;
mod identity;
mod interval;
mod measures;
mod objective_name;
mod objectives;
mod onset;
mod open;
mod parity;
mod plan;
pub mod record;
pub mod repeats;
mod rescue;
mod residency;
mod rotated;
mod rotation;
mod share;
mod spent;
mod stability;
mod stop;
mod together;
mod trial;
mod window;

pub use capacity::{Capacity, StepBorne};
pub use difference::{Contrast, CountOf, counts, longer_by, percentile_ranks, times};
pub use dual_run::ShadowComparison;
pub use effect::ObservedEffect;
pub use false_start::{FalseStart, WhyNot};
pub use identity::{LeakedKey, SentIdentity};
pub use interval::Interval;
pub use measures::{Measures, Outage};
pub use objective_name::{Criterion, ObjectiveName, OutageObjective};
pub use objectives::ObjectiveVerdict;
pub use open::Unnamed;
pub use parity::{ProbedDecision, ProbedParity};
pub use record::{VERDICT_FORMAT, VerdictReadError, VerdictRecord, verdict_schema};
pub use rescue::{Dispatched, Later, Paid, Rescued};
pub use residency::{OutsideArea, Residency};
pub use rotated::{ClientErrors, CriterionFinding, Fallback, Judgement, KeyAnswer, Moments, Replica, Rotated};
pub use share::Share;
pub use spent::{BillPart, ProviderBill, SpendMeasure};
pub use stability::{Departure, FailedAt, TellingWindow, Wave};
pub use stop::EarlyStop;
pub use together::{OfWorkload, together};

use crate::history::{Balanced, Caveat, Evidence, Lost, TouchedBy};
use crate::model::{Gate, Objectives, words};
use crate::units::Duration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The page on how a drill is measured, as it stands above.
pub const GUIDE: &str = include_str!("README.md");

words! {
    /// A judgement.
    Decision {
        /// Every objective was met.
        Met = "met",
        /// An objective was missed.
        Missed = "missed",
        /// The evidence does not tell.
        Inconclusive = "inconclusive",
        /// The trial proves nothing, for a reason that has nothing to do with the outcome.
        Void = "void",
        /// The plan could never have told.
        InvalidPlan = "invalid plan",
    }
}

impl Decision {
    /// Kleene's conjunction: one miss decides, then one doubt.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Missed, _) | (_, Self::Missed) => Self::Missed,
            (Self::Met, Self::Met) => Self::Met,
            _ => Self::Inconclusive,
        }
    }
}

words! {
    /// Why a verdict is not decisive.
    Reason {
        /// Requests that were due were not sent, or the record breaks off.
        ScheduleIncomplete = "schedule_incomplete",
        /// The generator sent too late.
        DriverLag = "driver_lag",
        /// The drill was stopped before it could tell.
        Stopped = "stopped",
        /// Traffic before the fault was too thin or not well served by the primary.
        BaselineUnstable = "baseline_unstable",
        /// The fault touched no request, or, where no proxy counts, none of them shows that it bit.
        FaultNotEffective = "fault_not_effective",
        /// The planned rotation never began.
        RotationNotBegun = "rotation_not_begun",
        /// Nothing went bad and no standby answered, where cutover gates: the path was not tested.
        CutoverNotExercised = "cutover_not_exercised",
        /// The RTO is finer than the instrument.
        ResolutionExceedsRto = "resolution_exceeds_rto",
        /// Too few requests fall into the hold.
        HoldTooShort = "hold_too_short",
        /// The client gives up before an answer could be late.
        DeadlineBelowSlo = "deadline_below_slo",
        /// The fault is shorter than RTO and hold together.
        HorizonTooShort = "horizon_too_short",
        /// Somebody else's record, and nobody said what was promised.
        ObjectivesNotTold = "objectives_not_told",
        /// Somebody else's record, and nobody said when the fault began.
        FaultNotTold = "fault_not_told",
        /// Somebody else's record lacks what the claim needs; the caveats say what.
        RecordCannotTell = "record_cannot_tell",
        /// The RTO lies between the last proof of no service and the first proof of service.
        RtoWithinInterval = "rto_within_interval",
        /// No recovery was proven to hold before the fault ended, and the RTO was not over before.
        EndedBeforeHold = "ended_before_hold",
        /// Too many good answers are nobody's: it is not known whether a standby gave them.
        WhoServedUnknown = "who_served_unknown",
        /// Of too many requests it is not known how they ended.
        OutcomesUnknown = "outcomes_unknown",
        /// More went bad after the hold than was promised, and no more than chance explains.
        StabilityUnclear = "stability_unclear",
        /// What was seen does not decide another objective.
        ObjectiveUndecided = "objective_undecided",
    }
}

impl Reason {
    /// True where the objectives' own judgements say as much.
    #[must_use]
    pub fn is_told_by_objectives(self) -> bool {
        matches!(self, Self::RtoWithinInterval | Self::EndedBeforeHold | Self::StabilityUnclear | Self::ObjectiveUndecided)
    }
}

/// A length of time in nanoseconds, written as milliseconds with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub i64);

impl From<Duration> for Millis {
    fn from(length: Duration) -> Self {
        Self(length.nanos())
    }
}

impl Millis {
    /// Seconds, for people.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl schemars::JsonSchema for Millis {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Millis".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number", "description": "A length of time in milliseconds, with a fraction."})
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Exact to the nanosecond as far as a history can last: a float has 53 bits, which are 104 days of them.
        f64::deserialize(deserializer).map(|millis| Self((millis * 1e6).round() as i64))
    }
}

/// The judgement of one drill.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// All objectives together.
    pub verdict: Decision,
    /// Why it is not decisive; absent where it is, and only there.
    pub reason: Option<Reason>,
    /// Why the drill was stopped before its end; absent where it was not.
    pub stopped: Option<EarlyStop>,
    /// Upper bound of the width of any interval, for a recovery that does not relapse between two probes.
    pub resolution: Millis,
    /// Each objective that applies.
    pub objectives: Vec<ObjectiveVerdict>,
    /// What was measured; `None` where the plan or the trial is invalid.
    pub measures: Option<Measures>,
    /// Each rotation of a key.
    pub rotations: Vec<Rotated>,
    /// True where nothing was broken and keys were only rotated: what was measured of an outage then says nothing.
    pub only_rotates: bool,
    /// What was promised, and what it was held against.
    pub terms: Objectives,
    /// How much evidence there is.
    pub evidence: Basis,
    /// What the evidence cannot tell; only ever of somebody else's record.
    pub caveats: Vec<Caveat>,
    /// The verdict on each workload that is judged, where a drill has several. Everything else here is then that of the workload that leads,
    /// except `verdict` and `reason`, which are those of the worst.
    pub workloads: Vec<OfWorkload>,
    /// Where requests went, where it was promised where they may go.
    pub residency: Option<Residency>,
    /// Requests of which primary and standby must decide alike; none where nothing was probed.
    pub parity: Vec<ProbedParity>,
    /// What each provider was sent with.
    pub identities: Vec<SentIdentity>,
    /// Keys that reached a provider which they are not for.
    pub leaked_keys: Vec<LeakedKey>,
}

/// How much evidence there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Requests in all.
    pub requests: u64,
    /// Requests that ended before the fault.
    pub baseline: u64,
    /// Of these the ones that were well served.
    pub baseline_good: u64,
    /// Of these the ones that the primary answered.
    pub baseline_by_primary: u64,
    /// Requests that were due while the fault lasted.
    pub during_fault: u64,
    /// Requests that the fault touched, by the proxy's count; `None` where no proxy counted.
    pub touched: Option<u64>,
    /// The same by whose they were; `None` where nobody tells.
    pub touched_by: Option<TouchedBy>,
    /// What the requests tell of the fault, where no proxy counted in a drill.
    pub effect: Option<ObservedEffect>,
    /// Requests that were due and not sent.
    pub unsent: u64,
    /// The largest lateness of the generator; `None` where it was not recorded.
    pub lag: Option<Millis>,
    /// True where attempts at providers were recorded.
    pub attempts_seen: bool,
    /// False where the record breaks off.
    pub complete: bool,
    /// The providers among which the load was balanced before the fault, where they were not said to share it.
    pub balanced: Option<Balanced>,
    /// Good answers that nobody can be named for, where they are the reason.
    pub unnamed: Option<Unnamed>,
}

/// Judges one drill.
pub fn judge(evidence: &Evidence) -> Verdict {
    open::explained(evidence, stop::first(evidence, tried(evidence)))
}

/// The same, whoever stopped it.
fn tried(evidence: &Evidence) -> Verdict {
    let terms = &evidence.objectives;
    let baseline = trial::BaselineCounts::of(evidence);
    let mut verdict = unjudged(evidence, &baseline);
    if let Some(reason) = plan::fault_of(evidence).filter(|_| !evidence.lacks(Lost::Objectives)) {
        // Nobody planned what somebody else recorded: there it is a reason for doubt.
        let decision = if !evidence.is_record() { Decision::InvalidPlan } else { Decision::Inconclusive };
        return Verdict { verdict: decision, reason: Some(reason), ..verdict };
    }
    if evidence.fault.is_none() && evidence.lacks(Lost::FaultSeen) {
        return Verdict { verdict: Decision::Inconclusive, reason: Some(Reason::FaultNotTold), ..verdict };
    }
    if !evidence.complete {
        // The drill was killed. That is no property of the system under test, and no reason to call it a bad trial either.
        return Verdict { verdict: Decision::Inconclusive, reason: Some(Reason::ScheduleIncomplete), ..verdict };
    }
    let fault = match trial::flaw_of(evidence, &baseline, &verdict.evidence) {
        Ok(fault) => fault,
        Err(reason) => return Verdict { verdict: Decision::Void, reason: Some(reason), ..verdict },
    };
    let mut measured = measures::measure(evidence, fault);
    verdict.evidence.during_fault = measured.due as u64;
    if evidence.lacks(Lost::Touched) {
        let effect = effect::effect(evidence, fault);
        verdict.evidence.effect = Some(effect);
        if !effect.proven {
            // Whatever came of it came of something else.
            let reason = Some(Reason::FaultNotEffective);
            return Verdict { verdict: Decision::Inconclusive, reason, measures: Some(measured.measures), ..verdict };
        }
        // It bit, and users were served all the same: that is what this gate asks for.
        measured.exercised |= terms.gate == Gate::Restore;
    }
    if evidence.lacks(Lost::Objectives) {
        let reason = Some(Reason::ObjectivesNotTold);
        return Verdict { verdict: Decision::Inconclusive, reason, measures: Some(measured.measures), ..verdict };
    }
    rotation::adjust(evidence, &mut measured);
    verdict.objectives = objectives::hold(terms, &measured);
    verdict.objectives.retain(|objective| rotation::leaves(evidence, objective.name));
    let doubted = objectives::doubt(&mut verdict.objectives, &evidence.caveats);
    verdict.rotations = rotation::rotations(evidence, true);
    verdict.objectives.extend(rotation::together(&verdict.rotations));
    let beside = [
        (OutageObjective::Residency, verdict.residency.as_ref().map(|residency| residency.verdict)),
        (OutageObjective::Parity, parity::together(&verdict.parity)),
    ];
    let beside = beside.into_iter().filter_map(|(name, held)| Some(ObjectiveVerdict { name: ObjectiveName::Outage(name), verdict: held? }));
    verdict.objectives.extend(beside);
    verdict.verdict = verdict.objectives.iter().fold(Decision::Met, |all, objective| all.and(objective.verdict));
    if verdict.verdict == Decision::Inconclusive {
        verdict.reason = in_doubt(evidence, &measured, &verdict.objectives, doubted);
    }
    verdict.measures = Some(measured.measures);
    verdict
}

/// A verdict before anything was held against it, with what it rests on.
fn unjudged(evidence: &Evidence, baseline: &trial::BaselineCounts) -> Verdict {
    Verdict {
        verdict: Decision::Met,
        reason: None,
        stopped: None,
        resolution: Millis(plan::resolution(evidence)),
        objectives: Vec::new(),
        measures: None,
        rotations: rotation::rotations(evidence, false),
        only_rotates: evidence.only_rotates,
        terms: evidence.objectives,
        evidence: Basis {
            requests: evidence.requests.len() as u64,
            baseline: baseline.requests,
            baseline_good: baseline.good,
            baseline_by_primary: baseline.by_primary,
            during_fault: 0,
            touched: (!evidence.is_record() && !evidence.lacks(Lost::Touched)).then_some(evidence.touched),
            touched_by: evidence.touched_by,
            effect: None,
            unsent: baseline.unsent,
            lag: (!evidence.lacks(Lost::DueTimes)).then_some(Millis(baseline.lag)),
            attempts_seen: evidence.attempts_seen,
            complete: evidence.complete,
            balanced: share::balanced(evidence),
            unnamed: None,
        },
        caveats: evidence.caveats.clone(),
        workloads: Vec::new(),
        residency: residency::residency(evidence),
        parity: parity::parity(evidence),
        identities: identity::identities(evidence),
        leaked_keys: identity::leaked(evidence),
    }
}

/// Why objectives that were measured are in doubt; `None` where what was measured says so itself.
fn in_doubt(evidence: &Evidence, measured: &measures::Measured, objectives: &[ObjectiveVerdict], doubted: bool) -> Option<Reason> {
    let restores = evidence.objectives.gate == Gate::Restore;
    let blind = measured.measures.censored && [Lost::AnswerTimes, Lost::FirstContent].iter().any(|lost| evidence.lacks(*lost));
    match measured.exercised {
        false if evidence.touched == 0 => Some(Reason::FaultNotEffective),
        // No standby needs to answer there, so that none did is no reason.
        false if measured.spared && (restores || evidence.shared) => Some(Reason::FaultNotEffective),
        false if restores => Some(Reason::RecordCannotTell),
        false => Some(Reason::CutoverNotExercised),
        true => (doubted || blind || objectives::unseen(objectives, measured)).then_some(Reason::RecordCannotTell),
    }
}

#[cfg(test)]
mod tests;
