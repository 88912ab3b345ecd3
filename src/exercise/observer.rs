//! Who looks on while drills run: what is told, and when. It says who answers the questions of a runbook, and prints, records or does nothing.

use super::folder::{Exercise, ExerciseError, FinishedDrill};
use super::repeated::FinishedRepeats;
use crate::console::WorkProgress;
use crate::model::DrillPlan;
use crate::step::Attendance;
use crate::units::Seed;
use crate::verdict::record::RepeatsRecord;
use std::path::Path;
use std::sync::Arc;

/// A drill's place among those that are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrillTurn {
    /// The first is number 1.
    pub number: usize,
    /// How many there are.
    pub total: usize,
    /// The seed of this one.
    pub seed: Seed,
}

/// Who looks on while drills run. Each method is called in the order in which they stand here, for one drill after the other.
pub trait Observer {
    /// What ends all of it where there is only one drill, and that drill alone where there are several.
    type Error: From<ExerciseError>;

    /// Who answers the questions of the next drill.
    fn attendance(&mut self) -> Attendance;

    /// What it waits for, or has taken over from a drill that is gone.
    fn holds(&mut self, _what: &str) {}

    /// A drill is about to begin; it has no folder yet.
    fn begins(&mut self, turn: DrillTurn, plan: &DrillPlan) -> impl Future<Output = Result<(), Self::Error>>;

    /// It has its folder and its history, and runs as soon as this returns.
    ///
    /// # Errors
    /// Where it cannot be watched, so that it does not run.
    fn begun(&mut self, exercise: &Exercise) -> Result<(), Self::Error>;

    /// It has ended and was judged, or could not be.
    fn ended(&mut self, plan: &DrillPlan, finished: Result<FinishedDrill, ExerciseError>) -> impl Future<Output = Result<(), Self::Error>>;

    /// One of several has failed, and the next begins.
    fn failed(&mut self, plan: &DrillPlan, error: Self::Error);

    /// Several drills of one scenario are about to begin; how they were planned stands in their folder.
    ///
    /// # Errors
    /// Where they cannot be watched, so that none of them runs.
    fn repeats(&mut self, _plan: &DrillPlan, _record: &RepeatsRecord, _folder: &Path) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The system is put back for the trial of this number.
    fn resets(&mut self, _trial: u32) {}

    /// How far the judging of them all is, for whoever shows it.
    fn work(&mut self) -> Arc<WorkProgress> {
        Arc::default()
    }

    /// All of these drills have ended, and were judged together.
    fn repeated(&mut self, _plan: &DrillPlan, _finished: FinishedRepeats) -> impl Future<Output = Result<(), Self::Error>> {
        async { Ok(()) }
    }

    /// It was not begun, because somebody wants all of them to stop.
    fn left_out(&mut self, plan: &DrillPlan);
}
