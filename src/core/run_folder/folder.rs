//! A run's folder: it is made or taken, and its history begun in it, or opened again and locked.

use super::file::RunFile;
use super::history_file::{history_in, is_written};
use crate::host::private;
use crate::model::HistoryForm;
use crate::units::Seed;
use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// So many runs may begin in one second.
const MOST: u32 = 1000;

/// How often it is tried again to lock a history, and after how long.
const LOOKS: u32 = 5;
const LOOK: std::time::Duration = std::time::Duration::from_millis(10);

/// A new folder, in which nothing has happened yet.
#[derive(Debug)]
pub struct RunFolder {
    /// Where it is.
    pub path: PathBuf,
    /// What the run is called.
    pub id: String,
}

/// Why a run's folder or its history cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// There is a history in it already.
    #[error("{} already holds a history", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes its history.
    #[error("another process writes the history in {}", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be made or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The folder or the file.
        path: PathBuf,
        /// The operating system's words.
        source: Error,
    },
}

/// What a run is called, wherever it is kept: `2026-11-20T14-03-07-azure-outage-2a1f`.
pub fn identifier(what: &str, seed: Seed) -> String {
    let seed = seed.to_string();
    format!("{}-{what}-{}", chrono::Local::now().format("%Y-%m-%dT%H-%M-%S"), &seed[seed.len() - 4..])
}

impl RunFolder {
    /// A folder that somebody chose; made where it is not there.
    ///
    /// # Errors
    /// Where it cannot be made, or something in it is a link.
    pub fn at(path: PathBuf, id: String) -> Result<Self, RunFolderError> {
        private::folder(&path).and_then(|()| private::without_links(&path)).map_err(|source| io(&path, source))?;
        Ok(Self { path, id })
    }

    /// A new folder below this one, called as the run is, with a number behind both where several begin in one second.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn below(parent: &Path, id: &str) -> Result<Self, RunFolderError> {
        private::folder(parent).map_err(|source| io(parent, source))?;
        for number in 1.. {
            let id = if number == 1 { id.to_owned() } else { format!("{id}-{number}") };
            let path = parent.join(&id);
            match private::new_folder(&path) {
                Ok(()) => return Ok(Self { path, id }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MOST => {}
                Err(source) => return Err(io(&path, source)),
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// Begins the history, which no other process writes as long as the file is open.
    ///
    /// # Errors
    /// Where there is one, or it cannot be made.
    pub fn begin_history(&self, form: HistoryForm) -> Result<File, RunFolderError> {
        if holds_history(&self.path) {
            return Err(RunFolderError::Taken { path: self.path.clone() });
        }
        let path = RunFile::of_history(form).within(&self.path);
        let file = private::create_new(&path).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => RunFolderError::Taken { path: self.path.clone() },
            _ => io(&path, source),
        })?;
        lock(&file, &self.path)?;
        // The file's name must survive a crash of the machine as well.
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(|source| io(&self.path, source))?;
        Ok(file)
    }
}

/// True where a history stands in a folder, in either form.
pub fn holds_history(folder: &Path) -> bool {
    history_in(folder).is_file()
}

/// Opens a history that this user has written, to write on in it; no other process does meanwhile. Only plain ones are written on in.
///
/// # Errors
/// Where there is none, others may have written it, or another process writes it.
pub fn open_history(folder: &Path) -> Result<File, RunFolderError> {
    let path = RunFile::History.within(folder);
    private::open_own(&path).map_err(|source| io(&path, source))?;
    let file = private::open(&path, File::options().read(true).append(true)).map_err(|source| io(&path, source))?;
    lock(&file, folder)?;
    Ok(file)
}

/// Opens a history that is over, to be read, locked for as long as the file is open: nobody else takes back meanwhile what it tells of.
///
/// # Errors
/// As those of [`open_history`].
pub fn hold_history(folder: &Path) -> Result<File, RunFolderError> {
    let path = history_in(folder);
    let file = private::open_own(&path).map_err(|source| io(&path, source))?;
    lock(&file, folder)?;
    Ok(file)
}

/// True where a process writes the history of this folder.
pub fn is_running(folder: &Path) -> bool {
    is_written(folder, HistoryForm::Plain) || is_written(folder, HistoryForm::Compressed)
}

fn lock(file: &File, folder: &Path) -> Result<(), RunFolderError> {
    for look in 0.. {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            // Somebody may only be looking whether it is locked.
            Err(TryLockError::WouldBlock) if look < LOOKS => std::thread::sleep(LOOK),
            Err(TryLockError::WouldBlock) => return Err(RunFolderError::Locked { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(io(folder, source)),
        }
    }
    unreachable!("the loop ends by returning")
}

fn io(path: &Path, source: Error) -> RunFolderError {
    RunFolderError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_begin_in_one_second_have_folders_and_names_of_their_own() {
        let place = tempfile::tempdir().unwrap();
        let parent = place.path().join("drills");
        let made = [1, 2, 3].map(|_| RunFolder::below(&parent, "now-outage-2a1f").unwrap());
        assert_eq!(made.each_ref().map(|folder| folder.id.as_str()), ["now-outage-2a1f", "now-outage-2a1f-2", "now-outage-2a1f-3"]);
        assert!(made.iter().all(|folder| folder.path == parent.join(&folder.id) && folder.path.is_dir()));
        let id = identifier("outage", Seed(0x2a1f));
        assert!(id.ends_with("-outage-2a1f") && id.len() == "2026-11-20T14-03-07-outage-2a1f".len(), "{id}");
    }

    #[test]
    fn a_history_is_begun_once_and_written_by_one() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(place.path().join("x"), "x".into()).unwrap();
        let file = folder.begin_history(HistoryForm::Plain).unwrap();
        assert!(is_running(&folder.path));
        assert!(matches!(folder.begin_history(HistoryForm::Compressed), Err(RunFolderError::Taken { .. })));
        assert!(matches!(open_history(&folder.path), Err(RunFolderError::Locked { .. })));
        drop(file);
        assert!(!is_running(&folder.path));
        let held = hold_history(&folder.path).unwrap();
        assert!(matches!(open_history(&folder.path), Err(RunFolderError::Locked { .. })));
        drop(held);
        drop(open_history(&folder.path).unwrap());
        let other = RunFolder::at(place.path().join("y"), "y".into()).unwrap();
        let file = other.begin_history(HistoryForm::Compressed).unwrap();
        assert!(is_running(&other.path) && other.path.join("history.jsonl.zst").is_file());
        assert!(matches!(other.begin_history(HistoryForm::Plain), Err(RunFolderError::Taken { .. })));
        assert!(matches!(hold_history(&other.path), Err(RunFolderError::Locked { .. })));
        drop(file);
        drop(hold_history(&other.path).unwrap());
        let absent = open_history(place.path()).unwrap_err();
        assert!(matches!(&absent, RunFolderError::Io { source, .. } if source.kind() == ErrorKind::NotFound), "{absent}");
    }
}
