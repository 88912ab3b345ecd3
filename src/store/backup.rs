//! Copies of a store on SQLite, made while others use it.

use super::drill_store::DrillStore;
use super::error::StoreError;
use crate::host::private;
use std::path::{Path, PathBuf};

/// So many copies that were made before a change of the tables are kept.
const KEPT: usize = 3;

impl DrillStore {
    /// Makes a copy of the store as it is now, in a file that is not there yet; whoever uses the store meanwhile is not held up.
    ///
    /// # Errors
    /// Where there is such a file or it cannot be written, and of a store on PostgreSQL, which has programs of its own for it.
    pub async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        if self.is_shared() {
            return Err(StoreError::NoFile { place: self.address().place() });
        }
        // SQLite takes an empty file; made by us it is its owner's alone.
        drop(private::create_new(to).map_err(|source| StoreError::File { path: to.to_owned(), source })?);
        let copied = sqlx::query("VACUUM INTO $1").bind(to.to_string_lossy().into_owned()).execute(&self.pool).await;
        copied.map(drop).map_err(|source| {
            let _ = std::fs::remove_file(to);
            self.failed(source)
        })
    }

    /// Where a copy goes that is given no name: beside the store, with the moment in its name.
    pub fn backup_file(&self, now: chrono::DateTime<chrono::Utc>) -> Option<PathBuf> {
        let file = self.file()?;
        Some(beside(file, &now.format("%Y-%m-%dT%H-%M-%S").to_string()))
    }
}

/// A file beside the store, called as it is with a word before its end: `lifeboat.v1-2026-11-20T14-03-07.db`.
pub(super) fn beside(file: &Path, word: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let end = file.extension().map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
    file.with_file_name(format!("{stem}.{word}{end}"))
}

/// Makes a copy before the tables are changed, and takes away the oldest of those before it.
pub(super) async fn before_step(store: &DrillStore, version: i64) -> Result<(), StoreError> {
    let Some(file) = store.file() else { return Ok(()) };
    let to = beside(file, &format!("v{version}-{}", chrono::Utc::now().format("%Y-%m-%dT%H-%M-%S%.3f")));
    store.back_up(&to).await?;
    let (stem, end) = (file.file_stem().unwrap_or_default().to_string_lossy(), file.extension().unwrap_or_default());
    let is_copy = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let word = name.strip_prefix(&*stem).and_then(|rest| rest.strip_prefix(".v"));
        path.extension().unwrap_or_default() == end && word.is_some_and(|word| word.contains('T') && word.contains('-'))
    };
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let mut copies: Vec<(std::time::SystemTime, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(is_copy)
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    copies.sort();
    for (_, path) in copies.iter().rev().skip(KEPT) {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}
