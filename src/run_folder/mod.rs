//! The folder that a drill or an execution leaves: made, named, its history begun and locked by one code, and each of its files known.
//!
//! ```text
//!  file    which files there are, and of each whether it is evidence, secret or scratch (pure)
//!  folder  a new folder, and the history in it: begun, opened again, locked by the process that writes it
//! ```
//!
//! What this room does not do: know what stands in any of these files, or tell a person what to type: whoever asks knows whose folder it is.

mod file;
mod folder;

pub use file::{FileNature, RunFile, files_of};
pub(crate) use folder::{RunFolder, RunFolderError, hold_history, identifier, is_running, open_history};
