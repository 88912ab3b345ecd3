//! What one look at a piece of evidence showed: the form that the manifest, the history's seals, signatures and witnesses all answer in.

use crate::model::words;
use serde::{Deserialize, Serialize};

words! {
    /// How a piece of evidence is.
    CheckState {
        /// As it was when it was recorded.
        Intact = "intact",
        /// Not as it was: changed, cut, reordered, or added.
        Changed = "changed",
        /// It was there, and is no more.
        Missing = "missing",
        /// Nothing vouches for it; that alone is nothing bad.
        Unsigned = "unsigned",
        /// It cannot be told here: a key is missing, or it is of a newer version.
        Unknown = "unknown",
        /// Changed by people, whose file it is.
        Edited = "edited",
    }
}

/// What one look at a piece of evidence showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: a file's name, `signature`, `witness`.
    pub what: String,
    /// How it is.
    pub state: CheckState,
    /// What was found, in words, with the place.
    pub detail: String,
}

impl Check {
    /// One of this state.
    pub fn new(what: impl Into<String>, state: CheckState, detail: impl Into<String>) -> Self {
        Self { what: what.into(), state, detail: detail.into() }
    }
}
