//! What every answer is made from.

use super::schedule_facts::FactsCache;
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
    facts: FactsCache,
}

impl App {
    /// Of a project, its store, and the drills that this process runs.
    pub fn new(root: PathBuf, store: DrillStore, running: RunningDrills) -> Self {
        Self(Arc::new(AppParts { root, store, running, facts: FactsCache::default() }))
    }

    /// The project's root. Its files are read anew for each answer.
    pub fn root(&self) -> &Path {
        &self.0.root
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
}
