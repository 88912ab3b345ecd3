//! The parts of `verdict.json`: what was promised, measured and seen, each as it is on disk.

use crate::history::{Balanced, Caveat, KeyStanding, Lost, Phase, StopReason, TouchedBy};
use crate::model::{Bearing, Gate, Objectives, ProbeDecision, SloOn};
use crate::units::{Fingerprint, Money};
use crate::verdict::{
    Basis, BillPart, Capacity, Criterion, CriterionFinding, Decision, Departure, Dispatched, EarlyStop, FailedAt, FalseStart, Interval,
    Later, Measures, Millis, ObjectiveName, ObjectiveVerdict, ObservedEffect, Outage, Paid, ProviderBill, Reason, Rescued,
    ShadowComparison, Share, SpendMeasure, StepBorne, TellingWindow, Unnamed, Wave, WhyNot,
};
use serde::{Deserialize, Serialize};

/// The record of a value `M`, with everything that it holds.
pub(super) trait RecordOf<M> {
    fn of(value: &M) -> Self;
}

impl<M, R: RecordOf<M>> RecordOf<Option<M>> for Option<R> {
    fn of(value: &Option<M>) -> Self {
        value.as_ref().map(R::of)
    }
}

impl<M, R: RecordOf<M>> RecordOf<Vec<M>> for Vec<R> {
    fn of(value: &Vec<M>) -> Self {
        value.iter().map(R::of).collect()
    }
}

impl<A: Clone, B: Clone> RecordOf<(A, B)> for (A, B) {
    fn of(value: &(A, B)) -> Self {
        value.clone()
    }
}

macro_rules! same {
    ($($leaf:ty),+ $(,)?) => {
        $(impl RecordOf<Self> for $leaf {
            fn of(value: &Self) -> Self {
                value.clone()
            }
        })+
    };
}

same! {
    bool, u16, u32, u64, f64, String, Balanced, Criterion, CriterionFinding, Decision, Fingerprint, KeyStanding, Lost, Millis,
    ObjectiveName, Phase, Reason, Money,
    StopReason, Wave, Bearing,
    ProbeDecision,
}

/// A struct as it is on disk, and how it is made. The fields are all that the value has, by its own names.
macro_rules! record {
    ($(#[$meta:meta])* $record:ident of $model:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        #[allow(missing_docs, reason = "each field is the one of the same name in the type that is recorded")]
        pub struct $record { $($(#[$field_meta])* pub $field: $type),+ }

        impl RecordOf<$model> for $record {
            fn of(value: &$model) -> Self {
                let $model { $($field),+ } = value;
                Self { $($field: RecordOf::of($field)),+ }
            }
        }
    };
}
pub(super) use record;

/// What was promised, as far as a reader needs it to check the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[allow(missing_docs, reason = "each field is that of `Objectives`, in the words that the file has always had")]
pub struct TermsRecord {
    pub rto_ms: Millis,
    pub gate: Gate,
    pub hold_ms: Millis,
    pub slo_ms: Millis,
    pub slo_on: SloOn,
    pub deadline_ms: Millis,
    pub success: f64,
    pub baseline_success: f64,
    pub failback_rto_ms: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rescued: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescued_after_ms: Option<Millis>,
    pub rotation_ms: Millis,
    pub lag_max_ms: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<Money>,
}

impl RecordOf<Objectives> for TermsRecord {
    fn of(value: &Objectives) -> Self {
        Self {
            rto_ms: value.rto.into(),
            gate: value.gate,
            hold_ms: value.hold.into(),
            slo_ms: value.slo.into(),
            slo_on: value.slo_on,
            deadline_ms: value.deadline.into(),
            success: value.success.get(),
            baseline_success: value.baseline_success.get(),
            failback_rto_ms: value.failback.map(Millis::from),
            max_rescued: value.rescued.map(|rescues| rescues.at_most.get()),
            rescued_after_ms: value.rescued.map(|rescues| rescues.after.into()),
            rotation_ms: value.rotation.into(),
            lag_max_ms: value.lag_max.into(),
            spend: value.spend,
        }
    }
}

/// When something came about: after the first time, and by the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IntervalRecord {
    /// Not before.
    #[serde(rename = "lo_ms")]
    pub lo: Millis,
    /// By then; absent where it was not seen to come about.
    #[serde(rename = "hi_ms")]
    pub hi: Option<Millis>,
}

impl RecordOf<Interval> for IntervalRecord {
    fn of(value: &Interval) -> Self {
        let Interval { lo, hi } = *value;
        Self { lo: Millis(lo), hi: hi.map(Millis) }
    }
}

impl From<IntervalRecord> for Interval {
    fn from(record: IntervalRecord) -> Self {
        Self { lo: record.lo.0, hi: record.hi.map(|hi| hi.0) }
    }
}

/// Why good service that began did not count as recovered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is that of `WhyNot`")]
pub enum WhyNotRecord {
    EndedBefore {
        #[serde(rename = "at_ms")]
        at: Millis,
    },
    Bad {
        bad: u64,
        requests: u64,
        #[serde(rename = "first_ms")]
        first: Millis,
    },
    Unknown {
        unknown: u64,
        requests: u64,
    },
}

impl RecordOf<WhyNot> for WhyNotRecord {
    fn of(value: &WhyNot) -> Self {
        match *value {
            WhyNot::EndedBefore { at } => Self::EndedBefore { at },
            WhyNot::Bad { bad, requests, first } => Self::Bad { bad, requests, first },
            WhyNot::Unknown { unknown, requests } => Self::Unknown { unknown, requests },
        }
    }
}

record! {
    /// How much evidence there is.
    EvidenceRecord of Basis {
        requests: u64,
        baseline: u64,
        baseline_good: u64,
        baseline_by_primary: u64,
        during_fault: u64,
        touched: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        touched_by: Option<TouchedByRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<ObservedEffectRecord>,
        unsent: u64,
        #[serde(rename = "lag_ms")]
        lag: Option<Millis>,
        attempts_seen: bool,
        complete: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        balanced: Option<Balanced>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unnamed: Option<UnnamedRecord>,
    }
}

record! {
    /// Good answers of which nobody knows who gave them.
    UnnamedRecord of Unnamed {
        answers: u64,
        past_proxies: u64,
        unasked: Vec<String>,
    }
}

record! {
    /// What the requests tell of the fault.
    ObservedEffectRecord of ObservedEffect {
        worse: u64,
        of: u64,
        proven: bool,
    }
}

record! {
    /// Why and when a drill was stopped.
    EarlyStopRecord of EarlyStop {
        reason: StopReason,
        detail: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        phase: Phase,
        #[serde(rename = "after_fault_ms")]
        after_fault: Option<Millis>,
    }
}

record! {
    /// What was measured.
    MeasuresRecord of Measures {
        cutover: IntervalRecord,
        restore: IntervalRecord,
        first_standby: Option<IntervalRecord>,
        sustained: IntervalRecord,
        failback: Option<IntervalRecord>,
        never_left: bool,
        bad: u64,
        #[serde(rename = "loss_derived_ms")]
        loss_derived: Millis,
        outage: OutageRecord,
        lost: u64,
        lost_in_flight: u64,
        failback_lost: u64,
        late: u64,
        truncated: u64,
        truncated_in_flight: u64,
        duplicates: Option<u64>,
        overshoot: Option<f64>,
        amplification: Option<f64>,
        dispatched: Option<DispatchedRecord>,
        rescued: Option<RescuedRecord>,
        #[serde(rename = "first_standby_dispatch_ms")]
        first_standby_dispatch: Option<Millis>,
        #[serde(rename = "degraded_area_ms")]
        degraded_area: Millis,
        relapses: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        departures: Vec<DepartureRecord>,
        residual_bad: u64,
        acknowledged_lost: Option<u64>,
        #[serde(rename = "rpa_ms")]
        rpa: Option<Millis>,
        censored: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        false_start: Option<FalseStartRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failback_false_start: Option<FalseStartRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        share: Option<ShareRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity: Option<CapacityRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dual_run: Option<ShadowComparisonRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spend: Option<SpendRecord>,
    }
}

record! {
    /// How much of its primary's load the standby bore; rates a second, shares of the peak.
    CapacityRecord of Capacity {
        peak: f64,
        steps: Vec<StepBorneRecord>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unsent: Vec<f64>,
        borne: Option<f64>,
        broken: Option<f64>,
        recovery: Option<IntervalRecord>,
        eased_to: Option<f64>,
    }
}

record! {
    /// One step of a climb: requests of its later half.
    StepBorneRecord of StepBorne {
        rate: f64,
        share: f64,
        requests: u64,
        bad: u64,
        #[serde(rename = "p95_ms")]
        p95: Option<Millis>,
        bearing: Bearing,
    }
}

record! {
    /// What a provider did that was asked beside the one that answered. Of two numbers the first is its own.
    ShadowComparisonRecord of ShadowComparison {
        shadow: String,
        asked: u64,
        failed: u64,
        failed_beside: u64,
        more: (f64, f64),
        #[serde(rename = "median_ms")]
        median: Option<(Millis, Millis)>,
        #[serde(rename = "p95_ms")]
        p95: Option<(Millis, Millis)>,
    }
}

record! {
    /// What traffic cost from the first fault until it had moved, or until the faults ended.
    SpendRecord of SpendMeasure {
        at_least: Money,
        at_most: Option<Money>,
        #[serde(rename = "until_ms")]
        until: Millis,
        moved: bool,
        #[serde(rename = "passed_ms")]
        passed: Option<Millis>,
        bills: Vec<ProviderBillRecord>,
    }
}

record! {
    /// The bill of one provider.
    ProviderBillRecord of ProviderBill {
        provider: String,
        before: BillPartRecord,
        during: BillPartRecord,
    }
}

record! {
    /// Some of the answers of one provider, and what they cost.
    BillPartRecord of BillPart {
        answers: u64,
        at_most: Option<Money>,
        raised: u64,
    }
}

record! {
    /// How long users were without good service, summed over all runs of bad requests.
    OutageRecord of Outage {
        #[serde(rename = "lo_ms")]
        lo: Millis,
        #[serde(rename = "hi_ms")]
        hi: Option<Millis>,
        runs: u64,
    }
}

record! {
    /// Attempts for the requests due while the fault lasted.
    DispatchedRecord of Dispatched {
        attempts: u64,
        reached: u64,
        connections: u64,
    }
}

record! {
    /// Requests due while the fault lasted that were rescued.
    RescuedRecord of Rescued {
        requests: u64,
        at_most: u64,
        of: u64,
        asked: Vec<String>,
        by_connection: bool,
        paid: Option<PaidRecord>,
        #[serde(rename = "until_ms")]
        until: Option<Millis>,
        to_the_end: bool,
        later: LaterRecord,
    }
}

record! {
    /// What requests waited for a broken provider before another was asked.
    PaidRecord of Paid {
        #[serde(rename = "lo_ms")]
        lo: Millis,
        #[serde(rename = "median_ms")]
        median: Millis,
        #[serde(rename = "hi_ms")]
        hi: Millis,
    }
}

record! {
    /// Rescued requests that are held against the objective.
    LaterRecord of Later {
        requests: u64,
        at_most: u64,
        of: u64,
    }
}

record! {
    /// Bad requests after the hold, more than was promised.
    DepartureRecord of Departure {
        wave: Wave,
        #[serde(rename = "first_ms")]
        first: Millis,
        #[serde(rename = "last_ms")]
        last: Millis,
        bad: u64,
        requests: u64,
        window: TellingWindowRecord,
        failed_at: Vec<FailedAtRecord>,
    }
}

record! {
    /// A window that holds more bad requests than was promised.
    TellingWindowRecord of TellingWindow {
        #[serde(rename = "end_ms")]
        end: Millis,
        bad: u64,
        requests: u64,
        chance: f64,
    }
}

record! {
    /// Bad requests by the provider that had them last.
    FailedAtRecord of FailedAt {
        provider: Option<String>,
        requests: u64,
    }
}

record! {
    /// Good service that did not last for the hold.
    FalseStartRecord of FalseStart {
        #[serde(rename = "from_ms")]
        from: Millis,
        why: WhyNotRecord,
    }
}

record! {
    /// The share of the providers that were broken, among those that share the load.
    ShareRecord of Share {
        of: Vec<String>,
        before: f64,
        waited: u64,
        #[serde(rename = "until_ms")]
        until: Option<Millis>,
    }
}

record! {
    /// The judgement of one objective.
    ObjectiveVerdictRecord of ObjectiveVerdict {
        name: ObjectiveName,
        verdict: Decision,
    }
}

record! {
    /// What a fault touched, by whose it was.
    TouchedByRecord of TouchedBy {
        drill: u64,
        others: u64,
        health_checks: u64,
        connections: u64,
    }
}

record! {
    /// A claim that a record cannot support, and why.
    CaveatRecord of Caveat {
        name: Lost,
        text: String,
    }
}
