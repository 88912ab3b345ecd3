//! The index kept up with the folders while people look: a page never waits for that, but for the first, and for what this process has just ended.
//!
//! What this file does not do: look at folders when nobody looks at pages.

use crate::store::DrillStore;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The folders are looked at again so long after the last look.
const AGAIN: Duration = Duration::from_secs(2);

/// So long a page waits that would show what is no longer so.
const FIRST: Duration = Duration::from_secs(2);

/// When the folders were last looked at. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct FreshIndex {
    looked: Arc<Mutex<Option<LastLook>>>,
    looking: Arc<tokio::sync::Mutex<()>>,
}

/// A look at the folders.
#[derive(Debug, Clone)]
struct LastLook {
    at: Instant,
    /// The drill of this process that had ended last when it began.
    ended: Option<String>,
}

impl FreshIndex {
    /// Has the folders of a project looked at where the last look was a while ago. Waits a little for the first look, and for the first one since
    /// `ended`, the drill of this process that ended last: whoever has just seen its verdict is not told that it runs.
    pub(in crate::serve) async fn keep(&self, store: &DrillStore, root: PathBuf, ended: Option<String>) {
        let is_behind = self.is_behind(ended.as_deref());
        if !is_behind && self.last().is_some_and(|last| last.at.elapsed() < AGAIN) {
            return;
        }
        let (own, store) = (self.clone(), store.clone());
        let look = async move {
            let looking = Arc::clone(&own.looking);
            let _looking = match looking.clone().try_lock_owned() {
                Ok(looking) => looking,
                Err(_) if is_behind => looking.lock_owned().await,
                Err(_) => return,
            };
            if !is_behind || own.is_behind(ended.as_deref()) {
                own.look(&store, root, ended).await;
            }
        };
        let looked = tokio::spawn(look);
        if is_behind {
            // A project of ten thousand drills that nobody indexed takes longer: then its pages fill as it goes on.
            let _ = tokio::time::timeout(FIRST, looked).await;
        }
    }

    /// Whether there was no look yet since this drill of the process ended.
    fn is_behind(&self, ended: Option<&str>) -> bool {
        self.last().is_none_or(|last| ended.is_some() && last.ended.as_deref() != ended)
    }

    async fn look(&self, store: &DrillStore, root: PathBuf, ended: Option<String>) {
        match store.sync(&root).await {
            Ok(synced) => synced.problems.iter().for_each(|problem| tracing::warn!(%problem, "a drill's folder cannot be read")),
            Err(error) => tracing::warn!(%error, "the index was not brought up to date"),
        }
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(LastLook { at: Instant::now(), ended });
    }

    fn last(&self) -> Option<LastLook> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
