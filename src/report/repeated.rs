//! Several drills of one scenario, as their report knows them: how they were planned, how each ended, and what may be said of them together.
//!
//! What this file does not do: say it (`words/repeats`, `sections/repeats`), or read anything (`exercise`).

use super::digest::Digest;
use super::findings::of_drill;
use super::model::ReportFinding;
use super::sections::subject::Subject;
use crate::verdict::record::{PlannedTrialRecord, RepeatsRecord};
use crate::verdict::repeats::{RepeatTrial, Repeats, TrialResult};
use crate::verdict::{Decision, Verdict};

/// Several drills of one scenario.
#[derive(Debug)]
pub struct RepeatedDrills {
    /// How they were planned, and how they ended together.
    pub record: RepeatsRecord,
    /// Each planned trial, in order.
    pub trials: Vec<RepeatedTrial>,
    /// What may be said of them.
    pub repeats: Repeats,
}

/// One of them.
#[derive(Debug)]
pub struct RepeatedTrial {
    /// How it was planned.
    pub planned: PlannedTrialRecord,
    /// What became of it.
    pub outcome: TrialOutcome,
}

/// What became of a trial.
#[derive(Debug)]
pub enum TrialOutcome {
    /// There is no history of it.
    NotRun,
    /// There is one, and it cannot be judged: why.
    Unreadable(String),
    /// It was judged.
    Judged(Box<JudgedTrial>),
}

/// A trial that was judged.
#[derive(Debug)]
pub struct JudgedTrial {
    /// The judgement.
    pub verdict: Verdict,
    /// SHA-256 of its history, in hexadecimal.
    pub hash: String,
    /// That of what was done in it but for its phase.
    pub configuration: String,
    /// When it began, RFC 3339.
    pub started_at: Option<String>,
    /// Who started it, and on which host, as the history says.
    pub user: Option<String>,
    /// See `user`.
    pub host: Option<String>,
    /// What it showed that is to be looked into.
    pub(in crate::report) findings: Vec<ReportFinding>,
}

impl JudgedTrial {
    /// Of a verdict and what its history says; `configuration` is the hash of its plan.
    pub fn new(verdict: Verdict, digest: &Digest, hash: String, configuration: String) -> Self {
        let started = digest.started();
        let origin = started.map(|started| &started.origin);
        let findings = of_drill(&verdict, digest, &Subject::each(&verdict, digest), None);
        Self {
            findings,
            verdict,
            hash,
            configuration,
            started_at: started.map(|started| started.wall_clock.clone()),
            user: origin.and_then(|origin| origin.user.clone()),
            host: origin.and_then(|origin| origin.host.clone()),
        }
    }
}

impl RepeatedTrial {
    /// The judgement, where there is one.
    pub fn judged(&self) -> Option<&JudgedTrial> {
        match &self.outcome {
            TrialOutcome::Judged(judged) => Some(judged),
            TrialOutcome::NotRun | TrialOutcome::Unreadable(_) => None,
        }
    }

    fn counts_as(&self) -> RepeatTrial {
        match &self.outcome {
            TrialOutcome::NotRun => RepeatTrial::NOT_RUN,
            // It ran, and nobody can tell how.
            TrialOutcome::Unreadable(_) => RepeatTrial { result: TrialResult::Inconclusive, interval: None },
            TrialOutcome::Judged(judged) => RepeatTrial::of(&judged.verdict),
        }
    }
}

impl RepeatedDrills {
    /// What may be said of trials in the order of their plan.
    pub fn new(record: RepeatsRecord, trials: Vec<RepeatedTrial>) -> Self {
        let repeats = Repeats::of(trials.iter().map(RepeatedTrial::counts_as).collect(), record.test().as_ref());
        Self { record, trials, repeats }
    }

    /// Each trial with what it counts as.
    pub(in crate::report) fn each(&self) -> impl Iterator<Item = (&RepeatedTrial, &RepeatTrial)> {
        self.trials.iter().zip(&self.repeats.trials)
    }

    /// The trials that were judged.
    pub(in crate::report) fn judged(&self) -> impl Iterator<Item = &JudgedTrial> {
        self.trials.iter().filter_map(RepeatedTrial::judged)
    }

    /// Trials in which something else was done than in the first of them: of them nothing may be said together. (Not than what was recorded as
    /// planned: a newer build may write the same plan in another way.)
    pub(in crate::report) fn strangers(&self) -> impl Iterator<Item = &RepeatedTrial> {
        let first = self.judged().next().map(|judged| judged.configuration.as_str());
        self.trials.iter().filter(move |trial| trial.judged().is_some_and(|judged| Some(judged.configuration.as_str()) != first))
    }

    /// All of it in one word: that of the statistics, unless the trials are not alike.
    pub fn verdict(&self) -> Decision {
        match self.repeats.verdict() {
            Decision::Met if self.strangers().next().is_some() => Decision::Inconclusive,
            verdict => verdict,
        }
    }
}
