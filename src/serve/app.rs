//! What every answer is made from.

use super::access::{Access, StreamPermit};
use crate::scheduler::RunningDrills;
use crate::store::DrillStore;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every answer is made from. Clones are the same.
#[derive(Debug, Clone)]
pub struct App(Arc<AppParts>);

#[derive(Debug)]
struct AppParts {
    root: PathBuf,
    store: DrillStore,
    running: RunningDrills,
    access: Access,
}

impl App {
    /// Of a project, its store, and the drills that this process runs.
    pub fn new(root: PathBuf, store: DrillStore, running: RunningDrills) -> Self {
        Self(Arc::new(AppParts { root, store, running, access: Access::default() }))
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

    /// A place for an event stream, held until the stream ends; `None` where all are taken: answer 503 then.
    pub(super) fn stream_permit(&self) -> Option<StreamPermit> {
        self.access().stream_permit()
    }

    /// Who may call, and how often.
    pub(super) fn access(&self) -> &Access {
        &self.0.access
    }
}
