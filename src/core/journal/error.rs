//! Errors of the journal.

/// The failure to write the history. The drill heals everything and stops then.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the history cannot be written: {problem}")]
pub struct JournalError {
    /// The operating system's message.
    pub problem: String,
}
