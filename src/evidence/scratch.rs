//! A folder for what is needed for a moment: its owner's alone, under a name that nobody can guess, removed when it is dropped.

use crate::host::private;
use crate::units::hexadecimal;
use std::path::{Path, PathBuf};

/// Such a folder.
#[derive(Debug)]
pub(super) struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// A new one where the system keeps such folders.
    ///
    /// # Errors
    /// Where none can be made.
    pub(super) fn new() -> std::io::Result<Self> {
        Self::within(&std::env::temp_dir())
    }

    /// A new one in this folder.
    ///
    /// # Errors
    /// Where none can be made.
    pub(super) fn within(parent: &Path) -> std::io::Result<Self> {
        let mut random = [0; 12];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        let path = parent.join(format!(".lifeboat-{}", hexadecimal(&random)));
        private::new_folder(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
