//! The store that a command uses: the one that is named, else that of the project.

use crate::permission::LockTable;
use crate::store::{DrillStore, StoreAddress, StoreError};
use std::path::Path;
use std::sync::Arc;

/// Which store.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StoreOption {
    /// The store: a file, or postgres://USER@HOST/DATABASE; without it $LIFEBOAT_STORE, else `drills/lifeboat.db` of the project
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

impl StoreOption {
    /// Opens it.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(super) async fn open(&self, root: &Path) -> Result<DrillStore, StoreError> {
        let given = self.store.clone().or_else(named);
        DrillStore::open(StoreAddress::of(given.as_deref(), root)?).await
    }
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
