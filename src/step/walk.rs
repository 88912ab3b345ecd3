//! The walk through a runbook: tries, retries, what follows a failure, and taking back in reverse order.

use super::{Context, perform};
use crate::history::{Event, StepEnd, StepFinished, StepStarted, StepUndone};
use crate::journal::Recorder;
use crate::model::{Action, OnFailure, Runbook, Step};
use tokio::sync::watch;

/// What a walk has done so far.
#[derive(Debug, Default)]
pub struct Walk {
    /// Steps that were done (or whose outcome is unknown) and have an undo, in order.
    to_undo: Vec<usize>,
}

/// Walks the steps in order. Stops early when `stop` becomes true; what was done can then be taken back with [`Walk::undo`].
pub async fn walk(runbook: &Runbook, context: &Context, recorder: &Recorder, mut stop: watch::Receiver<bool>) -> Walk {
    let mut walk = Walk::default();
    for (place, step) in runbook.steps.iter().enumerate() {
        let mut uncertain = false;
        let (end, output) = tokio::select! {
            ended = attempt(place, step, context, recorder, &mut uncertain) => ended,
            _ = stop.wait_for(|stop| *stop) => (StepEnd::Cancelled, String::new()),
        };
        // A step of which any try timed out, or that was cancelled, may have done its work: its undo must be able to bear that.
        if step.undo.is_some() && (end != StepEnd::Failed || uncertain) {
            walk.to_undo.push(place);
        }
        recorder.record(Event::StepFinished(StepFinished { step: number(place), end, output })).await;
        match (end, step.on_failure) {
            (StepEnd::Done, _) | (StepEnd::Failed | StepEnd::TimedOut, OnFailure::Continue) => {}
            (StepEnd::Cancelled, _) | (_, OnFailure::Stop) => break,
            (_, OnFailure::Undo) => {
                walk.undo(runbook, context, recorder).await;
                break;
            }
        }
    }
    walk
}

impl Walk {
    /// Takes back what was done, last first. A failure is recorded and does not hold up the rest.
    pub async fn undo(&mut self, runbook: &Runbook, context: &Context, recorder: &Recorder) {
        while let Some(place) = self.to_undo.pop() {
            let step = &runbook.steps[place];
            let Some(undo) = &step.undo else { continue };
            let (end, output) = once(undo, step, context).await;
            recorder.record(Event::StepUndone(StepUndone { step: number(place), end, output })).await;
        }
    }
}

/// `uncertain` becomes true where it is not known what a try did, even if a later one is known to have failed.
async fn attempt(place: usize, step: &Step, context: &Context, recorder: &Recorder, uncertain: &mut bool) -> (StepEnd, String) {
    let mut attempt = 1;
    loop {
        recorder.record(Event::StepStarted(StepStarted { step: number(place), name: step.name.clone(), attempt })).await;
        let (end, output) = once(&step.action, step, context).await;
        *uncertain |= end == StepEnd::TimedOut;
        if end == StepEnd::Done || attempt > step.retries {
            return (end, output);
        }
        attempt += 1;
        tokio::time::sleep(step.retry_after.std()).await;
    }
}

/// One try within the step's timeout: how it ended, and its output or its error, without secrets.
async fn once(action: &Action, step: &Step, context: &Context) -> (StepEnd, String) {
    let (end, output) = match tokio::time::timeout(step.timeout.std(), perform(action, context)).await {
        Ok(Ok(output)) => (StepEnd::Done, output),
        Ok(Err(error)) => (StepEnd::Failed, error.to_string()),
        Err(_) => (StepEnd::TimedOut, format!("not done within {}", step.timeout)),
    };
    (end, context.presentable(&output))
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
