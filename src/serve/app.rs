//! What every answer is made from.

use super::access::AccessState;
use crate::scheduler::RunningDrills;
use crate::store::{DrillStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

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
    access: AccessState,
    /// When the index was brought up to date with the folders.
    synced: Mutex<Option<Instant>>,
}

impl App {
    /// Of a project, its store, and the drills that this process runs.
    pub fn new(root: PathBuf, store: DrillStore, running: RunningDrills) -> Self {
        Self(Arc::new(AppParts { root, store, running, access: AccessState::default(), synced: Mutex::default() }))
    }

    /// The project's root. Its files are read anew for each answer.
    pub fn root(&self) -> &Path {
        &self.0.root
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
