//! The index kept up with the folders while people look: what is shown is two seconds old at most, and no older than the end of the drill that this
//! process ended last.
//!
//! What this file does not do: look at folders when nobody asks.

use crate::store::{DrillStore, StoreError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The folders are looked at again so long after the last look, while pages show what that found.
const AGAIN: Duration = Duration::from_secs(1);

/// What is older is not shown: the page waits.
const OLD: Duration = Duration::from_secs(2);

/// So long a page waits: one of a project of ten thousand drills that nobody indexed fills as that goes on.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the folders were last looked at. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct FreshIndex {
    looked: Arc<Mutex<Option<LastLook>>>,
    looking: Arc<tokio::sync::Mutex<()>>,
}

/// The last look that is over.
#[derive(Debug, Clone)]
struct LastLook {
    began: Instant,
    /// The drill of this process that had ended last when it began.
    ended: Option<String>,
}

impl FreshIndex {
    /// Brings the index up to date with the folders of a project, unless that was just done. Who comes meanwhile waits for it. `ended` is the drill
    /// of this process that ended last.
    ///
    /// # Errors
    /// Where the store cannot be read or written.
    pub(in crate::serve) async fn see(&self, store: &DrillStore, root: PathBuf, ended: Option<String>) -> Result<(), StoreError> {
        let _looking = self.looking.lock().await;
        if self.age(ended.as_deref()).is_some_and(|age| age < AGAIN) {
            return Ok(());
        }
        let began = Instant::now();
        let synced = store.sync(&root).await?;
        synced.problems.iter().for_each(|problem| tracing::warn!(%problem, "a drill's folder cannot be read"));
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(LastLook { began, ended });
        Ok(())
    }

    /// The same for a page: it waits where what is known is old, and not for long.
    pub(in crate::serve) async fn keep(&self, store: &DrillStore, root: PathBuf, ended: Option<String>) {
        let age = self.age(ended.as_deref());
        let is_old = age.is_none_or(|age| age >= OLD);
        if age.is_some_and(|age| age < AGAIN) || (!is_old && self.looking.try_lock().is_err()) {
            return;
        }
        let (own, store) = (self.clone(), store.clone());
        let looked = tokio::spawn(async move {
            if let Err(error) = own.see(&store, root, ended).await {
                tracing::warn!(%error, "the index was not brought up to date");
            }
        });
        if is_old {
            let _ = tokio::time::timeout(PATIENCE, looked).await;
        }
    }

    /// How old what is known is; `None` where nothing is, or not yet that this drill has ended.
    fn age(&self, ended: Option<&str>) -> Option<Duration> {
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let last = looked.as_ref().filter(|last| ended.is_none() || last.ended.as_deref() == ended);
        last.map(|last| last.began.elapsed())
    }
}
