//! What stood somewhere before a drill or an execution changed it, so that it can be put back: by the process that changed it, or, where
//! that was killed, by another (`lifeboat run --undo DIR`, `lifeboat execute --resume DIR --undo`).
//!
//! # In the folder of a drill or an execution
//!
//! ```text
//!  before-step-3   the old bytes of the value that the third step of the runbook switched; of a key that was added or taken out, what undoes that
//!  before-text-3   the old text of the file, where that step writes into the file itself
//!  undo.json       drills only: {"root": …, "variables": {…}}, what another process cannot find out: where the project is, and
//!                  the addresses that variables stood for. No secret: those are read again from where the inventory says
//! ```
//!
//! Each of them is for its owner alone (0600), holds nothing but the value, and is on the disk under its whole name, with the folder's entry,
//! before anything is changed. The first value counts: whoever changes something twice still puts back what was there at first. A drill
//! takes a file away once its value is back, and `undo.json` at the end ([`Before::settle`], which whoever forgets the last value calls): a
//! folder with an `undo.json` that no process has locked belongs to a drill that was killed, and has something to take back.
//!
//! What stores of keys held before a drill is kept beside it, by `secret`.

use crate::host::private;
use crate::run_folder::{RunFile, files_of};
use crate::units::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What has an old value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// The step with this place in the runbook, from 0, switched it.
    Step(usize),
    /// The same step, which writes into the file itself: its whole text.
    Text(usize),
}

impl Changed {
    const fn file(&self) -> RunFile {
        match self {
            Self::Step(place) => RunFile::OldValue(*place),
            Self::Text(place) => RunFile::OldText(*place),
        }
    }

    /// The step that changed it.
    pub const fn step(&self) -> usize {
        match self {
            Self::Step(place) | Self::Text(place) => *place,
        }
    }

    const fn of_file(file: RunFile) -> Option<Self> {
        match file {
            RunFile::OldValue(place) => Some(Self::Step(place)),
            RunFile::OldText(place) => Some(Self::Text(place)),
            _ => None,
        }
    }
}

/// What another process must know to take back what a drill did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notes {
    /// The project's root.
    pub root: PathBuf,
    /// What variables stood for, except secrets.
    pub variables: BTreeMap<String, String>,
}

/// Old values: in a folder, so that they survive a crash, or in memory.
#[derive(Debug, Clone, Default)]
pub struct Before {
    folder: Option<PathBuf>,
    memory: Arc<Mutex<BTreeMap<Changed, Secret>>>,
}

impl Before {
    /// Kept in a folder.
    pub fn within(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), memory: Arc::default() }
    }

    /// Keeps an old value; it is on the disk when this returns. The first value counts.
    ///
    /// # Errors
    /// Where it cannot be written; then nothing may be changed.
    pub fn keep(&self, what: &Changed, value: &Secret) -> std::io::Result<()> {
        if self.get(what).is_some() {
            return Ok(());
        }
        if let Some(folder) = &self.folder {
            private::write(&what.file().within(folder), value.expose().as_bytes())?;
        }
        self.memory().insert(what.clone(), value.clone());
        Ok(())
    }

    /// The old value, where one was kept.
    pub fn get(&self, what: &Changed) -> Option<Secret> {
        let kept = self.memory().get(what).cloned();
        kept.or_else(|| String::from_utf8(private::read_own(&what.file().within(self.folder.as_ref()?)).ok()?).ok().map(Secret::new))
    }

    /// Forgets an old value, for it is back.
    ///
    /// # Errors
    /// Where its file cannot be removed.
    pub fn forget(&self, what: &Changed) -> std::io::Result<()> {
        self.memory().remove(what);
        self.folder.as_ref().map_or(Ok(()), |folder| removed(&what.file().within(folder)))
    }

    /// Everything that has an old value, in this process or in the folder.
    pub fn all(&self) -> Vec<Changed> {
        let mut all: Vec<Changed> = self.memory().keys().cloned().collect();
        all.extend(self.folder.iter().flat_map(|folder| files_of(folder)).filter_map(Changed::of_file));
        all.sort();
        all.dedup();
        all
    }

    /// Writes down what another process must know, before the first thing is changed; what was written down before is replaced.
    ///
    /// # Errors
    /// Where it cannot be written; then nothing may be changed.
    pub fn note(&self, notes: &Notes) -> std::io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        private::write(&RunFile::UndoNotes.within(folder), &serde_json::to_vec_pretty(notes)?)
    }

    /// What was written down; `None` where there is nothing to undo.
    ///
    /// # Errors
    /// Where it is there and cannot be read, or somebody else may have written it.
    pub fn notes(folder: &Path) -> std::io::Result<Option<Notes>> {
        match private::read_own(&RunFile::UndoNotes.within(folder)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a folder has notes, at the cost of one look.
    pub fn has_notes(folder: &Path) -> bool {
        RunFile::UndoNotes.within(folder).is_file()
    }

    /// Takes the notes away, unless an old value is still kept: then whoever puts that back does it.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    pub fn settle(&self) -> std::io::Result<()> {
        match &self.folder {
            Some(folder) if self.all().is_empty() => removed(&RunFile::UndoNotes.within(folder)),
            _ => Ok(()),
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, BTreeMap<Changed, Secret>> {
        self.memory.lock().expect("nothing panics while it holds it")
    }
}

fn removed(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_value_counts_for_another_process_too_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let before = Before::within(folder.path());
        before.keep(&Changed::Step(2), &"old".into()).unwrap();
        before.keep(&Changed::Step(2), &"newer".into()).unwrap();
        before.keep(&Changed::Step(0), &"first".into()).unwrap();
        before.note(&Notes { root: "/p".into(), variables: BTreeMap::new() }).unwrap();
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
            names.push(entry.file_name().into_string().unwrap());
        }
        names.sort();
        assert_eq!(names, ["before-step-1", "before-step-3", "undo.json"]);
        let other = Before::within(folder.path());
        assert_eq!(other.all(), [Changed::Step(0), Changed::Step(2)]);
        assert_eq!(other.get(&Changed::Step(2)), Some("old".into()));
        assert_eq!(Before::notes(folder.path()).unwrap().unwrap().root, Path::new("/p"));
        other.forget(&Changed::Step(0)).unwrap();
        assert_eq!(other.all(), [Changed::Step(2)]);
        other.settle().unwrap();
        assert!(Before::has_notes(folder.path()), "one value is not back");
        other.forget(&Changed::Step(2)).unwrap();
        other.settle().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(Before::notes(folder.path()).unwrap(), None);
    }
}
