//! Who is told when: the runbook's owner when it begins, and each escalation when its time comes.
//!
//! A webhook or a mail server is asked at once; whom only a person can call is shown to the one at the terminal. No step waits for a message,
//! but the execution ends only once each that was due by then is answered or given up: that somebody was told, or could not be, is evidence.
//! What was told before a crash is not told again, unless the crash came between the message and its line in the history; then it has the same
//! name as before, by which whoever takes it knows it again.

use super::sender::Sender;
use crate::history::{Contacted, Event, ExecutionStarted, Stamped};
use crate::model::{EscalationUntil, NotifySeverity, StepEnd};
use crate::step::{ContactOutcome, LinkPurpose, Message, tell as tell_contact};
use crate::units::{Duration, explained};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// Somebody, and when they are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// From the execution's start.
    after: Duration,
    to: String,
    because: String,
    key: String,
    until: EscalationUntil,
}

/// Everybody who is not told yet, as far as a history says.
pub(super) fn open(started: &ExecutionStarted, past: &[Stamped]) -> Vec<Due> {
    let told = |due: &Due| {
        past.iter().any(|stamped| match &stamped.event {
            Event::Contacted(contacted) => {
                let same = contacted.key == due.key || contacted.key.is_empty() && contacted.because == due.because;
                contacted.contact == due.to && same && contacted.end != StepEnd::Failed
            }
            _ => false,
        })
    };
    due(started).into_iter().filter(|due| !told(due)).collect()
}

/// Tells one once it is time; nobody whose time has not come when the walk is over, or when somebody has acknowledged where that is enough.
pub(super) async fn in_time(due: Due, sender: Sender, mut over: watch::Receiver<bool>, mut acknowledged: watch::Receiver<bool>) {
    let wait = sender.recorder.clock().until(due.after.as_nanos());
    let lasts = due.until == EscalationUntil::End;
    if !lasts && *acknowledged.borrow() {
        return;
    }
    if !wait.is_zero() {
        tokio::select! {
            biased;
            _ = acknowledged.wait_for(|acknowledged| *acknowledged), if !lasts => return,
            () = tokio::time::sleep(wait) => {}
            _ = over.wait_for(|over| *over) => return,
        }
    }
    let runbook = &sender.started.plan.runbook.name;
    let step = sender.context.live.borrow().step.as_ref().map(|step| format!("; it is at step {}, {}", step.step + 1, step.name));
    let text = sender.context.presentable(&format!("{runbook}: {}{}", due.because, step.unwrap_or_default()));
    // Made here, for it is known as a secret from now on.
    let link = sender.context.board.as_ref().and_then(|board| board.link(Some(&due.to), LinkPurpose::Acknowledge).ok());
    let text = link.map_or_else(|| text.clone(), |link| format!("{text}; acknowledge at {link}"));
    let Due { to, because, key, .. } = due;
    // Somebody must get up, unless the runbook says that it is less.
    let severity = sender.started.plan.runbook.severity.unwrap_or(NotifySeverity::Critical);
    let message = Message { contact: to, text, key, severity, over: false, facts: facts(&sender) };
    // A history that cannot be written ends the walk; here nothing follows from it.
    let _ = send(message, because, String::new(), &sender).await;
}

/// What a webhook is told besides the text.
pub(super) fn facts(sender: &Sender) -> Map<String, Value> {
    let elapsed_s = (sender.recorder.clock().now() as f64 / 1e8).round() / 10.0;
    let (runbook, execution) = (&sender.started.plan.runbook.name, &sender.started.execution);
    let facts = [("runbook", json!(runbook)), ("execution", json!(execution)), ("elapsed_s", json!(elapsed_s))];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Tells a contact, and writes down what came of it; `None` where that cannot be written.
pub(super) async fn send(message: Message, because: String, said: String, sender: &Sender) -> Option<StepEnd> {
    let (end, output) = match tell_contact(&message, &sender.context).await {
        Ok(ContactOutcome::Sent(said)) => (StepEnd::Done, said),
        Ok(ContactOutcome::ByHand(words)) => (StepEnd::Skipped, words),
        Err(problem) => (StepEnd::Failed, explained(&problem)),
    };
    let output = sender.context.presentable(&output);
    let Message { contact, key, .. } = message;
    sender.recorder.record_durably(Event::Contacted(Contacted { contact, because, end, output, key, said })).await.ok()?;
    Some(end)
}

/// In order of time.
fn due(started: &ExecutionStarted) -> Vec<Due> {
    let runbook = &started.plan.runbook;
    let owner = runbook.owner.iter().map(|owner| Due {
        after: Duration::ZERO,
        to: owner.clone(),
        because: "the runbook starts".into(),
        key: "begin".into(),
        until: EscalationUntil::End,
    });
    let later = runbook.escalate.iter().zip(1..).map(|(escalation, number)| Due {
        after: escalation.after,
        to: escalation.to.clone(),
        because: format!("it takes longer than {}", escalation.after),
        key: format!("escalation-{number}"),
        until: escalation.until,
    });
    let mut all: Vec<Due> = owner.chain(later).collect();
    all.sort_by_key(|due| due.after);
    all
}

/// The contacts whose escalation is still to come and ends with an acknowledgement.
pub(super) fn not_told_any_more(started: &ExecutionStarted, now: u64) -> Vec<String> {
    let spared = due(started).into_iter().filter(|due| due.until == EscalationUntil::Acknowledged && due.after.as_nanos() > now);
    spared.map(|due| due.to).collect()
}
