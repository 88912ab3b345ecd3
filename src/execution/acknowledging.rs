//! Acknowledgements: somebody says that they know. It comes from the terminal, a link, PagerDuty or Opsgenie; it is written down, passed on to
//! the alerts that are open, and stops the escalations that last until then.

use super::contacts::not_told_any_more;
use super::sender::Sender;
use crate::history::{Acknowledged, Event, Remark, RemarkAbout};
use crate::host;
use crate::model::AcknowledgementWay;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Names are no longer than this, in characters.
const LONGEST: usize = 60;
/// The longest time between two looks at a paging service.
const LOOK: Duration = Duration::from_secs(5);
/// So many looks in a row must fail until somebody is told.
const FAILURES: u32 = 3;

/// Somebody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who, as far as that is known.
    pub by: String,
    /// How.
    pub how: AcknowledgementWay,
}

impl Acknowledgement {
    /// From a line that was typed: `ack`, or `ack NAME`, with a comment after a colon. `None` for any other line.
    pub fn typed(line: &str) -> Option<Self> {
        let first = line.split_whitespace().next()?;
        if !first.trim_end_matches(':').eq_ignore_ascii_case("ack") {
            return None;
        }
        let name = line.trim().get(3..)?.split(':').next().unwrap_or_default().trim();
        let is_name = name.chars().count() <= LONGEST
            && name.split_whitespace().count() <= 3
            && name.chars().all(|letter| letter.is_alphanumeric() || " -_.'@".contains(letter));
        let by = if name.is_empty() { format!("the user {}", host::user()) } else { name.to_owned() };
        is_name.then_some(Self { by, how: AcknowledgementWay::Terminal })
    }
}

/// Writes acknowledgements down and passes them on, from inside and from `others`, until nobody inside can send one any more.
pub(super) async fn take_acknowledgements(
    mut inside: mpsc::Receiver<Acknowledgement>,
    mut others: mpsc::Receiver<Acknowledgement>,
    sender: Sender,
    acknowledged: watch::Sender<bool>,
) {
    let mut open = true;
    loop {
        let next = tokio::select! {
            next = inside.recv() => match next {
                Some(next) => next,
                None => return,
            },
            next = others.recv(), if open => match next {
                Some(next) => next,
                None => {
                    open = false;
                    continue;
                }
            },
        };
        take(next, &sender, &acknowledged).await;
    }
}

async fn take(acknowledgement: Acknowledgement, sender: &Sender, acknowledged: &watch::Sender<bool>) {
    let Acknowledgement { by, how } = acknowledgement;
    let (context, recorder) = (&sender.context, &sender.recorder);
    let by = context.presentable(&by);
    let was = acknowledged.send_replace(true);
    let spared = if was { Vec::new() } else { not_told_any_more(&sender.started, recorder.clock().now()) };
    let _ = recorder.record_durably(Event::Acknowledged(Acknowledged { by: by.clone(), how, spared })).await;
    for alert in context.outbox.open_alerts() {
        let vendor = alert.desk.vendor();
        // It knows already.
        if matches!((how, vendor), (AcknowledgementWay::Pagerduty, "PagerDuty") | (AcknowledgementWay::Opsgenie, "Opsgenie")) {
            continue;
        }
        if let Err(problem) = alert.desk.acknowledge(&alert.name, &by, context).await {
            let text = format!("{vendor} was not told that {by} has acknowledged: {problem}");
            recorder.record(Event::Remark(Remark { about: RemarkAbout::Open, text: context.presentable(&text) })).await;
        }
    }
}

/// Looks at the alerts that are open until somebody has acknowledged, or the walk is over.
pub(super) async fn watch_alerts(
    sender: Sender,
    say: mpsc::Sender<Acknowledgement>,
    mut acknowledged: watch::Receiver<bool>,
    mut over: watch::Receiver<bool>,
) {
    let mut wait = Duration::from_secs(1);
    let mut failures: BTreeMap<String, u32> = BTreeMap::new();
    loop {
        tokio::select! {
            biased;
            _ = over.wait_for(|over| *over) => return,
            _ = acknowledged.wait_for(|acknowledged| *acknowledged) => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(LOOK);
        for alert in sender.context.outbox.open_alerts().into_iter().filter(|alert| alert.desk.can_be_asked()) {
            let vendor = alert.desk.vendor();
            match alert.desk.acknowledged_by(&alert.name, &sender.context).await {
                Ok(Some(by)) => {
                    let how = if vendor == "Opsgenie" { AcknowledgementWay::Opsgenie } else { AcknowledgementWay::Pagerduty };
                    let _ = say.send(Acknowledgement { by, how }).await;
                    return;
                }
                Ok(None) => drop(failures.remove(&alert.name)),
                Err(problem) => {
                    let count = failures.entry(alert.name).or_default();
                    *count += 1;
                    if *count == FAILURES {
                        let text = format!("it cannot be seen whether somebody acknowledges in {vendor}: {problem}");
                        let remark = Remark { about: RemarkAbout::Open, text: sender.context.presentable(&text) };
                        sender.recorder.record(Event::Remark(remark)).await;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_acknowledges_or_is_a_note() {
        let by = |line: &str| Acknowledgement::typed(line).map(|acknowledgement| acknowledgement.by);
        for (line, name) in [("ack alice", "alice"), (" ACK  Alice B. Smith ", "Alice B. Smith"), ("ack bob: on it, 5 minutes", "bob")] {
            assert_eq!(by(line).as_deref(), Some(name), "{line}");
        }
        assert!(by("ack").is_some_and(|name| name.starts_with("the user ")) && by("ack: on it").is_some());
        for note in ["acknowledged by the vendor", "ack that the primary is down, they say", "back", "", "ack, then wait", "pack alice"] {
            assert_eq!(by(note), None, "{note}");
        }
    }
}
