//! The index brought up to date with the folders: what is new, has changed, has ended or is gone since somebody looked last.
//!
//! A folder is read again only where it or its file of findings was changed, by the times that the file system keeps; of a drill that was not
//! over it is asked whether a process still writes its history. So a look at ten thousand folders of which nothing is new is a look at their
//! names and times, and writes nothing.
//!
//! What this file does not do: read what stands in a folder (`look`), or write rows (`rows`).

use super::drill_store::DrillStore;
use super::entry::DrillState;
use super::error::StoreError;
use super::look::{FolderLook, is_fresh, look, stamp as stamp_of};
use super::rows::{self, Changes, DrillFolders};
use crate::permission::registered;
use crate::run_folder::{RunFile, holds_history, is_running};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folders of a project in which runs have folders of their own.
const PARENTS: [&str; 2] = ["drills", "executions"];
/// Between the fields of a known place, and between two places: no path that could be listed holds them.
const FIELD: &str = "\u{1f}";
const ROW: &str = "\u{1e}";
/// So many folders are read by one thread before another one is worth it.
const ENOUGH: usize = 16;

/// What a look at the folders found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Synced {
    /// Folders that were looked at.
    pub folders: u64,
    /// Those that were read, because they are new or have changed.
    pub read: u64,
    /// Those that were known and are gone.
    pub gone: u64,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

/// A folder that is known.
#[derive(Debug, Clone)]
struct KnownPlace {
    stamp: String,
    drill: String,
}

impl DrillStore {
    /// Brings the index up to date with the folders of a project: `drills/`, `executions/`, folders elsewhere that are known, and those of its
    /// drills that run.
    ///
    /// # Errors
    /// Where the store cannot be read or written. A folder that cannot be read is told of.
    pub async fn sync(&self, root: &Path) -> Result<Synced, StoreError> {
        self.sync_with(root, &[]).await
    }

    /// The same, with drills' folders that lie elsewhere, or folders of such.
    ///
    /// # Errors
    /// As [`DrillStore::sync`].
    pub async fn sync_with(&self, root: &Path, more: &[PathBuf]) -> Result<Synced, StoreError> {
        self.synced(root, more, false).await
    }

    /// Reads all folders again, and puts what they say in the place of what was known. Whoever asks meanwhile is answered by what was known.
    pub(super) async fn read_again(&self, root: &Path, more: &[PathBuf]) -> Result<Synced, StoreError> {
        self.synced(root, more, true).await
    }

    async fn synced(&self, root: &Path, more: &[PathBuf], again: bool) -> Result<Synced, StoreError> {
        let host = self.looker();
        let mut known = self.known_places(&host).await?;
        if again {
            known.values_mut().for_each(|place| place.stamp.clear());
        }
        let whole_root = root;
        let unfinished = self.unfinished().await?;
        let (root, more) = (root.to_owned(), more.to_owned());
        let looked = tokio::task::spawn_blocking(move || changes(&root, &more, &known, &unfinished)).await;
        let (mut synced, changes, taken) = looked.map_err(|_| self.failed(sqlx::Error::WorkerCrashed))?;
        synced.problems = changes.read.iter().filter_map(|(_, _, look)| look.problem.clone()).collect();
        if again || !changes.read.is_empty() || !changes.gone.is_empty() {
            let mut all = self.begin().await?;
            if again {
                let shared = self.is_shared().then_some((host.as_str(), whole_root));
                rows::forget_all(&mut all, shared).await.map_err(|source| self.failed(source))?;
            }
            rows::write(&mut all, &host, changes, &taken).await.map_err(|source| self.failed(source))?;
            all.commit().await.map_err(|source| self.failed(source))?;
        }
        Ok(synced)
    }

    /// The places that this host has looked at, all in one row: ten thousand would take as long to fetch as to look at.
    async fn known_places(&self, host: &str) -> Result<BTreeMap<String, KnownPlace>, StoreError> {
        let text = "SELECT string_agg(folder || $1 || stamp || $1 || drill, $2) FROM places WHERE host = $3";
        let all: Option<String> = sqlx::query_scalar(text)
            .bind(FIELD)
            .bind(ROW)
            .bind(host.to_owned())
            .fetch_one(&self.pool)
            .await
            .map_err(|source| self.failed(source))?;
        let rows = all.unwrap_or_default();
        let place = |row: &str| {
            let mut fields = row.split(FIELD);
            let folder = fields.next()?.to_owned();
            Some((folder, KnownPlace { stamp: fields.next()?.to_owned(), drill: fields.next()?.to_owned() }))
        };
        Ok(rows.split(ROW).filter_map(place).collect())
    }

    /// The drills that were not over when they were looked at, by their identifiers, and whether they ran.
    async fn unfinished(&self) -> Result<BTreeMap<String, bool>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT id, state FROM drills WHERE state <> 'over'")
            .fetch_all(&self.pool)
            .await
            .map_err(|source| self.failed(source))?;
        Ok(rows.into_iter().map(|(id, state)| (id, state == DrillState::Running.word())).collect())
    }
}

/// What is to be read, and what it says; what is gone.
fn changes(
    root: &Path,
    more: &[PathBuf],
    known: &BTreeMap<String, KnownPlace>,
    unfinished: &BTreeMap<String, bool>,
) -> (Synced, Changes, DrillFolders) {
    let root = whole(root);
    let mut folders: BTreeSet<PathBuf> = PARENTS.iter().flat_map(|parent| below(&root.join(parent))).collect();
    let running = registered().into_iter().filter(|(_, entry)| whole(&entry.root) == root).map(|(_, entry)| entry.folder);
    for folder in more.iter().cloned().chain(running).map(|folder| whole(&folder)) {
        if holds_history(&folder) || RunFile::Repeats.within(&folder).is_file() {
            folders.insert(folder);
        } else {
            folders.extend(below(&folder));
        }
    }
    // Trials of series, and what lies elsewhere.
    let (there, gone): (Vec<&String>, Vec<&String>) =
        known.keys().filter(|folder| !folders.contains(Path::new(folder))).partition(|folder| !is_gone(Path::new(folder)));
    // What is behind a folder that is not mounted stays as it was known.
    folders.extend(there.into_iter().map(PathBuf::from).filter(|folder| folder.is_dir()));
    let mut synced = Synced { folders: folders.len() as u64, gone: gone.len() as u64, ..Synced::default() };
    let is_new = |folder: &PathBuf| {
        let stamp = stamp_of(folder);
        let Some(place) = folder.to_str().and_then(|folder| known.get(folder)) else { return Some((folder.clone(), stamp)) };
        let changed = || unfinished.get(&place.drill).is_some_and(|ran| *ran || is_running(folder));
        (place.stamp != stamp || changed()).then(|| (folder.clone(), stamp))
    };
    let stale: Vec<(PathBuf, String)> = folders.iter().filter(|folder| folder.to_str().is_some()).filter_map(is_new).collect();
    let read = read_all(stale);
    synced.read = read.len() as u64;
    let mut taken = DrillFolders::new();
    for (folder, place) in known.iter().filter(|(folder, place)| !place.drill.is_empty() && !gone.contains(folder)) {
        taken.entry(place.drill.clone()).or_default().push(folder.clone());
    }
    let gone = gone.into_iter().cloned().collect();
    (synced, Changes { read, gone }, taken)
}

/// Reads folders, with those of a series' trials behind it, on as many threads as are worth it.
fn read_all(stale: Vec<(PathBuf, String)>) -> Vec<(PathBuf, String, FolderLook)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(stale.len() / ENOUGH).max(1);
    let share = stale.len().div_ceil(threads).max(1);
    let read = |part: &[(PathBuf, String)]| part.iter().flat_map(|(folder, stamp)| read_one(folder, stamp)).collect::<Vec<_>>();
    let mut all: Vec<(PathBuf, String, FolderLook)> = std::thread::scope(|scope| {
        let parts: Vec<_> = stale.chunks(share).map(|part| scope.spawn(move || read(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    });
    // A trial whose series was read as well is here twice, once without its series.
    all.sort_by(|one, other| (&one.0, series_of(&other.2)).cmp(&(&other.0, series_of(&one.2))));
    all.dedup_by(|later, first| later.0 == first.0);
    all
}

fn series_of(look: &FolderLook) -> Option<&String> {
    look.entry.as_ref()?.series.as_ref()
}

fn read_one(folder: &Path, stamp: &str) -> Vec<(PathBuf, String, FolderLook)> {
    // One that is a trial lies in its series' folder.
    let series = folder.parent().filter(|parent| RunFile::Repeats.within(parent).is_file());
    let series = series.and_then(|parent| look(parent, None).entry).map(|series| series.id);
    let is_fresh = is_fresh(folder);
    let own = look(folder, series.as_deref());
    let id = own.entry.as_ref().map(|entry| entry.id.clone()).filter(|_| !own.trials.is_empty());
    let trials: Vec<PathBuf> = own.trials.clone();
    // A history whose first line is still to come changes no time of the folder.
    let is_begun = own.entry.is_none() && is_running(folder);
    let stamp = if is_fresh || is_begun { String::new() } else { stamp.to_owned() };
    let mut read = vec![(folder.to_owned(), stamp, own)];
    for trial in trials.iter().filter(|trial| trial.to_str().is_some()) {
        let own_stamp = stamp_of(trial);
        read.push((trial.clone(), own_stamp, look(trial, id.as_deref())));
    }
    read
}

/// The folders in a folder. What begins with a dot is not whole yet.
fn below(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let is_folder = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries.filter(|entry| is_folder(entry) && !entry.file_name().as_encoded_bytes().starts_with(b".")).map(|entry| entry.path()).collect()
}

/// True where the folder that held it is there without it. Where that is gone as well it may only not be mounted.
fn is_gone(folder: &Path) -> bool {
    !folder.is_dir() && folder.parent().is_some_and(Path::is_dir)
}

fn whole(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}
