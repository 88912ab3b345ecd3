//! Several drills of one scenario, in one folder, for what they say together.
//!
//! Everything that could be chosen later is fixed before the first of them begins and stands in `repeats.json`: how many there are, the seed and the
//! phase of each, when they may end early. The **phase** is by how much longer the traffic runs before the first fault: a gateway that looks at its
//! providers once a second fails over sooner or later depending on when in that second the fault comes, and drills that always begin alike would
//! meet it at the same moment. Before each trial the system is put back: what a drill starts is new in each, and a service that stands there has its
//! `reset:`. A reset that fails ends the series, because of what follows nobody could say what it was a drill of.
//!
//! The series ends with the trial that a person, a guard or the environment stops: nobody wants the same to happen another dozen times unseen.
//!
//! What this file does not do: judge, or choose words. The report is made of the trials' histories alone, so that it can be made again.

use super::allowed::permits;
use super::attest::Attesting;
use super::folder::{DrillRequest, Exercise, ExerciseError, FinishedDrill};
use super::observer::{DrillTurn, Observer};
use super::orders::{DrillOrders, PlannedDrill};
use super::permit;
use super::plan_hash::{configuration, plan_hash};
use super::provenance::Provenance;
use super::repeated::{FinishedRepeats, phase_of, repeated, write, write_repeats};
use super::reset::{ResetError, reset, way_of};
use crate::history::StopReason;
use crate::model::DrillPlan;
use crate::run_folder::{RunFile, RunFolder, holds_history, identifier};
use crate::units::{Duration, Explained, Seed, with_causes};
use crate::verdict::record::{PlannedTrialRecord, REPEATS_FORMAT, RepeatsEnd, RepeatsEndRecord, RepeatsRecord, SequentialTestRecord};
use crate::verdict::repeats::{RepeatTrial, SequentialDecision, SequentialTest, TrialResult};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::path::PathBuf;

/// A phase is drawn from this at least: what a gateway does once a second is met at any moment of it.
const PHASES: Duration = Duration::from_secs(1);

/// A series that runs.
struct RunningRepeats<'a> {
    orders: &'a DrillOrders,
    planned: &'a PlannedDrill,
    folder: PathBuf,
    record: RepeatsRecord,
    /// What those that count are, in order.
    results: Vec<TrialResult>,
}

/// How a trial went, for whether another one follows.
struct TrialEnd {
    counts_as: RepeatTrial,
    stopped: Option<(StopReason, String, Option<String>)>,
}

/// Runs all trials of one scenario, the first of which is number 1, until they end.
pub(super) async fn run<O: Observer>(
    orders: &DrillOrders,
    planned: &PlannedDrill,
    scenario: usize,
    observer: &mut O,
) -> Result<(), O::Error> {
    let mut series = RunningRepeats::begin(orders, planned, scenario)?;
    let provenance = Provenance::of_series(&series.record);
    observer.repeats(&planned.plan, &series.record, &series.folder)?;
    let (end, failed) = series.walk(observer).await;
    series.record.ended = Some(end);
    let RunningRepeats { folder, record, .. } = series;
    let drills = repeated(&folder, record, &observer.work());
    observer.work().end();
    let drills = write_repeats(&folder, drills)?;
    provenance.write_manifest(&folder).map_err(ExerciseError::from)?;
    observer.repeated(&planned.plan, FinishedRepeats { drills, folder }).await?;
    failed.map_or(Ok(()), Err)
}

impl<'a> RunningRepeats<'a> {
    /// Makes the folder and fixes everything in it.
    fn begin(orders: &'a DrillOrders, planned: &'a PlannedDrill, scenario: usize) -> Result<Self, ExerciseError> {
        let seed = orders.seed_of(scenario);
        let id = format!("{}-x{}", identifier(&planned.plan.scenario.name, seed), orders.repeat);
        let run = match orders.out_of(scenario) {
            Some(folder) => RunFolder::at(folder, id),
            None => RunFolder::below(&planned.root.join("drills"), &id),
        }?;
        let RunFolder { path: folder, id } = run;
        if RunFile::Repeats.within(&folder).exists() || holds_history(&folder) {
            return Err(ExerciseError::Taken { path: folder });
        }
        let record = record(orders, &planned.plan, seed, id);
        write(&folder, RunFile::Repeats, &record.json())?;
        Ok(Self { orders, planned, folder, record, results: Vec::new() })
    }

    /// One trial after the other; how that ended, and the error that ended it.
    async fn walk<O: Observer>(&mut self, observer: &mut O) -> (RepeatsEndRecord, Option<O::Error>) {
        let ended = |why, after, problem: Option<String>, hint| RepeatsEndRecord { why, after, problem, hint };
        for trial in self.record.trials.clone() {
            let before = trial.trial - 1;
            if *self.orders.stop.borrow() {
                return (ended(RepeatsEnd::Person, before, None, None), None);
            }
            observer.resets(trial.trial);
            match reset(self.orders, self.planned).await {
                Ok(()) => {}
                Err(ResetError::Stopped) => return (ended(RepeatsEnd::Person, before, None, None), None),
                Err(error) => {
                    let (problem, hint) = (with_causes(&error), error.hint().map(Into::into));
                    return (ended(RepeatsEnd::Reset, before, Some(problem), hint), None);
                }
            }
            let TrialEnd { counts_as, stopped } = match self.one(&trial, observer).await {
                Ok(end) => end,
                Err((problem, hint, error)) => return (ended(RepeatsEnd::Trial, trial.trial, problem, hint), Some(error)),
            };
            if counts_as.result.is_counted() {
                self.results.push(counts_as.result);
            }
            match stopped {
                Some((StopReason::Person, ..)) => return (ended(RepeatsEnd::Person, trial.trial, None, None), None),
                Some((reason, problem, hint)) if reason != StopReason::BaselineUnsteady => {
                    return (ended(RepeatsEnd::Trial, trial.trial, Some(problem), hint), None);
                }
                _ => {}
            }
            let decision = self.record.test().map(|test| test.decide(&self.results));
            if matches!(decision, Some(SequentialDecision::Accepted(_) | SequentialDecision::Rejected(_))) {
                return (ended(RepeatsEnd::Known, trial.trial, None, None), None);
            }
        }
        (ended(RepeatsEnd::AllRan, self.record.trials.len() as u32, None, None), None)
    }

    /// Runs one trial; where it cannot be run or watched, why, what to do, and the error for whoever looks on.
    async fn one<O: Observer>(
        &self,
        trial: &PlannedTrialRecord,
        observer: &mut O,
    ) -> Result<TrialEnd, (Option<String>, Option<String>, O::Error)> {
        let unwatched = |error: O::Error| (None, None, error);
        permits(self.planned, chrono::Utc::now()).await.map_err(|error| failed::<O>(error.into()))?;
        let attesting = Attesting::of(self.orders, self.planned, plan_hash(&self.planned.plan))
            .map_err(|problem| failed::<O>(ExerciseError::Evidence(problem)))?;
        let PlannedDrill { root, mut plan, files, secrets, evidence: _, approvals } = self.planned.clone();
        plan.scenario.timeline.baseline = plan.scenario.timeline.baseline.plus(phase_of(trial));
        let permit = permit::obtain(self.orders, self.planned, observer).await.map_err(failed::<O>)?;
        let turn = DrillTurn { number: trial.trial as usize, total: self.record.trials.len(), seed: trial.seed };
        let request = DrillRequest {
            plan,
            seed: trial.seed,
            reason: self.orders.reason.clone(),
            files,
            root,
            supervisor: self.orders.supervisor.clone(),
            secrets,
            approvals,
            out: Some(self.folder.join(&trial.folder)),
            history: self.orders.history,
            attesting,
            attendance: observer.attendance(),
            stop: self.orders.stop.clone(),
            permit,
        };
        observer.begins(turn, &self.planned.plan).await.map_err(unwatched)?;
        let exercise = Exercise::begin(request).map_err(failed::<O>)?;
        observer.begun(&exercise).map_err(unwatched)?;
        let finished = match Box::pin(exercise.run()).await {
            Ok(finished) => finished,
            Err(error) => {
                let (problem, hint) = (with_causes(&error), error.hint().map(Into::into));
                let told = observer.ended(&self.planned.plan, Err(error)).await;
                // Whoever is told of an error tells it on.
                let error = told.err().unwrap_or_else(|| ExerciseError::Thread(std::io::Error::other(problem.clone())).into());
                return Err((Some(problem), hint, error));
            }
        };
        let end = TrialEnd::of(&finished);
        observer.ended(&self.planned.plan, Ok(finished)).await.map_err(unwatched)?;
        Ok(end)
    }
}

fn failed<O: Observer>(error: ExerciseError) -> (Option<String>, Option<String>, O::Error) {
    (Some(with_causes(&error)), error.hint().map(Into::into), error.into())
}

impl TrialEnd {
    fn of(finished: &FinishedDrill) -> Self {
        let stop = finished.stopped.as_ref().map(|stop| (stop.reason, stop.to_string(), stop.hint().map(Into::into)));
        // What could not be written cannot be relied on.
        let journal = || finished.journal.as_ref().err().map(|error| (StopReason::Journal, error.to_string(), None));
        // Nothing more is broken where something may be broken still.
        let unproven = || finished.judged.digest.unproven().map(|why| (StopReason::Fault, why.to_owned(), None));
        let counts_as = RepeatTrial::of(&finished.judged.verdict);
        let stopped = stop.filter(|(reason, ..)| *reason != StopReason::BaselineUnsteady).or_else(unproven);
        let unsteady = || finished.stopped.as_ref().map(|stop| (stop.reason, stop.to_string(), stop.hint().map(Into::into)));
        Self { counts_as, stopped: stopped.or_else(unsteady).or_else(journal) }
    }
}

/// All that is fixed before the first trial.
fn record(orders: &DrillOrders, plan: &DrillPlan, seed: Seed, campaign: String) -> RepeatsRecord {
    let (count, window) = (orders.repeat, phases(plan));
    let digits = count.to_string().len().max(2);
    let trial = |trial: u32| PlannedTrialRecord {
        trial,
        folder: format!("trial-{trial:0digits$}"),
        seed: seed.derive(&format!("trial {trial}")),
        phase: drawn(seed.derive(&format!("phase {trial}")), window).into(),
    };
    let (confidence, excluded_most) = RepeatsRecord::rules();
    RepeatsRecord {
        format: REPEATS_FORMAT,
        lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
        campaign,
        scenario: plan.scenario.name.clone(),
        title: plan.scenario.title.clone(),
        environment: plan.environment_name.clone(),
        seed,
        planned_at: chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        configuration_sha256: configuration(plan, Duration::ZERO),
        confidence,
        excluded_most,
        sequential: orders.until_known.then(|| SequentialTestRecord::new(&SequentialTest::within(count))),
        baseline: plan.scenario.timeline.baseline.into(),
        phase_within: window.into(),
        reset: way_of(plan),
        trials: (1..=count).map(trial).collect(),
        ended: None,
        statement: None,
    }
}

/// From how much a phase is drawn: a second, or the mean gap between two requests where that is longer.
fn phases(plan: &DrillPlan) -> Duration {
    let total = plan.scenario.timeline.total();
    let requests = plan.workloads.leading().workload.requests(total).max(1.0);
    PHASES.max(Duration::from_nanos((total.as_nanos() as f64 / requests) as u64))
}

/// A phase, in whole milliseconds, as people write them.
fn drawn(seed: Seed, window: Duration) -> Duration {
    let most = (window.as_nanos() / 1_000_000).max(1);
    Duration::from_nanos(ChaCha8Rng::seed_from_u64(seed.0).random_range(0..most) * 1_000_000)
}
