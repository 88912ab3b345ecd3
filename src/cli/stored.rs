//! The store that a command uses: the one that is named, else that of the project.

use super::say;
use crate::permission::LockTable;
use crate::project::Project;
use crate::store::{DrillStore, StoreAddress, StoreError};
use crate::units::explained;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which store.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct StoreOption {
    /// The store: a file, or postgres://USER@HOST/DATABASE; without it $LIFEBOAT_STORE, else `drills/lifeboat.db` of the project
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

impl StoreOption {
    /// Which it is.
    ///
    /// # Errors
    /// Where it is given as something that is no address.
    pub(super) fn address(&self, root: &Path) -> Result<StoreAddress, StoreError> {
        let given = self.store.clone().or_else(named);
        StoreAddress::of(given.as_deref(), root)
    }

    /// Opens it.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(super) async fn open(&self, root: &Path) -> Result<DrillStore, StoreError> {
        DrillStore::open(self.address(root)?).await
    }

    /// Opens it, brought up to date with the folders, for whoever only reads. Where it cannot be had, that is said, and an index is made in
    /// memory.
    ///
    /// # Errors
    /// Where it is given as something that is no address, or there is no memory.
    pub(super) async fn index(&self, root: &Path) -> Result<DrillStore, StoreError> {
        let address = self.address(root)?;
        // Nobody who only looks makes a folder in a project that has none.
        let is_bare =
            matches!(&address, StoreAddress::File(path) if path.parent() == Some(&root.join("drills")) && !root.join("drills").is_dir());
        let opened = if is_bare { DrillStore::in_memory().await } else { DrillStore::open(address).await };
        let synced = match opened {
            Ok(store) => store.sync(root).await.map(|synced| (store, synced)),
            Err(error) => Err(error),
        };
        let (store, synced) = match synced {
            Ok(both) => both,
            Err(error) => {
                say(&format!("warning: {}\n\nwhat follows is read from the drills' folders alone\n", explained(&error)));
                let store = DrillStore::in_memory().await?;
                let synced = store.sync(root).await?;
                (store, synced)
            }
        };
        for problem in synced.problems {
            say(&format!("warning: {problem}"));
        }
        Ok(store)
    }
}

/// The folder of a run that is named: one that is there, or the identifier of one that the store knows; `None` for neither.
pub(super) fn folder_of(named: &Path) -> Option<PathBuf> {
    if named.exists() || named.components().count() != 1 {
        return Some(named.to_owned());
    }
    let root = Project::find(Path::new(".")).ok()?;
    let near = ["drills", "executions"].into_iter().map(|parent| root.join(parent).join(named)).find(|folder| folder.is_dir());
    near.or_else(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let found = runtime.block_on(async { StoreOption::default().index(&root).await.ok()?.drill(named.to_str()?).await.ok()? });
        found.map(|entry| entry.folder)
    })
}

/// The store that the environment names.
fn named() -> Option<String> {
    std::env::var("LIFEBOAT_STORE").ok().filter(|given| !given.is_empty())
}

/// Where drills of a team keep their locks, for a drill that somebody begins by hand: the database that $LIFEBOAT_STORE names, where it names one.
///
/// # Errors
/// Where it cannot be reached: then it is not known who drills the same.
pub(super) fn shared_locks() -> anyhow::Result<Option<Arc<dyn LockTable>>> {
    let Some(address) = named().map(|given| StoreAddress::of(Some(&given), Path::new("."))).transpose()? else { return Ok(None) };
    if matches!(address, StoreAddress::File(_)) {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(DrillStore::open(address))?.locks()?)
}
