//! A drill that was stopped before its end: by whom or what, in words, and what to do about it.

use crate::model::words;

words! {
    /// Why a drill was stopped before its end.
    StopReason {
        /// A person asked (Ctrl-C, SIGTERM).
        Person = "person",
        /// A safety guard tripped.
        Guard = "guard",
        /// Traffic before the fault was not steady.
        BaselineUnsteady = "baseline-unsteady",
        /// Something needed for the drill could not be started or did not answer.
        Environment = "environment",
        /// A fault could not be injected, confirmed or kept.
        Fault = "fault",
        /// The history could not be written.
        Journal = "journal",
        /// Somebody pulled a lever that stops drills.
        Lever = "lever",
        /// Another drill holds what this one had locked.
        Lock = "lock",
    }
}

/// The drill was stopped before its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Cancelled {
    /// Why.
    pub reason: StopReason,
    /// In words.
    pub detail: String,
    /// What to do about it, where somebody can say. Older histories have it at the end of `detail`.
    pub hint: Option<String>,
}

impl Cancelled {
    /// What happened, and what to do about it, each by itself.
    pub fn told(&self) -> (&str, Option<&str>) {
        match (&self.hint, self.detail.split_once("\n\nhint: ")) {
            (None, Some((detail, hint))) => (detail, Some(hint)),
            (hint, _) => (&self.detail, hint.as_deref()),
        }
    }
}
