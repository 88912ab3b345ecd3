//! Who sends what the outbox holds: it says whom each notice goes to, and has one task a target, so that one who is slow or away holds up nobody
//! else. It sleeps until something is due.

use super::contact_message::tell_contact;
use super::recipients::{Recipient, recipients};
use super::retry;
use super::webhook_post::{self, PATIENCE, PostOutcome};
use crate::model::{DrillSchedule, Inventory};
use crate::project::Project;
use crate::secret::SecretContext;
use crate::store::{ClaimedDelivery, DrillStore, StoreError, Tried};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Another replica may have entered something: it is looked at so often.
const LOOK: Duration = Duration::from_secs(30);
/// The pause after the store could not be asked.
const PAUSE: Duration = Duration::from_secs(5);
/// How long after it was told to stop it still sends what is due.
const GRACE: Duration = Duration::from_secs(3);
/// So long a claim lasts: longer than a try may take.
const LEASE_MS: i64 = 20_000;
const _: () = assert!(LEASE_MS as u128 > PATIENCE.as_millis() + 2_000);

/// Sends what the outbox of a store holds. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct NoticeSender {
    store: DrillStore,
    root: PathBuf,
    holder: Arc<str>,
    client: reqwest::Client,
}

impl NoticeSender {
    pub(super) fn new(store: DrillStore, root: PathBuf, holder: String, client: reqwest::Client) -> Self {
        Self { store, root, holder: holder.into(), client }
    }

    /// Sends until it is stopped; then what is due at that moment, for a short time.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut tasks, mut busy) = (JoinSet::new(), BTreeSet::new());
        let mut until: Option<Instant> = None;
        loop {
            let wait = match self.round(&mut tasks, &mut busy).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!("notices cannot be sent at present: {error}");
                    PAUSE
                }
            };
            if *stop.borrow() {
                let until = *until.get_or_insert_with(|| Instant::now() + GRACE);
                if tasks.is_empty() || Instant::now() >= until {
                    break;
                }
                let _ = timeout(until - Instant::now(), tasks.join_next()).await.map(|done| sent(done, &mut busy));
                continue;
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = self.store.entered() => {}
                done = tasks.join_next(), if !tasks.is_empty() => sent(done, &mut busy),
                () = sleep(wait) => {}
            }
        }
        // What is cut off here is claimed again once its lease has passed.
        tasks.shutdown().await;
    }

    /// Addresses what is new and begins to send what is due; how long there is nothing to do then.
    async fn round(&self, tasks: &mut JoinSet<String>, busy: &mut BTreeSet<String>) -> Result<Duration, StoreError> {
        let unaddressed = self.store.unaddressed().await?;
        if !unaddressed.is_empty() {
            let Some((inventory, schedules)) = known(&self.root).await else { return Ok(PAUSE) };
            for (id, notice) in unaddressed {
                self.store.address_notice(&id, &recipients(&notice, &inventory, &schedules)).await?;
            }
        }
        for target in self.store.due_targets().await? {
            if busy.insert(target.clone()) {
                tasks.spawn(self.clone().send_all(target));
            }
        }
        let next = self.store.next_delivery().await?.and_then(|ms| u64::try_from(ms).ok());
        // What a task of ours is about to claim is due already.
        Ok(next.map_or(LOOK, |ms| Duration::from_millis(ms.max(1_000)).min(LOOK)))
    }

    /// Sends everything that is due for a target, one after the other.
    async fn send_all(self, target: String) -> String {
        loop {
            let claimed = match self.store.claim_deliveries(&target, &self.holder, LEASE_MS, 1).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::warn!("nothing can be sent to {target} at present: {error}");
                    sleep(PAUSE).await;
                    return target;
                }
            };
            let Some(delivery) = claimed.into_iter().next() else { return target };
            let (outcome, told) = self.send(&delivery).await;
            if let Err(error) = self.store.tried(&delivery, &outcome, &told).await {
                // It is claimed again once its lease has passed, and sent under the same identifier.
                tracing::warn!("what became of {} cannot be kept: {error}", delivery.id);
                return target;
            }
        }
    }

    async fn send(&self, delivery: &ClaimedDelivery) -> (Tried, String) {
        let answered = match known(&self.root).await {
            Some((inventory, _)) => timeout(PATIENCE + Duration::from_secs(2), self.tell(delivery, &inventory))
                .await
                .unwrap_or_else(|_| PostOutcome::NotNow(format!("it took longer than {} s", PATIENCE.as_secs() + 2), None)),
            None => PostOutcome::NotNow("the inventory has errors; `lifeboat check` tells them".to_owned(), None),
        };
        match answered {
            PostOutcome::Taken(told) => (Tried::Sent, told),
            PostOutcome::Never(told) => (Tried::Failed, told),
            PostOutcome::NotNow(told, asked) => (retry::after(delivery.tries, asked, chance()), told),
        }
    }

    async fn tell(&self, delivery: &ClaimedDelivery, inventory: &Inventory) -> PostOutcome {
        let what = (delivery.notice_id.as_str(), &delivery.notice);
        match Recipient::of(&delivery.target) {
            Some(Recipient::Webhook(name)) => match inventory.serve.webhooks.iter().find(|webhook| webhook.name == name) {
                Some(webhook) => {
                    let site = SecretContext { stores: &inventory.stores, root: &self.root };
                    webhook_post::post(webhook, &inventory.serve, site, what, chrono::Utc::now().timestamp(), &self.client).await
                }
                None => PostOutcome::Never(format!("the inventory has no webhook `{name}` any more")),
            },
            Some(Recipient::Contact(name)) if inventory.contacts.contains_key(name) => {
                tell_contact(name, inventory, &self.root, what, &self.client).await
            }
            Some(Recipient::Contact(name)) => PostOutcome::Never(format!("the inventory has no contact `{name}`")),
            None => PostOutcome::NotNow("this build does not know how to reach it".to_owned(), None),
        }
    }
}

fn sent(done: Option<Result<String, tokio::task::JoinError>>, busy: &mut BTreeSet<String>) {
    match done {
        Some(Ok(target)) => {
            busy.remove(&target);
        }
        // Which one that was nobody says: all of those that run have claims, so none is begun twice.
        Some(Err(_)) => busy.clear(),
        None => {}
    }
}

/// The inventory and the schedules as they are now; `None` where they have errors.
async fn known(root: &Path) -> Option<(Inventory, Vec<DrillSchedule>)> {
    let root = root.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let (project, findings) = Project::open(&root);
        (!findings.has_errors()).then(|| {
            let (schedules, _) = project.schedules();
            (project.inventory, schedules)
        })
    });
    read.await.ok().flatten()
}

/// Any number; the same again and again where the operating system gives none.
fn chance() -> u64 {
    crate::journal::random().map_or(100, |bytes| u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default()))
}
