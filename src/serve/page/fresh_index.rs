//! The index kept up with the folders while people look: what is shown is two seconds old at most.
//!
//! What this file does not do: look at folders when nobody asks.

use crate::store::{DrillStore, StoreError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The folders are looked at again so long after the last look, while pages show what that found.
const AGAIN: Duration = Duration::from_secs(1);

/// What is older is not shown: the page waits.
const OLD: Duration = Duration::from_secs(2);

/// So long a page waits: one of a project of ten thousand drills that nobody indexed fills as that goes on.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the folders were last looked at. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct FreshIndex {
    /// When the last look that is over began.
    looked: Arc<std::sync::Mutex<Option<Instant>>>,
    looking: Arc<Mutex<()>>,
}

impl FreshIndex {
    /// Brings the index up to date with the folders of a project, unless that was just done. Who comes meanwhile waits for it.
    ///
    /// # Errors
    /// Where the store cannot be read or written.
    pub(in crate::serve) async fn see(&self, store: &DrillStore, root: PathBuf) -> Result<(), StoreError> {
        let _looking = self.looking.lock().await;
        if self.age().is_some_and(|age| age < AGAIN) {
            return Ok(());
        }
        let began = Instant::now();
        let synced = store.sync(&root).await?;
        synced.problems.iter().for_each(|problem| tracing::warn!(%problem, "a drill's folder cannot be read"));
        *self.looked.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(began);
        Ok(())
    }

    /// The same for a page: it waits where what is known is old, and not for long.
    pub(in crate::serve) async fn keep(&self, store: &DrillStore, root: PathBuf) {
        let age = self.age();
        let is_old = age.is_none_or(|age| age >= OLD);
        if age.is_some_and(|age| age < AGAIN) || (!is_old && self.looking.try_lock().is_err()) {
            return;
        }
        let (own, store) = (self.clone(), store.clone());
        let looked = tokio::spawn(async move {
            if let Err(error) = own.see(&store, root).await {
                tracing::warn!(%error, "the index was not brought up to date");
            }
        });
        if is_old {
            let _ = tokio::time::timeout(PATIENCE, looked).await;
        }
    }

    fn age(&self) -> Option<Duration> {
        self.looked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).map(|looked| looked.elapsed())
    }
}
