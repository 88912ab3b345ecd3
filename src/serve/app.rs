//! What every answer is made from.

use super::access::AccessState;
use super::page::{FreshIndex, SeenProjects};
use crate::scheduler::{FactsCache, RunningDrills, SchedulerPulse};
use crate::store::{DrillStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::sync::watch;

/// The index is this old at most where it is shown.
const FRESH: Duration = Duration::from_secs(1);

/// What every answer is made from. Clones are the same.
#[derive(Debug, Clone)]
pub struct App(Arc<AppParts>);

#[derive(Debug)]
struct AppParts {
    root: PathBuf,
    store: DrillStore,
    running: RunningDrills,
    pulse: OnceLock<watch::Receiver<SchedulerPulse>>,
    seen: SeenProjects,
    fresh: FreshIndex,
    access: AccessState,
    /// When the index was brought up to date with the folders.
    synced: Mutex<Option<Instant>>,
    facts: FactsCache,
}

impl App {
    /// Of a project, its store, and the drills that this process runs.
    pub fn new(root: PathBuf, store: DrillStore, running: RunningDrills) -> Self {
        Self(Arc::new(AppParts {
            root,
            store,
            running,
            pulse: OnceLock::new(),
            seen: SeenProjects::default(),
            fresh: FreshIndex::default(),
            access: AccessState::default(),
            synced: Mutex::default(),
            facts: FactsCache::default(),
        }))
    }

    /// With the scheduler of this process.
    #[must_use]
    pub fn with_pulse(self, pulse: watch::Receiver<SchedulerPulse>) -> Self {
        let _ = self.0.pulse.set(pulse);
        self
    }

    /// How the scheduler of this process is; `None` where it has none.
    pub fn pulse(&self) -> Option<SchedulerPulse> {
        self.0.pulse.get().map(|pulse| pulse.borrow().clone())
    }

    /// The project's root. Its files are read anew for each answer.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The project's files as pages show them.
    pub(super) fn seen(&self) -> &SeenProjects {
        &self.0.seen
    }

    /// What keeps the index up with the folders.
    pub(super) fn fresh(&self) -> &FreshIndex {
        &self.0.fresh
    }

    /// The index of past drills.
    pub fn store(&self) -> &DrillStore {
        &self.0.store
    }

    /// What is known of schedules and drills, kept for a moment.
    pub(super) fn facts(&self) -> &FactsCache {
        &self.0.facts
    }

    /// The drills that run in this process.
    pub fn running(&self) -> &RunningDrills {
        &self.0.running
    }

    /// Brings the index up to date with the folders, unless that was just done. Who comes meanwhile waits for it.
    ///
    /// # Errors
    /// Where the store cannot be read or written.
    pub(super) async fn synced(&self) -> Result<(), StoreError> {
        let mut synced = self.0.synced.lock().await;
        if synced.is_none_or(|at| at.elapsed() >= FRESH) {
            self.store().sync(self.root()).await?;
            *synced = Some(Instant::now());
        }
        Ok(())
    }

    /// Who may call, and how often.
    pub(super) fn access(&self) -> &AccessState {
        &self.0.access
    }
}
