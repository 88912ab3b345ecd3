//! Puts the files of a new project into a folder, all of them or none, and never over one that is there.

use super::begun_files::BegunFile;
use crate::units::Explained;
use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why files were not written.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Some of them are there.
    #[error("there is already {}", .0.join(", "))]
    Taken(Vec<String>),
    /// The disk, or whoever owns it, says no.
    #[error("cannot write {}", .path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Explained for PlaceError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Taken(_) => "nothing was written: begin in another folder with `--dir DIR`, or move that away".into(),
            Self::Unwritable { .. } => "see that you may write there, or name another folder with `--dir DIR`".into(),
        })
    }
}

/// The inventory of a project that keeps it as a sheet.
const SHEET: &str = "runbooks/inventory.csv";

/// Writes them. Returns those that were left as they are.
///
/// # Errors
/// See [`PlaceError`].
pub fn place(files: &[BegunFile], folder: &Path) -> Result<Vec<String>, PlaceError> {
    let is_there = |path: &str| std::fs::symlink_metadata(folder.join(path)).is_ok();
    let needed = files.iter().filter(|file| !file.is_optional).map(|file| file.path.as_str());
    let taken: Vec<String> = needed.chain([SHEET]).filter(|path| is_there(path)).map(str::to_owned).collect();
    if !taken.is_empty() {
        return Err(PlaceError::Taken(taken));
    }
    let mut left = Vec::new();
    let mut written: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        if file.is_optional && is_there(&file.path) {
            left.push(file.path.clone());
        } else if let Err(source) = write(&path, &file.text) {
            written.iter().for_each(|path| drop(std::fs::remove_file(path)));
            return Err(PlaceError::Unwritable { path, source });
        } else {
            written.push(path);
        }
    }
    Ok(left)
}

/// A file that was not there a moment ago; a link to one is one as well.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, is_optional: bool) -> BegunFile {
        BegunFile { path: path.into(), text: "new".into(), is_optional }
    }

    #[test]
    fn nothing_that_is_there_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).ok();
        let files = [file("a/one", false), file("two", false), file(".gitignore", true)];
        std::fs::write(folder.path().join(".gitignore"), "old").unwrap();
        std::fs::write(folder.path().join("two"), "old").unwrap();
        let error = place(&files, folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "there is already two");
        assert_eq!((read("a/one"), read("two").as_deref()), (None, Some("old")), "all or none");
        std::fs::remove_file(folder.path().join("two")).unwrap();
        assert_eq!(place(&files, folder.path()).unwrap(), [".gitignore"]);
        assert_eq!((read("a/one").as_deref(), read(".gitignore").as_deref()), (Some("new"), Some("old")));
    }

    #[test]
    fn what_was_begun_is_taken_away_where_the_rest_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "a file where a folder is wanted").unwrap();
        let error = place(&[file("one", false), file("a/two", false)], folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot write") && !folder.path().join("one").exists(), "{error}");
        std::os::unix::fs::symlink("/nowhere", folder.path().join("three")).unwrap();
        assert!(matches!(place(&[file("three", false)], folder.path()), Err(PlaceError::Taken(_))), "a link is there too");
    }
}
