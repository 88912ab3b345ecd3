//! What is on disk: the lines of a history, with types of their own.
//!
//! The model may change as it likes. A type here says how one of its types is written, and is converted from and to it field by field, so that
//! a change of the model fails to compile here and never changes a file. Quantities and closed sets of words stand here as they are: their
//! form on disk is the text that users type, which is held by tests of their own.
//!
//! What this folder does not do: decide what is recorded (`event` and its siblings), or judge whether a history makes sense (`read`).

mod action;
mod condition;
mod environment;
mod event;
mod format_1;
mod inventory;
mod line;
mod objectives;
mod plan;
mod record;
mod runbook;
mod started;
mod store;
mod timeline;
mod traffic;
mod version;
mod workload;

pub(super) use line::is_of_unknown_kind;
#[cfg(test)]
pub(crate) use plan::written_and_read;
pub(super) use started::writer_of;
pub use version::{FORMAT, FormatVersion, WrittenBy};

#[cfg(test)]
mod tests;
