//! A past drill, an execution or a series of drills, as lists show it.

use crate::model::{FailureMode, words};
use crate::units::Duration;
use crate::verdict::record::IntervalRecord;
use crate::verdict::{Decision, Interval, Millis};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

words! {
    /// What a folder holds.
    RunKind {
        /// One drill.
        Drill = "drill",
        /// A runbook that was walked in a real incident.
        Execution = "execution",
        /// Several drills of one scenario, whose folders are in it.
        Series = "series",
    }
}

words! {
    /// How far a drill is.
    DrillState {
        /// A process writes its history.
        Running = "running",
        /// It was finished, however it went.
        Over = "over",
        /// Nobody writes its history, and it was not finished: its process was killed.
        Interrupted = "interrupted",
    }
}

/// What is known of a drill, an execution or a series, from the few files of its folder that are quickly read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillEntry {
    /// What it is called.
    pub id: String,
    /// What it is.
    pub kind: RunKind,
    /// The series of which it is a trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Where its folder is.
    pub folder: PathBuf,
    /// The host that it ran on; empty where nobody noted that.
    pub host: String,
    /// The service that it is about: that of the workload that leads. Empty for an execution of a runbook that no service names.
    pub service: String,
    /// The services of all its workloads.
    pub services: Vec<String>,
    /// The scenario's name; of an execution its runbook's.
    pub scenario: String,
    /// What that is about, in a line.
    pub title: String,
    /// Where it ran; empty for an execution without one.
    pub environment: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it was over; `None` where it was not.
    pub ended: Option<DateTime<Utc>>,
    /// How far it is.
    pub state: DrillState,
    /// How it was judged; `None` where it was not.
    pub verdict: Option<Decision>,
    /// Why, where it is not decisive, in the words of `verdict.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// How long it took until a standby served well. `None` where nothing was measured, or the drill only replaces keys.
    #[serde(with = "cutover")]
    pub cutover: Option<Interval>,
    /// How long recovery may take.
    #[serde(rename = "objective_ms", with = "objective")]
    pub objective: Option<Duration>,
    /// The plan's hash, by the manifest; empty where there is none.
    pub plan: String,
    /// What it shows of how providers fail.
    pub modes: Vec<FailureMode>,
    /// How many findings are open in its file of findings.
    pub findings: u64,
    /// Who began it; empty where nobody noted that.
    pub who: String,
    /// Why, in their words.
    pub reason: String,
    /// How many trials of a series ran; 1 for a drill.
    pub trials: u64,
}

impl DrillEntry {
    /// The verdict in a word, or how far it is where there is none.
    pub const fn outcome(&self) -> &'static str {
        match (self.state, self.verdict) {
            (DrillState::Over, Some(verdict)) => verdict.word(),
            (DrillState::Over, None) => "-",
            (state, _) => state.word(),
        }
    }
}

/// An interval in the form of `verdict.json`.
mod cutover {
    use super::{Interval, IntervalRecord};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Option<Interval>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Interval>, D::Error> {
        Ok(Option::<IntervalRecord>::deserialize(deserializer)?.map(Interval::from))
    }
}

/// A length of time in milliseconds.
mod objective {
    use super::{Duration, Millis};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Millis::from).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let millis = Option::<Millis>::deserialize(deserializer)?;
        Ok(millis.map(|millis| Duration::from_nanos(u64::try_from(millis.0).unwrap_or(0))))
    }
}
