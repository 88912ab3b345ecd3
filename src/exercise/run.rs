//! Drills, one after the other, from plain orders: what a command line, a scheduler or a test calls. Who looks on is an [`Observer`]: it is told of
//! each step, and says who answers the questions of a runbook. Nothing here prints, reads a terminal, or belongs to the whole process, so that one
//! process can run several at once.

use super::allowed::permits;
use super::attest::Attesting;
use super::folder::{DrillRequest, Exercise, ExerciseError};
use super::observer::{DrillTurn, Observer};
use super::orders::{DrillOrders, PlannedDrill};
use super::plan_hash::plan_hash;
use super::{permit, repeats};

/// Runs all drills, one after the other, until somebody stops them or the only one cannot begin. What needs consent was agreed to before:
/// [`DrillOrders::agree`].
///
/// # Errors
/// Those of the observer, where there is only one drill.
pub async fn run<O: Observer>(orders: &DrillOrders, observer: &mut O) -> Result<(), O::Error> {
    let total = orders.drills.len();
    for (planned, number) in orders.drills.iter().zip(1..) {
        if *orders.stop.borrow() {
            observer.left_out(&planned.plan);
            continue;
        }
        let turn = DrillTurn { number, total, seed: orders.seed_of(number) };
        let ended = if orders.are_series() {
            repeats::run(orders, planned, number, observer).await
        } else {
            one(orders, planned, turn, observer).await
        };
        match ended {
            Ok(()) => {}
            Err(error) if total > 1 => observer.failed(&planned.plan, error),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn one<O: Observer>(orders: &DrillOrders, planned: &PlannedDrill, turn: DrillTurn, observer: &mut O) -> Result<(), O::Error> {
    permits(planned, chrono::Utc::now()).await.map_err(ExerciseError::from)?;
    let attesting = Attesting::of(orders, planned, plan_hash(&planned.plan)).map_err(ExerciseError::Evidence)?;
    let permit = permit::obtain(orders, planned, observer).await?;
    let PlannedDrill { root, plan, files, secrets, evidence: _, approvals } = planned.clone();
    let request = DrillRequest {
        plan,
        seed: turn.seed,
        reason: orders.reason.clone(),
        files,
        root,
        supervisor: orders.supervisor.clone(),
        secrets,
        approvals,
        out: orders.out_of(turn.number),
        history: orders.history,
        attesting,
        attendance: observer.attendance(),
        stop: orders.stop.clone(),
        permit,
    };
    observer.begins(turn, &planned.plan).await?;
    let exercise = Exercise::begin(request)?;
    observer.begun(&exercise)?;
    let finished = Box::pin(exercise.run()).await;
    observer.ended(&planned.plan, finished).await
}
