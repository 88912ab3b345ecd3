//! Why a store did not do what it was asked for. No secret stands in an error.

use super::Version;
use crate::redact::Redactor;
use crate::units::{Explained, Secret};
use std::borrow::Cow;

/// Why a store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is nothing at this place.
    #[error("{place} holds no value: {problem}")]
    Absent {
        /// Where.
        place: String,
        /// What is missing.
        problem: String,
        /// What to type next.
        hint: String,
    },
    /// A key that opens the store is missing, so nobody knows what is in it.
    #[error("{place} cannot be opened, for there is no login: {problem}")]
    NoLogin {
        /// Where.
        place: String,
        /// What is missing.
        problem: String,
        /// What to type next.
        hint: String,
    },
    /// The store said no; nothing was changed.
    #[error("access to {place} was refused: {why}")]
    Refused {
        /// Where.
        place: String,
        /// The store's words, without secrets.
        why: String,
        /// What to type next.
        hint: String,
    },
    /// Somebody else wrote meanwhile; nothing was changed.
    #[error(
        "{place} has changed: the current version is {}, not {expected}",
        .found.as_ref().map_or_else(|| "another".to_owned(), |found| format!("`{found}`"))
    )]
    Changed {
        /// Where.
        place: String,
        /// Which version was expected.
        expected: Version,
        /// Which one is there, where the store says so.
        found: Option<Version>,
    },
    /// A rotation before this one was not finished.
    #[error("{place} already has a staged version, {version}: a rotation was started and not finished")]
    Staged {
        /// Where.
        place: String,
        /// What is staged.
        version: Version,
    },
    /// The store was certainly not reached; nothing was changed.
    #[error("{place} cannot be reached: {problem}")]
    Unreachable {
        /// Where.
        place: String,
        /// What went wrong.
        problem: String,
        /// What to type next.
        hint: String,
    },
    /// Whether it was done is not known.
    #[error("{place} gave no answer: {problem}; it is not known whether it was done")]
    Unknown {
        /// Where.
        place: String,
        /// What went wrong.
        problem: String,
    },
    /// The store answered, and not as its kind does.
    #[error("{place} is not as expected: {problem}")]
    Malformed {
        /// Where.
        place: String,
        /// What was expected.
        problem: String,
        /// What to type next.
        hint: String,
    },
    /// This kind of store has no such operation.
    #[error("{place} cannot {what}")]
    Cannot {
        /// Where.
        place: String,
        /// What was asked for.
        what: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
}

impl Explained for SecretError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Absent { hint, .. }
            | Self::NoLogin { hint, .. }
            | Self::Refused { hint, .. }
            | Self::Unreachable { hint, .. }
            | Self::Malformed { hint, .. } => hint,
            Self::Changed { .. } => "read it again, and find out who else rotates it",
            Self::Staged { .. } => "find out whether its key works; then commit it or take it back",
            Self::Unknown { .. } => "read it, and compare the fingerprint before you try again",
            Self::Cannot { hint, .. } => hint,
        }))
    }
}

/// Of what others say of a failure so much is shown, in characters.
const SHOWN: usize = 200;

/// Words of a server, without these secrets in whatever disguise, on one line and cut.
pub(super) fn words(text: &str, secrets: &[&Secret]) -> String {
    let redactor = Redactor::default();
    secrets.iter().for_each(|secret| redactor.learn_as(secret, "[secret]".to_owned()));
    let text = redactor.redact(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain("…".chars()).collect() } else { text }
}
