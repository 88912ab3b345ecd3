//! The index kept up with the folders while people look: a page never waits for that, but for the first.
//!
//! What this file does not do: look at folders when nobody looks at pages.

use crate::store::DrillStore;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The folders are looked at again so long after the last look.
const AGAIN: Duration = Duration::from_secs(2);

/// So long the first page waits.
const FIRST: Duration = Duration::from_secs(2);

/// When the folders were last looked at. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct FreshIndex {
    looked: Arc<Mutex<Option<Instant>>>,
    looking: Arc<tokio::sync::Mutex<()>>,
}

impl FreshIndex {
    /// Has the folders of a project looked at where the last look was a while ago; waits a little for the first look alone.
    pub(in crate::serve) async fn keep(&self, store: &DrillStore, root: PathBuf) {
        let last = self.last();
        if last.is_some_and(|last| last.elapsed() < AGAIN) {
            return;
        }
        let (own, store) = (self.clone(), store.clone());
        let look = async move {
            let Ok(looking) = Arc::clone(&own.looking).try_lock_owned() else { return };
            own.look(&store, root).await;
            drop(looking);
        };
        let looked = tokio::spawn(look);
        if last.is_none() {
            // A project of ten thousand drills that nobody indexed takes longer: then its pages fill as it goes on.
            let _ = tokio::time::timeout(FIRST, looked).await;
        }
    }

    async fn look(&self, store: &DrillStore, root: PathBuf) {
        match store.sync(&root).await {
            Ok(synced) => synced.problems.iter().for_each(|problem| tracing::warn!(%problem, "a drill's folder cannot be read")),
            Err(error) => tracing::warn!(%error, "the index was not brought up to date"),
        }
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn last(&self) -> Option<Instant> {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
