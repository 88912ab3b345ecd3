//! The store that a command uses: the one that is named, else that of the project.

use crate::store::{DrillStore, StoreAddress, StoreError};
use std::path::Path;

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
        let given = self.store.clone().or_else(|| std::env::var("LIFEBOAT_STORE").ok().filter(|given| !given.is_empty()));
        DrillStore::open(StoreAddress::of(given.as_deref(), root)?).await
    }
}
