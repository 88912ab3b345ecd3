//! Updates: messages that a runbook sends again and again while it lasts, and when it ends.
//!
//! That one is about to be sent is in the history before it is, so that after a crash none is sent twice: the next one comes in its time.
//! Of several whose time went by meanwhile, one is sent.

use super::contacts::{facts, send};
use super::sender::Sender;
use crate::history::{Contacted, Event, ExecutionEnd, Remark, RemarkAbout, Stamped, UpdateBegun};
use crate::model::{NotifySeverity, StatusUpdate, StepEnd, UpdateTime};
use crate::step::Message;
use crate::units::{Duration, explained};
use tokio::sync::watch;

/// An update that comes again and again.
#[derive(Debug, Clone)]
pub(super) struct Recurring {
    /// Its place in the runbook, from 1.
    number: usize,
    update: StatusUpdate,
    every: Duration,
    first: Duration,
    /// How often its time has come and was used.
    begun: u64,
}

/// Those of a runbook, each as far as a history says that it has come.
pub(super) fn recurring(updates: &[StatusUpdate], past: &[Stamped]) -> Vec<Recurring> {
    let each = updates.iter().zip(1..).filter_map(|(update, number)| {
        let UpdateTime::Every { every, start_after } = update.when else { return None };
        let slots = past.iter().filter_map(|stamped| match &stamped.event {
            Event::UpdateBegun(begun) => begun.key.strip_prefix(&format!("update-{number}-"))?.parse::<u64>().ok(),
            _ => None,
        });
        let begun = slots.max().unwrap_or(0);
        Some(Recurring { number, update: update.clone(), every, first: start_after, begun })
    });
    each.collect()
}

impl Recurring {
    /// When its turn of this number comes, from 1.
    fn due(&self, turn: u64) -> u64 {
        self.first.as_nanos().saturating_add(self.every.as_nanos().saturating_mul(turn - 1))
    }

    /// The turn that is next: the newest of those whose time has come, or the one after those that were used.
    fn next(&self, now: u64) -> u64 {
        let newest = match now.checked_sub(self.first.as_nanos()) {
            Some(since) => since / self.every.as_nanos().max(1) + 1,
            None => 0,
        };
        newest.max(self.begun + 1)
    }

    /// Sends each in its time, until the walk is over.
    pub(super) async fn run(mut self, sender: Sender, mut over: watch::Receiver<bool>) {
        loop {
            let turn = self.next(sender.recorder.clock().now());
            let wait = sender.recorder.clock().until(self.due(turn));
            tokio::select! {
                biased;
                _ = over.wait_for(|over| *over) => return,
                () = tokio::time::sleep(wait) => {}
            }
            let because = format!("an update every {}", self.every);
            if publish(&self.update, format!("update-{}-{turn}", self.number), because, None, &sender).await.is_none() {
                return;
            }
            self.begun = turn;
        }
    }
}

/// Sends those that belong to this end, unless a history says that they were sent.
pub(super) async fn at_end(end: ExecutionEnd, past: &[Stamped], sender: &Sender) {
    let ended = past.iter().filter(|stamped| matches!(stamped.event, Event::ExecutionFinished(_))).count() + 1;
    for (update, number) in sender.started.plan.runbook.updates.iter().zip(1..) {
        let UpdateTime::AtEnd { ends } = &update.when else { continue };
        if !ends.is_empty() && !ends.iter().any(|word| word == end.word()) {
            continue;
        }
        let key = format!("end-{number}-{ended}");
        if !was_begun(past, &key) {
            publish(update, key, format!("the runbook ends: {end}"), Some(end), sender).await;
        }
    }
}

fn was_begun(past: &[Stamped], key: &str) -> bool {
    past.iter().any(|stamped| matches!(&stamped.event, Event::UpdateBegun(begun) if begun.key == key))
}

/// True where nothing of this execution is left to be said.
pub(super) const fn is_over(end: ExecutionEnd) -> bool {
    matches!(end, ExecutionEnd::Done | ExecutionEnd::Undone)
}

/// One update; `None` where that cannot be written down.
async fn publish(update: &StatusUpdate, key: String, because: String, end: Option<ExecutionEnd>, sender: &Sender) -> Option<()> {
    let mut context = sender.context.clone();
    if let Some(end) = end {
        context.variables.set("end", end.word());
    }
    let contact = update.to.clone();
    sender.recorder.record_durably(Event::UpdateBegun(UpdateBegun { contact: contact.clone(), key: key.clone() })).await.ok()?;
    let text = match context.expand_so_far(&update.message) {
        Ok(text) => context.presentable(&text),
        Err(error) => {
            let output = context.presentable(&explained(&error));
            let contacted = Contacted { contact, because, end: StepEnd::Failed, output, key, said: String::new() };
            return sender.recorder.record_durably(Event::Contacted(contacted)).await.ok();
        }
    };
    let over = end.is_some_and(is_over);
    let severity = NotifySeverity::Info;
    let message = Message { contact, text: text.clone(), key, severity, over, facts: facts(sender) };
    if send(message, because, text.clone(), sender).await? == StepEnd::Done {
        context.outbox.updated(&text);
    }
    Some(())
}

/// Says of which updates it is not known whether they were sent before an interruption.
pub(super) async fn tell_of_unknown(past: &[Stamped], sender: &Sender) {
    // Of earlier interruptions it was said then.
    let since = past.iter().rposition(|stamped| matches!(stamped.event, Event::Resumed(_))).unwrap_or(0);
    let begun = past[since..].iter().filter_map(|stamped| match &stamped.event {
        Event::UpdateBegun(begun) => Some(begun),
        _ => None,
    });
    let ended = |key: &str| past.iter().any(|stamped| matches!(&stamped.event, Event::Contacted(contacted) if contacted.key == key));
    for begun in begun.filter(|begun| !ended(&begun.key)) {
        let text = format!("an update to {} may have been sent before the interruption, and is not sent again", begun.contact);
        sender.recorder.record(Event::Remark(Remark { about: RemarkAbout::Open, text })).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(past: &[u64]) -> Recurring {
        let when = UpdateTime::Every { every: Duration::from_secs(30), start_after: Duration::from_secs(10) };
        let update = StatusUpdate { when, to: "customers".into(), message: "m".into(), template: None };
        let event = |turn: &u64| Event::UpdateBegun(UpdateBegun { contact: "customers".into(), key: format!("update-1-{turn}") });
        let past: Vec<Stamped> = past.iter().map(|turn| Stamped { t: 0, event: event(turn) }).collect();
        recurring(&[update], &past).remove(0)
    }

    #[test]
    fn no_turn_is_used_twice_and_of_those_that_went_by_one_is() {
        let second = 1_000_000_000;
        let fresh = of(&[]);
        assert_eq!((fresh.next(0), fresh.due(1), fresh.due(3)), (1, 10 * second, 70 * second));
        assert_eq!((fresh.next(10 * second), fresh.next(39 * second), fresh.next(40 * second)), (1, 1, 2));
        let again = of(&[1, 2]);
        assert_eq!(again.next(45 * second), 3, "its turn was used");
        assert_eq!(again.next(1000 * second), 34, "of all that went by, the newest");
    }
}
