//! Everything that an execution says to people who are not at its terminal, beside its steps, from its beginning to its end.

use super::acknowledging::{Acknowledgement, take_acknowledgements, watch_alerts};
use super::sender::Sender;
use super::{closing, contacts, updates};
use crate::history::{Event, ExecutionEnd, Stamped};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

/// The messages of one run of an execution.
pub(super) struct Correspondence {
    sender: Sender,
    ending: watch::Sender<bool>,
    telling: JoinSet<()>,
    acknowledging: JoinHandle<()>,
    past: Vec<Stamped>,
}

impl Correspondence {
    /// Tells everybody whose time comes before the walk is over, each in a task of its own: nobody later because another's server is slow.
    /// Nobody where it is over already. `inside` are acknowledgements from the terminal, `others` those that come from elsewhere.
    pub(super) async fn begin(
        sender: Sender,
        past: Vec<Stamped>,
        over: bool,
        (say, inside): (mpsc::Sender<Acknowledgement>, mpsc::Receiver<Acknowledgement>),
        others: mpsc::Receiver<Acknowledgement>,
    ) -> Self {
        closing::recall(&past, &sender).await;
        updates::tell_of_unknown(&past, &sender).await;
        let (ending, ends) = watch::channel(over);
        let was = past.iter().any(|stamped| matches!(stamped.event, Event::Acknowledged(_)));
        let (acknowledged, known) = watch::channel(was);
        let mut telling = JoinSet::new();
        if !over {
            for due in contacts::open(&sender.started, &past) {
                telling.spawn(contacts::in_time(due, sender.clone(), ends.clone(), known.clone()));
            }
            for update in updates::recurring(&sender.started.plan.runbook.updates, &past) {
                telling.spawn(update.run(sender.clone(), ends.clone()));
            }
            telling.spawn(watch_alerts(sender.clone(), say, known, ends));
        }
        let acknowledging = tokio::spawn(take_acknowledgements(inside, others, sender.clone(), acknowledged));
        Self { sender, ending, telling, acknowledging, past }
    }

    /// Waits for messages that are under way, says that it has ended, and closes what it left open elsewhere.
    pub(super) async fn end(&mut self, end: ExecutionEnd) {
        self.ending.send_replace(true);
        while self.telling.join_next().await.is_some() {}
        updates::at_end(end, &self.past, &self.sender).await;
        closing::close(end, &self.sender).await;
    }

    /// Takes in what was acknowledged until now. Whoever could have typed that must be gone.
    pub(super) async fn close(self) {
        let _ = self.acknowledging.await;
    }
}
