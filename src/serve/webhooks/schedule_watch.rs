//! Looks again and again what there is to tell of schedules, and enters it into the outbox: what was told already is there, and is told once.
//!
//! What this file does not do: say what is news (`schedule::noticed`), or begin anything (`scheduler`).

use super::killed_drills;
use crate::schedule::noticed;
use crate::scheduler::{SeenProjects, drill_facts};
use crate::store::{DrillStore, StoreError};
use chrono::Utc;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// So often.
const LOOK: Duration = Duration::from_secs(30);

/// Looks at schedules.
#[derive(Debug)]
pub(super) struct ScheduleWatch {
    store: DrillStore,
    root: PathBuf,
    seen: SeenProjects,
    /// What this process has entered: the store need not be asked again.
    entered: BTreeSet<(&'static str, String)>,
}

impl ScheduleWatch {
    pub(super) fn new(store: DrillStore, root: PathBuf) -> Self {
        Self { store, root, seen: SeenProjects::default(), entered: BTreeSet::new() }
    }

    /// Looks until it is stopped.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!("nobody can be told of schedules at present: {error}");
            }
            if timeout(LOOK, stop.wait_for(|stop| *stop)).await.is_ok() {
                return;
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let now = Utc::now();
        self.store.sync(&self.root).await?;
        let (seen, root) = (self.seen.clone(), self.root.clone());
        // Where it broke down, its panic was told; the next look is soon.
        let Ok(project) = tokio::task::spawn_blocking(move || seen.look(&root)).await else { return Ok(()) };
        let facts = drill_facts(&self.store, &project, now).await?;
        let mut notices = killed_drills::notices(&self.store, now).await?;
        for of in facts.schedules {
            notices.extend(noticed(&of.schedule, &of.known, of.standing.overdue, &of.owners, now));
        }
        for notice in notices {
            let of = (notice.kind.word(), notice.key.clone());
            if !self.entered.contains(&of) {
                self.store.enqueue(&notice).await?;
                self.entered.insert(of);
            }
        }
        Ok(())
    }
}
