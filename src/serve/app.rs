//! What every answer is made from.

use super::access::AccessState;
use super::page::FreshIndex;
use crate::scheduler::{RunningDrills, SchedulerPulse, SeenProjects};
use crate::store::{DrillStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

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

    /// What the project's files say.
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

    /// The drills that run in this process.
    pub fn running(&self) -> &RunningDrills {
        &self.0.running
    }

    /// Brings the index up to date with the folders, unless that was just done. Who comes meanwhile waits for it.
    ///
    /// # Errors
    /// Where the store cannot be read or written.
    pub(super) async fn synced(&self) -> Result<(), StoreError> {
        let ended = self.running().lately().first().map(|drill| drill.id.clone());
        self.fresh().see(self.store(), self.root().to_owned(), ended).await
    }

    /// Who may call, and how often.
    pub(super) fn access(&self) -> &AccessState {
        &self.0.access
    }
}
