//! Who is told when: the runbook's owner when it begins, and each escalation when its time comes.
//!
//! A webhook or a mail server is asked at once; whom only a person can call is shown to the one at the terminal. No step waits for a message,
//! but the execution ends only once each that was due by then is answered or given up: that somebody was told, or could not be, is evidence.
//! What was told before a crash is not told again, unless the crash came between the message and its line in the history.

use crate::history::{Contacted, Event, ExecutionStarted, Stamped};
use crate::journal::Recorder;
use crate::model::StepEnd;
use crate::step::{ContactOutcome, Context, Message, tell as tell_contact};
use crate::units::{Duration, explained};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Somebody, and when they are told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Due {
    /// From the execution's start.
    after: Duration,
    to: String,
    because: String,
}

/// Tells everybody whose time comes before the walk is over, each in a task of its own: nobody later because another's server is slow. Nobody
/// where it is over already.
pub(super) fn tell(
    started: &Arc<ExecutionStarted>,
    past: &[Stamped],
    context: &Context,
    recorder: &Recorder,
    over: &watch::Receiver<bool>,
) -> JoinSet<()> {
    if *over.borrow() {
        return JoinSet::new();
    }
    let told = |due: &Due| {
        past.iter().any(|stamped| match &stamped.event {
            Event::Contacted(contacted) => {
                contacted.contact == due.to && contacted.because == due.because && contacted.end != StepEnd::Failed
            }
            _ => false,
        })
    };
    let open = due(started).into_iter().filter(|due| !told(due));
    open.map(|due| in_time(due, started.clone(), context.clone(), recorder.clone(), over.clone())).collect()
}

/// Tells one once it is time; nobody whose time has not come when the walk is over.
async fn in_time(due: Due, started: Arc<ExecutionStarted>, context: Context, recorder: Recorder, mut over: watch::Receiver<bool>) {
    let wait = recorder.clock().until(due.after.as_nanos());
    if !wait.is_zero() {
        tokio::select! {
            biased;
            () = tokio::time::sleep(wait) => {}
            _ = over.wait_for(|over| *over) => return,
        }
    }
    let (end, output) = one(&due, &started, &context, &recorder).await;
    let contacted = Contacted { contact: due.to, because: due.because, end, output: context.presentable(&output) };
    // A history that cannot be written ends the walk; here nothing follows from it.
    let _ = recorder.record_durably(Event::Contacted(contacted)).await;
}

/// In order of time.
fn due(started: &ExecutionStarted) -> Vec<Due> {
    let runbook = &started.plan.runbook;
    let owner = runbook.owner.iter().map(|owner| Due { after: Duration::ZERO, to: owner.clone(), because: "the runbook starts".into() });
    let later = runbook.escalate.iter().map(|escalation| Due {
        after: escalation.after,
        to: escalation.to.clone(),
        because: format!("it takes longer than {}", escalation.after),
    });
    let mut all: Vec<Due> = owner.chain(later).collect();
    all.sort_by_key(|due| due.after);
    all
}

async fn one(due: &Due, started: &ExecutionStarted, context: &Context, recorder: &Recorder) -> (StepEnd, String) {
    let runbook = &started.plan.runbook.name;
    let step = context.live.borrow().step.as_ref().map(|step| format!("; it is at step {}, {}", step.step + 1, step.name));
    let elapsed_s = (recorder.clock().now() as f64 / 1e8).round() / 10.0;
    let facts = [("runbook", json!(runbook)), ("execution", json!(started.execution)), ("elapsed_s", json!(elapsed_s))];
    let message = Message {
        contact: due.to.clone(),
        text: context.presentable(&format!("{runbook}: {}{}", due.because, step.unwrap_or_default())),
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    };
    match tell_contact(&message, context).await {
        Ok(ContactOutcome::Sent(said)) => (StepEnd::Done, said),
        Ok(ContactOutcome::ByHand(words)) => (StepEnd::Skipped, words),
        Err(problem) => (StepEnd::Failed, explained(&problem)),
    }
}
