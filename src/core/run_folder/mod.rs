//! The folder that a drill or an execution leaves: made, named, its history begun and locked by one code, and each of its files known.
//!
//! ```text
//!  file    which files there are, and of each whether it is evidence, secret or scratch (pure)
//!  folder  a new folder, and the history in it: begun, opened again, locked by the process that writes it
//!  history_file  the history in a folder, plain or compressed, and its lines: the one way to read it
//!  frames  those of a compressed one: made, and read while more are written
//! ```
//!
//! What this room does not do: know what stands in any of these files, or tell a person what to type: whoever asks knows whose folder it is.

mod file;
mod folder;
mod frames;
mod history_file;

pub use file::{FileNature, RunFile, files_of};
pub use folder::{RunFolder, RunFolderError, hold_history, holds_history, identifier, is_running, open_history};
pub use frames::FrameMaker;
pub use history_file::{HistoryInput, form_in, history_in, last_lines};
