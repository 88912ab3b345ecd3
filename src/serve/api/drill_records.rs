//! Drills, as JSON.

use super::records::Moment;
use crate::history::Live;
use crate::store::DrillEntry;
use crate::units::Duration;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Nanoseconds in a millisecond.
const MS: f64 = 1e6;

/// Drills, and how many there are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DrillPage {
    /// How many are asked for, without limit and offset.
    #[schema(minimum = 0)]
    pub(super) total: u64,
    /// The newest first.
    pub(super) drills: Vec<DrillRecord>,
}

/// How long something took: longer than the first, and no longer than the second.
#[derive(Debug, Serialize, ToSchema)]
struct BetweenMs {
    /// The last proof that it had not happened.
    lo_ms: f64,
    /// The first proof that it had; null where it was not seen to come about.
    hi_ms: Option<f64>,
}

/// A drill, an execution of a runbook, or a series of drills.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DrillRecord {
    /// What it is called.
    id: String,
    /// `drill`, `execution`, `series`.
    kind: String,
    /// The series of which it is a trial.
    series: Option<String>,
    /// The service that it is about.
    service: String,
    /// The services of all its workloads.
    services: Vec<String>,
    /// The scenario's name; of an execution its runbook's.
    scenario: String,
    /// What that is about.
    title: String,
    /// Where it ran.
    environment: String,
    /// When it began.
    #[schema(value_type = Moment)]
    started: DateTime<Utc>,
    /// When it was over.
    #[schema(value_type = Option<Moment>)]
    ended: Option<DateTime<Utc>>,
    /// `running`, `over`, `interrupted`.
    state: String,
    /// How it was judged: `met`, `missed`, `inconclusive`.
    verdict: Option<String>,
    /// Why, where it is not decisive.
    because: Option<String>,
    /// How long it took until a standby served well.
    cutover: Option<BetweenMs>,
    /// How long recovery may take.
    objective_ms: Option<f64>,
    /// The plan's hash.
    plan: String,
    /// What it shows of how providers fail.
    modes: Vec<String>,
    /// How many findings are open.
    #[schema(minimum = 0)]
    findings: u64,
    /// Who began it.
    who: String,
    /// Why, in their words.
    reason: String,
    /// How many trials of a series ran; 1 for a drill.
    #[schema(minimum = 0)]
    trials: u64,
}

impl From<DrillEntry> for DrillRecord {
    fn from(entry: DrillEntry) -> Self {
        let ms = |nanoseconds: i64| nanoseconds as f64 / MS;
        Self {
            kind: entry.kind.word().to_owned(),
            state: entry.state.word().to_owned(),
            verdict: entry.verdict.map(|verdict| verdict.word().to_owned()),
            cutover: entry.cutover.map(|cutover| BetweenMs { lo_ms: ms(cutover.lo), hi_ms: cutover.hi.map(ms) }),
            objective_ms: entry.objective.map(Duration::as_millis_f64),
            modes: entry.modes.iter().map(|mode| mode.word().to_owned()).collect(),
            id: entry.id,
            series: entry.series,
            service: entry.service,
            services: entry.services,
            scenario: entry.scenario,
            title: entry.title,
            environment: entry.environment,
            started: entry.started,
            ended: entry.ended,
            because: entry.because,
            plan: entry.plan,
            findings: entry.findings,
            who: entry.who,
            reason: entry.reason,
            trials: entry.trials,
        }
    }
}

/// A drill that is to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DrillOrderRecord {
    /// The scenario's file, from the project's root.
    #[schema(min_length = 1, max_length = 300)]
    pub(super) scenario: String,
    /// Where it runs.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    pub(super) environment: String,
    /// Where its randomness comes from; drawn where nothing is said.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-f]{1,16}$")]
    pub(super) seed: Option<String>,
    /// Why: kept in its history.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
    /// Whether somebody answers the questions of its runbook; else they are answered with yes.
    #[serde(default)]
    pub(super) attended: Option<bool>,
}

/// A drill that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DrillStarted {
    /// What it is called.
    pub(super) id: String,
}

/// A drill while it runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveRecord {
    /// What it is called.
    id: String,
    /// How long it has run.
    now_ms: f64,
    /// In which phase it is.
    phase: Option<String>,
    /// Since when it is in it.
    phase_since_ms: Option<f64>,
    /// Requests of each workload so far, the leading one first.
    workloads: Vec<LiveCounts>,
    /// Faults, in the order of their timeline.
    faults: Vec<LiveFaultRecord>,
    /// The step of the runbook that runs, or ran last.
    step: Option<LiveStepRecord>,
    /// Whether it is over.
    finished: bool,
}

/// Requests so far.
#[derive(Debug, Serialize, ToSchema)]
struct LiveCounts {
    /// Answered well.
    #[schema(minimum = 0)]
    good: u64,
    /// Answered, but too late.
    #[schema(minimum = 0)]
    slow: u64,
    /// Not answered.
    #[schema(minimum = 0)]
    failed: u64,
    /// Not sent.
    #[schema(minimum = 0)]
    shed: u64,
}

/// A fault of a drill that runs.
#[derive(Debug, Serialize, ToSchema)]
struct LiveFaultRecord {
    /// The provider.
    on: String,
    /// When it was in force.
    confirmed_ms: Option<f64>,
    /// When it was gone.
    healed_ms: Option<f64>,
}

/// A step of a runbook.
#[derive(Debug, Serialize, ToSchema)]
struct LiveStepRecord {
    /// Its place, from 0.
    #[schema(minimum = 0)]
    place: u32,
    /// Its name.
    name: String,
    /// How it ended; null while it runs.
    end: Option<String>,
}

impl LiveRecord {
    /// Of what is known now.
    pub(super) fn of(live: &Live) -> Self {
        let ms = |nanoseconds: u64| nanoseconds as f64 / MS;
        let counts = live.workloads.iter().map(|workload| {
            let total = &workload.total;
            LiveCounts { good: total.good, slow: total.slow, failed: total.failed, shed: total.shed }
        });
        let faults = live.faults.iter().map(|fault| LiveFaultRecord {
            on: fault.on.clone(),
            confirmed_ms: fault.confirmed.map(ms),
            healed_ms: fault.healed.map(ms),
        });
        Self {
            id: live.drill.clone(),
            now_ms: ms(live.now),
            phase: live.phase.map(|(phase, _)| phase.to_string()),
            phase_since_ms: live.phase.map(|(_, since)| ms(since)),
            workloads: counts.collect(),
            faults: faults.collect(),
            step: live.step.as_ref().map(|step| LiveStepRecord {
                place: step.step,
                name: step.name.clone(),
                end: step.end.map(|end| end.word().to_owned()),
            }),
            finished: live.finished,
        }
    }
}
