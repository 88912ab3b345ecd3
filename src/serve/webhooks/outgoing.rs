//! Everything of this part that runs beside the server, begun and ended as one; and one webhook, tried at once.

use super::herald::DrillHerald;
use super::schedule_watch::ScheduleWatch;
use super::sender::NoticeSender;
use super::webhook_post::{self, PostOutcome};
use crate::model::{Inventory, NoticeKind};
use crate::schedule::{Notice, NoticeSubject};
use crate::scheduler::RunningDrills;
use crate::secret::SecretContext;
use crate::store::DrillStore;
use crate::units::{Problem, hexadecimal};
use chrono::Utc;
use std::path::Path;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is told of drills and schedules while it is there.
#[derive(Debug)]
pub struct OutgoingNotices {
    herald: (watch::Sender<bool>, JoinHandle<()>),
    watch: (watch::Sender<bool>, JoinHandle<()>),
    sender: (watch::Sender<bool>, JoinHandle<()>),
}

impl OutgoingNotices {
    /// Begins to follow the drills that begin from now on, and to send what the store's outbox holds. `holder` names this process among others.
    ///
    /// # Errors
    /// Where no HTTP client can be made.
    pub fn start(store: &DrillStore, running: &RunningDrills, holder: String) -> Result<Self, Problem> {
        let herald = DrillHerald::new(running.clone(), store.clone());
        let sender = NoticeSender::new(store.clone(), running.root().to_owned(), holder, webhook_post::client()?);
        let looks = ScheduleWatch::new(store.clone(), running.root().to_owned());
        let [(stop_herald, herald_stops), (stop_watch, watch_stops), (stop_sender, sender_stops)] = [(); 3].map(|()| watch::channel(false));
        Ok(Self {
            herald: (stop_herald, tokio::spawn(herald.run(herald_stops))),
            watch: (stop_watch, tokio::spawn(looks.run(watch_stops))),
            sender: (stop_sender, tokio::spawn(sender.run(sender_stops))),
        })
    }

    /// Ends once what is known of drills is entered, and what is due was tried; called after the drills have ended.
    pub async fn finish(self) {
        for (stop, task) in [self.herald, self.watch, self.sender] {
            stop.send_replace(true);
            let _ = task.await;
        }
    }
}

/// Posts a notice of the kind `drill.test` to one webhook at once; what was answered.
///
/// # Errors
/// Why it was not taken.
pub async fn try_webhook(name: &str, inventory: &Inventory, root: &Path) -> Result<String, Problem> {
    let Some(webhook) = inventory.serve.webhooks.iter().find(|webhook| webhook.name == name) else {
        let known: Vec<&str> = inventory.serve.webhooks.iter().map(|webhook| webhook.name.as_str()).collect();
        let hint = if known.is_empty() {
            "name some under `serve: {webhooks: […]}`".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        return Err(Problem::new(format!("the inventory has no webhook `{name}`")).hint(hint));
    };
    let id = crate::journal::random().map_err(|error| Problem::new("there are no random bytes").caused_by(error))?;
    let id = format!("msg_{}", hexadecimal(&id));
    let told = "Somebody tries whether this arrives.".to_owned();
    let notice = Notice::of_drill(NoticeKind::Test, NoticeSubject::default(), &id, told, Utc::now());
    let site = SecretContext { stores: &inventory.stores, root };
    let now = Utc::now().timestamp();
    match webhook_post::post(webhook, &inventory.serve, site, (&id, &notice), now, &webhook_post::client()?).await {
        PostOutcome::Taken(told) => Ok(told),
        PostOutcome::NotNow(told, _) | PostOutcome::Never(told) => Err(Problem::new(told)),
    }
}
