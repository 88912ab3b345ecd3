//! What guards record: a change of what one hears from outside, and that one tripped, with what showed it.

use crate::model::words;

/// A safety guard tripped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    /// What was the case, in words.
    pub guard: String,
    /// What showed it; `None` in older histories, and for the limits of an environment.
    pub evidence: Option<GuardEvidence>,
}

/// What made a guard trip. No text of it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardEvidence {
    /// The guard's place in the scenario, from 0; `None` for the limits of an environment.
    pub place: Option<u32>,
    /// What was seen.
    pub value: String,
    /// What it was held against.
    pub threshold: String,
    /// Since when it was too much, in nanoseconds since the origin.
    pub since: u64,
    /// When that was too long: the guard tripped.
    pub at: u64,
    /// Where the value came from.
    pub from: String,
}

words! {
    /// What a guard's source outside says.
    GuardSays {
        /// The drill may go on.
        Go = "go",
        /// The drill is to be stopped.
        Stop = "stop",
        /// It does not answer.
        Unknown = "unknown",
    }
}

/// What a guard asks outside says for the first time, or something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSeen {
    /// The guard's place in the scenario, from 0.
    pub guard: u32,
    /// What it says now.
    pub says: GuardSays,
    /// What was seen, without secrets.
    pub detail: String,
}
