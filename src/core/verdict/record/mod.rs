//! `verdict.json`: what a judgement leaves for others to read, with types of its own.
//!
//! Keys are only ever added: what stands here keeps its name and its meaning, because programs of others read it. A change of the verdict's own
//! types fails to compile here until somebody says what becomes of the file. It can be [read back](VerdictRecord::read), also where a newer
//! build has added to it. Lengths of time are milliseconds with a fraction.
//!
//! What this file does not do: choose words for people. `because` and `hint` are given to it.

mod parts;
mod passage;
mod repeats;
mod rotation;

pub use parts::{
    BillPartRecord, CapacityRecord, CaveatRecord, DepartureRecord, DispatchedRecord, EarlyStopRecord, EvidenceRecord, FailedAtRecord,
    FalseStartRecord, IntervalRecord, LaterRecord, MeasuresRecord, ObjectiveVerdictRecord, ObservedEffectRecord, OutageRecord, PaidRecord,
    ProviderBillRecord, RescuedRecord, ShadowComparisonRecord, ShareRecord, SpendRecord, StepBorneRecord, TellingWindowRecord, TermsRecord,
    TouchedByRecord, UnnamedRecord, WhyNotRecord,
};
pub use passage::{LeakedKeyRecord, OutsideAreaRecord, ProbedDecisionRecord, ProbedParityRecord, ResidencyRecord};
pub use repeats::{
    BoundaryRecord, DriftRecord, PlannedTrialRecord, QuantileRecord, REPEATS_FORMAT, RepeatsEnd, RepeatsEndRecord, RepeatsReadError,
    RepeatsRecord, ResetWay, SequentialRecord, SequentialTestRecord, ShareBoundsRecord, StatementRecord, TrialCountsRecord, TrialRecord,
};
pub use rotation::{ClientErrorsRecord, FallbackRecord, JudgementRecord, KeyAnswerRecord, MomentsRecord, ReplicaRecord, RotatedRecord};

use super::{Decision, Millis, OfWorkload, Reason, Verdict};
use crate::history::{FormatVersion, Started};
use crate::units::{Explained, Seed};
use parts::RecordOf;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version of `verdict.json` that this build writes. What was written before it had a version is read as 1.0.
pub const VERDICT_FORMAT: FormatVersion = FormatVersion { major: 1, minor: 1 };

/// The fields of a verdict, which stand in `verdict.json` itself and once more for each workload of several.
macro_rules! verdict_record {
    ($(#[$meta:meta])* $record:ident { $($before:tt)* } { $($after:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        #[allow(missing_docs, reason = "what has no words of its own is the field of the same name in `Verdict`")]
        pub struct $record {
            $($before)*
            pub verdict: Decision,
            pub reason: Option<Reason>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub stopped: Option<EarlyStopRecord>,
            #[serde(rename = "resolution_ms")]
            pub resolution: Millis,
            pub objectives: Vec<ObjectiveVerdictRecord>,
            pub measures: Option<MeasuresRecord>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub rotations: Vec<RotatedRecord>,
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            pub only_rotates: bool,
            pub terms: TermsRecord,
            pub evidence: EvidenceRecord,
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub caveats: Vec<CaveatRecord>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub residency: Option<ResidencyRecord>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub parity: Vec<ProbedParityRecord>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub leaked_keys: Vec<LeakedKeyRecord>,
            $($after)*
        }
    };
}

verdict_record! {
    /// `verdict.json`: the verdict on a drill, or on what others recorded, and which drill it was.
    VerdictRecord {
        /// The version of this file's format.
        #[serde(default = "unversioned")]
        pub format: FormatVersion,
        /// The version of Lifeboat that judged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub lifeboat: Option<String>,
        /// The drill's identifier; absent, as all that follow, for what others recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub drill: Option<String>,
        /// The scenario's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub scenario: Option<String>,
        /// The environment's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub environment: Option<String>,
        /// Where all of the drill's randomness came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub seed: Option<Seed>,
        /// When it began, RFC 3339.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub started_at: Option<String>,
    }
    {
        /// The verdict on each workload that is judged, where a drill has several. All else above is then that of the leading one, except that
        /// `verdict` and `reason` are those of the worst.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub workloads: Vec<WorkloadVerdictRecord>,
        /// The reason in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub because: Option<String>,
        /// What to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub hint: Option<String>,
        /// Why it is not proven that everything was well again at the end; absent where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub unproven: Option<String>,
    }
}

verdict_record! {
    /// The verdict on one workload of several.
    WorkloadVerdictRecord {
        /// The workload's name.
        pub name: String,
        /// The service that it asked.
        pub service: String,
    }
    {}
}

/// Before `verdict.json` had a version it was this one.
const fn unversioned() -> FormatVersion {
    FormatVersion { major: 1, minor: 0 }
}

/// Why a `verdict.json` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VerdictReadError {
    /// It is something else, or damaged.
    #[error("not a verdict: {0}")]
    Json(#[from] serde_json::Error),
    /// A newer build wrote it, in a way that this one does not know.
    #[error("this verdict has format {found}; this build ({}) reads formats 1.0 to {}.x", env!("CARGO_PKG_VERSION"), VERDICT_FORMAT.major)]
    Format {
        /// As the file says.
        found: FormatVersion,
    },
}

impl Explained for VerdictReadError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Json(_) => "judge the drill again: `lifeboat report DRILL --format json` writes it again from the history",
            Self::Format { .. } => "update lifeboat",
        }))
    }
}

/// The form of `verdict.json`, for machines.
pub fn verdict_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(VerdictRecord);
    schema.insert("title".to_owned(), "A verdict of Lifeboat".into());
    let told = "`verdict.json`. Lengths of time are milliseconds with a fraction. Keys are only ever added.";
    schema.insert("description".to_owned(), told.into());
    schema.to_value()
}

impl VerdictRecord {
    /// The record of a verdict on a drill, or on what others recorded, where nothing `started`.
    pub fn new(verdict: &Verdict, started: Option<&Started>) -> Self {
        let Verdict {
            verdict,
            reason,
            stopped,
            resolution,
            objectives,
            measures,
            rotations,
            only_rotates,
            terms,
            evidence,
            caveats,
            workloads,
            residency,
            parity,
            identities: _,
            leaked_keys,
        } = verdict;
        Self {
            format: VERDICT_FORMAT,
            lifeboat: Some(env!("CARGO_PKG_VERSION").to_owned()),
            drill: started.map(|started| started.drill.clone()),
            scenario: started.map(|started| started.plan.scenario.name.clone()),
            environment: started.map(|started| started.plan.environment_name.clone()),
            seed: started.map(|started| started.seed),
            started_at: started.map(|started| started.wall_clock.clone()),
            verdict: *verdict,
            reason: *reason,
            stopped: RecordOf::of(stopped),
            resolution: *resolution,
            objectives: RecordOf::of(objectives),
            measures: RecordOf::of(measures),
            rotations: RecordOf::of(rotations),
            only_rotates: *only_rotates,
            terms: RecordOf::of(terms),
            evidence: RecordOf::of(evidence),
            caveats: RecordOf::of(caveats),
            residency: RecordOf::of(residency),
            parity: RecordOf::of(parity),
            leaked_keys: RecordOf::of(leaked_keys),
            workloads: RecordOf::of(workloads),
            because: None,
            hint: None,
            unproven: None,
        }
    }

    /// Reads a `verdict.json`, of this build or another.
    ///
    /// # Errors
    /// Where it is something else, or a newer build wrote it in a way that this one does not know.
    pub fn read(bytes: &[u8]) -> Result<Self, VerdictReadError> {
        #[derive(Deserialize)]
        struct VerdictHead {
            #[serde(default = "unversioned")]
            format: FormatVersion,
        }
        let VerdictHead { format } = serde_json::from_slice(bytes)?;
        if format.major > VERDICT_FORMAT.major {
            return Err(VerdictReadError::Format { found: format });
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

impl RecordOf<OfWorkload> for WorkloadVerdictRecord {
    fn of(value: &OfWorkload) -> Self {
        let OfWorkload { name, service, verdict } = value;
        // One verdict of several does not hold others.
        let VerdictRecord {
            format: _,
            lifeboat: _,
            drill: _,
            scenario: _,
            environment: _,
            seed: _,
            started_at: _,
            verdict,
            reason,
            stopped,
            resolution,
            objectives,
            measures,
            rotations,
            only_rotates,
            terms,
            evidence,
            caveats,
            residency,
            parity,
            leaked_keys,
            workloads: _,
            because: _,
            hint: _,
            unproven: _,
        } = VerdictRecord::new(verdict, None);
        let (name, service) = (name.clone(), service.clone());
        Self {
            name,
            service,
            verdict,
            reason,
            stopped,
            resolution,
            objectives,
            measures,
            rotations,
            only_rotates,
            terms,
            evidence,
            caveats,
            residency,
            parity,
            leaked_keys,
        }
    }
}

#[cfg(test)]
mod tests;
