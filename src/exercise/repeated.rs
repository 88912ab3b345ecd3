//! A folder of several drills of one scenario: read and judged again, from the trials' histories and `repeats.json` alone, and the files that are
//! written of that. Whoever renders it again gets the same bytes.

use super::folder::ExerciseError;
use super::judge::{JudgeError, Judged, judge_counting};
use super::plan_hash::configuration;
use crate::console::WorkProgress;
use crate::host::private;
use crate::report::{JudgedTrial, RepeatedDrills, RepeatedTrial, TrialOutcome, html, markdown, repeats, repeats_statement};
use crate::run_folder::{RunFile, holds_history};
use crate::units::Duration;
use crate::verdict::Millis;
use crate::verdict::record::{PlannedTrialRecord, RepeatsRecord};
use std::path::{Path, PathBuf};

/// Drills of one scenario that have ended.
#[derive(Debug)]
pub struct FinishedRepeats {
    /// What they say together.
    pub drills: RepeatedDrills,
    /// Where everything is.
    pub folder: PathBuf,
}

/// A trial's phase.
pub(super) fn phase_of(trial: &PlannedTrialRecord) -> Duration {
    let Millis(phase) = trial.phase;
    Duration::from_nanos(u64::try_from(phase).unwrap_or(0))
}

/// True for a folder of several drills of one scenario.
pub fn holds_repeats(folder: &Path) -> bool {
    RunFile::Repeats.within(folder).is_file()
}

/// Judges all drills of such a folder again.
///
/// # Errors
/// Where its `repeats.json` cannot be read. A trial that cannot be judged is told with the others.
pub fn judge_repeats(folder: &Path, work: &WorkProgress) -> Result<RepeatedDrills, JudgeError> {
    let path = RunFile::Repeats.within(folder);
    let bytes = std::fs::read(&path).map_err(|source| JudgeError::Open { path: path.clone(), source })?;
    let record = RepeatsRecord::read(&bytes).map_err(|source| JudgeError::Repeats { path, source })?;
    Ok(repeated(folder, record, work))
}

/// The same of a folder whose record is known.
pub(super) fn repeated(folder: &Path, record: RepeatsRecord, work: &WorkProgress) -> RepeatedDrills {
    let trial = |planned: &PlannedTrialRecord| RepeatedTrial { planned: planned.clone(), outcome: outcome(folder, planned, work) };
    let trials = record.trials.iter().map(trial).collect();
    let record = RepeatsRecord { statement: None, ..record };
    let mut drills = RepeatedDrills::new(record, trials);
    drills.record.statement = Some(repeats_statement(&drills));
    drills
}

fn outcome(folder: &Path, planned: &PlannedTrialRecord, work: &WorkProgress) -> TrialOutcome {
    let path = folder.join(&planned.folder);
    if !holds_history(&path) {
        return TrialOutcome::NotRun;
    }
    match judge_counting(&path, work) {
        Ok(judged) => judged_trial(judged, phase_of(planned)),
        // Where the folder lies is nothing that a report says.
        Err(error) => TrialOutcome::Unreadable(error.to_string().replace(&format!("{}/", folder.display()), "")),
    }
}

fn judged_trial(judged: Judged, phase: Duration) -> TrialOutcome {
    let Judged { verdict, digest, hash, .. } = judged;
    match digest.started().map(|started| &started.plan) {
        Some(plan) => {
            let configuration = configuration(plan, phase);
            TrialOutcome::Judged(Box::new(JudgedTrial::new(verdict, &digest, hash, configuration)))
        }
        None => TrialOutcome::Unreadable("this is no drill".to_owned()),
    }
}

/// Writes what may be said of them, and the report.
pub(super) fn write_repeats(folder: &Path, drills: RepeatedDrills) -> Result<RepeatedDrills, ExerciseError> {
    write(folder, RunFile::Repeats, &drills.record.json())?;
    let report = repeats(&drills);
    write(folder, RunFile::Report, &markdown(&report))?;
    write(folder, RunFile::Page, &html(&report))?;
    Ok(drills)
}

pub(super) fn write(folder: &Path, file: RunFile, text: &str) -> Result<(), ExerciseError> {
    let path = file.within(folder);
    private::write(&path, text.as_bytes()).map_err(|source| ExerciseError::Write { path, source })
}
