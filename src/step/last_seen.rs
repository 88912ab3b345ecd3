//! What a step saw last, for whoever ends it before it is over: its timeout would say nothing else of why.

use std::sync::{Mutex, PoisonError};

/// The last thing that a step saw: the answer to a probe, the last lines of a program's output.
#[derive(Default)]
pub(super) struct LastSeen(Mutex<Option<String>>);

impl LastSeen {
    /// Keeps it, in place of what was seen before.
    pub(super) fn keep(&self, seen: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    /// The end of a sentence; empty where nothing was seen.
    pub(super) fn told(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or_else(String::new, |seen| format!("; {seen}"))
    }
}
