//! The team's answer: the runbook, from what starts it to its undoing.

use crate::history::{Event, RunbookStarted};
use crate::journal::Recorder;
use crate::model::{Runbook, StartMode};
use crate::step::{Attendance, Context, Question, detected, walk};
use tokio::sync::{oneshot, watch};

/// Waits for what starts the runbook, walks it, waits until the faults are healed (the outage is over), and takes back what its steps did, so
/// that the environment is left as it was found and the way back is measured too. `over` becomes true when the faults are healed,
/// `stop` when the drill ends.
pub(super) async fn answer(
    runbook: Runbook,
    context: Context,
    recorder: Recorder,
    mut over: watch::Receiver<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let because = tokio::select! {
        because = begin(&runbook, &context) => because,
        _ = over.wait_for(|over| *over) => None,
        _ = stop.wait_for(|stop| *stop) => None,
    };
    let Some(because) = because else { return };
    recorder.record(Event::RunbookStarted(RunbookStarted { runbook: runbook.name.clone(), because })).await;
    let mut walked = walk(&runbook, &context, &recorder, stop.clone()).await;
    tokio::select! {
        _ = over.wait_for(|over| *over) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    walked.undo(&runbook, &context, &recorder).await;
}

/// Why it starts now; `None` where it never does.
async fn begin(runbook: &Runbook, context: &Context) -> Option<String> {
    match (runbook.start, &context.attendance) {
        (StartMode::WithTheFault, _) => Some("the fault".to_owned()),
        (StartMode::OnDetection, _) => detected(&runbook.detect, context).await.ok(),
        (StartMode::ByHand, Attendance::Unattended) => Some("nobody was asked: --yes, with the fault".to_owned()),
        (StartMode::ByHand, Attendance::Attended(queue)) => {
            let (answer, answered) = oneshot::channel();
            let text = format!("Start the runbook {}?", runbook.name);
            queue.send(Question { text, answer }).await.ok()?;
            answered.await.ok()?.then(|| "a person said so".to_owned())
        }
    }
}
