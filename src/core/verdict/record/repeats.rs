//! `repeats.json`: what several drills of one scenario were planned to be, before the first of them began, and what may be said of them once they
//! were over. Keys are only ever added. Lengths of time are milliseconds with a fraction, shares go from 0 to 1.

use super::parts::{IntervalRecord, RecordOf};
use crate::history::FormatVersion;
use crate::model::words;
use crate::units::{Explained, Seed};
use crate::verdict::repeats::{
    CONFIDENCE, Drift, EXCLUDED_MOST, QuantileBound, RepeatTrial, Repeats, SequentialBoundary, SequentialDecision, SequentialTest,
    TrialCounts, TrialResult,
};
use crate::verdict::{Decision, Millis};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version of `repeats.json` that this build writes.
pub const REPEATS_FORMAT: FormatVersion = FormatVersion { major: 1, minor: 0 };

/// Several drills of one scenario: `repeats.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatsRecord {
    /// The version of this file's format.
    pub format: FormatVersion,
    /// The version of Lifeboat that planned them.
    pub lifeboat: String,
    /// What they are called together. Their folder is called so, until somebody renames it.
    pub campaign: String,
    /// The scenario's name.
    pub scenario: String,
    /// What it is about, in a line.
    pub title: String,
    /// The environment's name.
    pub environment: String,
    /// Where the seed of each comes from.
    pub seed: Seed,
    /// When they were planned, RFC 3339.
    pub planned_at: String,
    /// SHA-256 of all that is done in each of them but for its phase, in hexadecimal: of trials with different ones nothing may be said together.
    pub configuration_sha256: String,
    /// How sure bounds are.
    pub confidence: f64,
    /// Where more than this share of trials prove nothing, there is no claim.
    pub excluded_most: f64,
    /// The test that ends them when the answer is known; absent where all of them run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential: Option<SequentialTestRecord>,
    /// How long the traffic runs before the first fault, in a trial of phase 0.
    #[serde(rename = "baseline_ms")]
    pub baseline: Millis,
    /// Each trial's phase is drawn from 0 to this, all alike likely.
    #[serde(rename = "phase_within_ms")]
    pub phase_within: Millis,
    /// What puts the system back before each trial.
    pub reset: ResetWay,
    /// Each trial, in the order in which they run.
    pub trials: Vec<PlannedTrialRecord>,
    /// How they ended together; absent while they run, and where that was cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<RepeatsEndRecord>,
    /// What may be said of them; absent as long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementRecord>,
}

words! {
    /// What puts the system back as it was before each trial.
    ResetWay {
        /// All of it is started by the drill and ends with it.
        Fresh = "fresh",
        /// A command of the environment's.
        Command = "command",
        /// Nothing: a trial may feel what the one before it left behind.
        Nothing = "nothing",
    }
}

/// One trial, as it was planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedTrialRecord {
    /// The first is number 1.
    pub trial: u32,
    /// Its folder, beside this file.
    pub folder: String,
    /// The seed of all its randomness.
    pub seed: Seed,
    /// So much longer than planned its traffic runs before the first fault.
    #[serde(rename = "phase_ms")]
    pub phase: Millis,
}

words! {
    /// How the trials of a scenario ended together.
    RepeatsEnd {
        /// All of them ran.
        AllRan = "all_ran",
        /// The sequential test knew the answer.
        Known = "known",
        /// A person stopped them.
        Person = "person",
        /// One of them was stopped for safety, or could not be run.
        Trial = "trial",
        /// The system could not be put back.
        Reset = "reset",
    }
}

/// How they ended together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatsEndRecord {
    /// Why no more followed.
    pub why: RepeatsEnd,
    /// The last trial that was begun; 0 where none was.
    pub after: u32,
    /// What went wrong, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The limits of the sequential test, as they were fixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequentialTestRecord {
    /// A share of met trials that is good.
    pub good: f64,
    /// One that is bad.
    pub bad: f64,
    /// The risk of taking the one for the other.
    pub risk: f64,
    /// It ends after so many trials in any case.
    pub most: u32,
    /// It accepts with so many misses after so many trials.
    pub accept: Vec<BoundaryRecord>,
    /// It rejects with so many misses within so many trials.
    pub reject: Vec<BoundaryRecord>,
}

/// So many misses at so many trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundaryRecord {
    /// Trials that were not met.
    pub misses: u32,
    /// All trials that count.
    pub trials: u32,
}

/// What may be said of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// All in one word: missed where one trial was, met where all that count were.
    pub verdict: Decision,
    /// In sentences.
    pub text: String,
    /// How many trials ended how.
    pub counts: TrialCountsRecord,
    /// Within which the true share of met drills lies, each end by itself with `confidence`.
    pub pass_rate: ShareBoundsRecord,
    /// The slowest recovery.
    pub worst: Option<IntervalRecord>,
    /// Between these half had recovered.
    pub half: Option<IntervalRecord>,
    /// How long most drills take at the most.
    pub quantiles: Vec<QuantileRecord>,
    /// What the order of the trials says; absent of so few that it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftRecord>,
    /// What the sequential test says; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential: Option<SequentialRecord>,
    /// Each trial.
    pub trials: Vec<TrialRecord>,
}

/// How many trials ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each field is that of `TrialCounts`")]
pub struct TrialCountsRecord {
    /// Those of which bounds are computed: met, missed, inconclusive and stopped.
    pub counted: u64,
    pub met: u64,
    pub missed: u64,
    pub inconclusive: u64,
    pub stopped: u64,
    #[serde(rename = "void")]
    pub excluded: u64,
    pub not_run: u64,
}

/// A share is at least the one and at most the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShareBoundsRecord {
    /// At least.
    pub lo: f64,
    /// At most.
    pub hi: f64,
}

/// How long a share of such drills takes at the most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantileRecord {
    /// The share.
    pub share: f64,
    /// Which of the times bounds it, the shortest being 1; absent where none does.
    pub rank: Option<u64>,
    /// The bound; absent where that trial was not seen to recover.
    #[serde(rename = "within_ms")]
    pub within: Option<Millis>,
}

/// What the order of the trials says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DriftRecord {
    /// Pairs whose later trial took longer.
    pub longer: u64,
    /// Pairs whose later trial was shorter.
    pub shorter: u64,
    /// How often another order leans as much.
    pub chance: f64,
    /// Whether that is rare.
    pub is_trend: bool,
}

/// What the sequential test says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequentialRecord {
    /// `accepted`, `rejected`, `undecided` or `open`.
    pub decision: String,
    /// After so many trials that count.
    pub after: Option<u32>,
}

/// How one trial ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// The first is number 1.
    pub trial: u32,
    /// What it counts as.
    pub result: TrialResult,
    /// What the RTO is held against.
    pub interval: Option<IntervalRecord>,
    /// SHA-256 of its history; absent where there is none.
    pub history_sha256: Option<String>,
}

/// Why a `repeats.json` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RepeatsReadError {
    /// It is something else, or damaged.
    #[error("this is no plan of repeated drills: {0}")]
    Json(#[from] serde_json::Error),
    /// A newer build wrote it, in a way that this one does not know.
    #[error("these repeats have format {found}; this build ({}) reads formats up to {}.x", env!("CARGO_PKG_VERSION"), REPEATS_FORMAT.major)]
    Format {
        /// As the file says.
        found: FormatVersion,
    },
    /// It names a folder that is not beside it.
    #[error("these repeats name a folder that is not beside them")]
    Elsewhere,
}

impl Explained for RepeatsReadError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Json(_) => "each trial's own folder can be judged and reported by itself",
            Self::Format { .. } => "update lifeboat",
            Self::Elsewhere => "a trial's folder is named by its name alone, for example `trial-01`",
        }))
    }
}

impl RepeatsRecord {
    /// Reads a `repeats.json`, of this build or another.
    ///
    /// # Errors
    /// Where it is something else, or a newer build wrote it in a way that this one does not know.
    pub fn read(bytes: &[u8]) -> Result<Self, RepeatsReadError> {
        #[derive(Deserialize)]
        struct RepeatsHead {
            format: FormatVersion,
        }
        let RepeatsHead { format } = serde_json::from_slice(bytes)?;
        if format.major > REPEATS_FORMAT.major {
            return Err(RepeatsReadError::Format { found: format });
        }
        let record: Self = serde_json::from_slice(bytes)?;
        let is_beside = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if record.trials.iter().any(|trial| !is_beside(&trial.folder)) {
            return Err(RepeatsReadError::Elsewhere);
        }
        Ok(record)
    }

    /// As it is written: two blanks of indentation, a line break at the end.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("it has text keys only") + "\n"
    }

    /// The test that ends the trials early, where there is one.
    pub fn test(&self) -> Option<SequentialTest> {
        let limits = |limits: &[BoundaryRecord]| {
            limits.iter().map(|limit| SequentialBoundary { misses: limit.misses, trials: limit.trials }).collect()
        };
        let SequentialTestRecord { good, bad, risk, most, accept, reject } = self.sequential.as_ref()?;
        Some(SequentialTest { good: *good, bad: *bad, risk: *risk, most: *most, accept: limits(accept), reject: limits(reject) })
    }

    /// The confidence and the share of trials that may prove nothing, as this build has them.
    pub const fn rules() -> (f64, f64) {
        (CONFIDENCE, EXCLUDED_MOST)
    }
}

impl SequentialTestRecord {
    /// The limits of a test.
    pub fn new(test: &SequentialTest) -> Self {
        let limits = |limits: &[SequentialBoundary]| {
            limits.iter().map(|limit| BoundaryRecord { misses: limit.misses, trials: limit.trials }).collect()
        };
        let SequentialTest { good, bad, risk, most, accept, reject } = test;
        Self { good: *good, bad: *bad, risk: *risk, most: *most, accept: limits(accept), reject: limits(reject) }
    }
}

impl StatementRecord {
    /// What may be said, with its sentences and the hashes of the trials' histories.
    pub fn new(repeats: &Repeats, text: String, hashes: &[Option<String>]) -> Self {
        let Repeats { trials, counts, gate: _, pass_rate, worst, quantiles, half, drift, sequential } = repeats;
        let trial = |((trial, number), hash): ((&RepeatTrial, u32), &Option<String>)| TrialRecord {
            trial: number,
            result: trial.result,
            interval: RecordOf::of(&trial.interval),
            history_sha256: hash.clone(),
        };
        Self {
            verdict: repeats.verdict(),
            text,
            counts: TrialCountsRecord::of(counts),
            pass_rate: ShareBoundsRecord { lo: pass_rate.lo, hi: pass_rate.hi },
            worst: RecordOf::of(worst),
            half: RecordOf::of(half),
            quantiles: RecordOf::of(quantiles),
            drift: RecordOf::of(drift),
            sequential: RecordOf::of(sequential),
            trials: trials.iter().zip(1..).zip(hashes).map(trial).collect(),
        }
    }
}

impl RecordOf<TrialCounts> for TrialCountsRecord {
    fn of(value: &TrialCounts) -> Self {
        let TrialCounts { met, missed, inconclusive, stopped, excluded, not_run } = *value;
        Self { counted: value.counted(), met, missed, inconclusive, stopped, excluded, not_run }
    }
}

impl RecordOf<QuantileBound> for QuantileRecord {
    fn of(value: &QuantileBound) -> Self {
        let QuantileBound { share, rank, within } = *value;
        Self { share, rank, within: within.map(Millis) }
    }
}

impl RecordOf<Drift> for DriftRecord {
    fn of(value: &Drift) -> Self {
        let Drift { longer, shorter, chance } = *value;
        Self { longer, shorter, chance, is_trend: value.is_trend() }
    }
}

impl RecordOf<SequentialDecision> for SequentialRecord {
    fn of(value: &SequentialDecision) -> Self {
        let (decision, after) = match *value {
            SequentialDecision::Accepted(at) => ("accepted", Some(at)),
            SequentialDecision::Rejected(at) => ("rejected", Some(at)),
            SequentialDecision::Undecided => ("undecided", None),
            SequentialDecision::Open => ("open", None),
        };
        Self { decision: decision.to_owned(), after }
    }
}
