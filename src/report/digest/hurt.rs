//! Which requests a fault hurt: the first of them, and those whose answers broke off without anybody being told.
//!
//! What this file does not do: judge. Counts of how requests ended stand in the periods.

use crate::history::{Outcome, RequestDone};

/// What was seen of a workload's requests that were in flight when the fault began, or due while it lasted, and not well served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::report) struct HurtDigest {
    /// When the first of them was due, by the history's clock.
    pub(in crate::report) first_due: Option<u64>,
    /// Answers that ended early and looked whole: without an error, and without the end that a whole answer has.
    pub(in crate::report) silent: u64,
    /// Whoever waited until the client gave up.
    pub(in crate::report) gave_up: u64,
}

impl HurtDigest {
    /// One that was sent.
    pub(super) fn done(&mut self, done: &RequestDone) {
        self.due(done.due);
        self.silent += u64::from(done.outcome == Outcome::Truncated && done.why.as_deref() == Some("silently-truncated"));
        self.gave_up += u64::from(done.outcome == Outcome::Timeout);
    }

    /// One that was due at this moment.
    pub(super) fn due(&mut self, due: u64) {
        self.first_due = Some(self.first_due.map_or(due, |first| first.min(due)));
    }
}
