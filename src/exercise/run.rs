//! Drills, one after the other, from plain orders: what a command line, a scheduler or a test calls. Who looks on is an [`Observer`]: it is told of
//! each step, and says who answers the questions of a runbook. Nothing here prints, reads a terminal, or belongs to the whole process, so that one
//! process can run several at once.

use super::folder::{DrillRequest, Exercise, ExerciseError, FinishedDrill};
use super::orders::{DrillOrders, PlannedDrill};
use crate::model::DrillPlan;
use crate::step::Attendance;
use crate::units::Seed;

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

    /// It was not begun, because somebody wants all of them to stop.
    fn left_out(&mut self, plan: &DrillPlan);
}

/// Runs all drills, one after the other, until somebody stops them or the only one cannot begin. What needs consent was agreed to before:
/// [`DrillOrders::agree`].
///
/// # Errors
/// Those of the observer, where there is only one drill.
pub async fn run<O: Observer>(orders: &DrillOrders, observer: &mut O) -> Result<(), O::Error> {
    let total = orders.count();
    let drills = orders.drills.iter().flat_map(|planned| (0..orders.repeat).map(move |_| planned));
    for (planned, number) in drills.zip(1..) {
        if *orders.stop.borrow() {
            observer.left_out(&planned.plan);
            continue;
        }
        match one(orders, planned, DrillTurn { number, total, seed: orders.seed_of(number) }, observer).await {
            Ok(()) => {}
            Err(error) if total > 1 => observer.failed(&planned.plan, error),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn one<O: Observer>(orders: &DrillOrders, planned: &PlannedDrill, turn: DrillTurn, observer: &mut O) -> Result<(), O::Error> {
    let PlannedDrill { root, plan, files, secrets } = planned.clone();
    let request = DrillRequest {
        plan,
        seed: turn.seed,
        reason: orders.reason.clone(),
        files,
        root,
        supervisor: orders.supervisor.clone(),
        secrets,
        out: orders.out_of(turn.number),
        attendance: observer.attendance(),
        stop: orders.stop.clone(),
    };
    observer.begins(turn, &planned.plan).await?;
    let exercise = Exercise::begin(request)?;
    observer.begun(&exercise)?;
    let finished = exercise.run().await;
    observer.ended(&planned.plan, finished).await
}
