//! What an execution left open elsewhere: alerts at paging services, and incidents on status pages. They are closed where it is over, and told of
//! where it is not.

use super::contacts::{facts, send};
use super::sender::Sender;
use super::updates::is_over;
use crate::history::{Contacted, Event, ExecutionEnd, Remark, RemarkAbout, Stamped};
use crate::model::{Action, Channel, Notify, NotifySeverity, StepEnd};
use crate::step::{AlertDesk, Message, OpenAlert, alert_desk, desk_of, is_page, key_of_step};
use crate::units::explained;
use std::collections::BTreeSet;

/// Closes what is open, or says that it stays so.
pub(super) async fn close(end: ExecutionEnd, sender: &Sender) {
    let outbox = &sender.context.outbox;
    if !is_over(end) {
        for alert in outbox.open_alerts() {
            stays_open(&format!("the alert at {} ({})", alert.desk.vendor(), alert.whose), end, sender).await;
        }
        for contact in outbox.open_pages().await {
            stays_open(&format!("the incident on the status page of {contact}"), end, sender).await;
        }
        return;
    }
    let because = format!("the runbook ends: {end}");
    for contact in outbox.open_pages().await {
        let message = Message {
            text: "This incident is over.".to_owned(),
            key: format!("close-page-{contact}"),
            contact,
            severity: NotifySeverity::Info,
            over: true,
            facts: facts(sender),
        };
        let said = message.text.clone();
        send(message, because.clone(), said, sender).await;
    }
    for OpenAlert { name, whose, desk } in outbox.open_alerts() {
        let vendor = desk.vendor();
        let (ended, output) = match desk.resolve(&name, &because, &sender.context).await {
            Ok(_) => (StepEnd::Done, format!("the alert at {vendor} is resolved")),
            Err(problem) => (StepEnd::Failed, format!("the alert at {vendor} stays open: {}", explained(&problem))),
        };
        if ended == StepEnd::Done {
            outbox.closed(&name);
        }
        let output = sender.context.presentable(&output);
        let contacted =
            Contacted { contact: whose, because: because.clone(), end: ended, output, key: closing_key(&name), said: String::new() };
        let _ = sender.recorder.record_durably(Event::Contacted(contacted)).await;
    }
}

async fn stays_open(what: &str, end: ExecutionEnd, sender: &Sender) {
    let text = format!("{what} stays open, because the runbook ended so: {end}; close it there once the outage is over");
    let _ = sender.recorder.record_durably(Event::Remark(Remark { about: RemarkAbout::Open, text })).await;
}

fn closing_key(name: &str) -> String {
    format!("close-{name}")
}

/// Puts into the outbox what a history says of it: what may be open, and which letters were taken.
pub(super) async fn recall(past: &[Stamped], sender: &Sender) {
    let context = &sender.context;
    let steps = &sender.started.plan.runbook.steps;
    let outbox = &context.outbox;
    for stamped in past {
        match &stamped.event {
            Event::StepStarted(step) => alert_of(steps.get(step.step as usize).map(|step| &step.action), step.step, sender),
            Event::UndoStarted(undo) => alert_of(steps.get(undo.step as usize).and_then(|step| step.undo.as_ref()), undo.step, sender),
            Event::StepFinished(step) if step.end == StepEnd::Done => outbox.was_taken(&key_of_step(step.step as usize)),
            Event::StepUndone(step) if step.end == StepEnd::Done => outbox.was_taken(&key_of_step(step.step as usize)),
            Event::Contacted(contacted) if contacted.key.is_empty() => {}
            Event::Contacted(contacted) => {
                let done = contacted.end == StepEnd::Done;
                let says_over = contacted.key.starts_with("close-") || contacted.key.starts_with("end-");
                match contacted.key.strip_prefix("close-") {
                    Some(name) if done => outbox.closed(name),
                    Some(_) => {}
                    None => remember(alert_desk(&contacted.contact, context), &contacted.key, &contacted.contact, sender),
                }
                if done && says_over && is_page(&contacted.contact, context) && contacted.output.ends_with("it is over") {
                    outbox.page_is_over(&contacted.contact).await;
                }
                if done && !contacted.said.is_empty() {
                    outbox.updated(&contacted.said);
                }
            }
            Event::PageIncidentOpened(opened) => outbox.recall_page(&opened.contact, Some(&opened.incident)).await,
            _ => {}
        }
    }
    for contact in spoken_to(past, sender) {
        if is_page(&contact, context) {
            outbox.recall_page(&contact, None).await;
        }
    }
}

/// The contacts to which something was said, or may have been.
fn spoken_to(past: &[Stamped], sender: &Sender) -> BTreeSet<String> {
    let steps = &sender.started.plan.runbook.steps;
    let notified = |action: Option<&Action>| match action {
        Some(Action::Notify(Notify { channel: Channel::Contact(name), .. })) => Some(name.clone()),
        _ => None,
    };
    let names = past.iter().filter_map(|stamped| match &stamped.event {
        Event::UpdateBegun(begun) => Some(begun.contact.clone()),
        Event::Contacted(contacted) => Some(contacted.contact.clone()),
        Event::StepStarted(step) => notified(steps.get(step.step as usize).map(|step| &step.action)),
        Event::UndoStarted(undo) => notified(steps.get(undo.step as usize).and_then(|step| step.undo.as_ref())),
        _ => None,
    });
    names.collect()
}

fn alert_of(action: Option<&Action>, place: u32, sender: &Sender) {
    let Some(Action::Notify(notify)) = action else { return };
    let key = key_of_step(place as usize);
    match &notify.channel {
        Channel::Contact(name) => remember(alert_desk(name, &sender.context), &key, name, sender),
        channel @ Channel::Pagerduty { .. } => remember(desk_of(channel, &sender.context).ok(), &key, channel.word(), sender),
        _ => {}
    }
}

fn remember(desk: Option<AlertDesk>, key: &str, whose: &str, sender: &Sender) {
    if let Some(desk) = desk {
        let outbox = &sender.context.outbox;
        outbox.opened(OpenAlert { name: outbox.alert_name(key), whose: whose.to_owned(), desk });
    }
}
