//! Where a drill or an execution comes from.

use crate::model::{KnownProof, SourceFile};

/// Who started it, on which host, why, and from which files. What nobody knew is absent: histories of format 1 say nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunOrigin {
    /// The user, as the operating system calls them.
    pub user: Option<String>,
    /// The host's name.
    pub host: Option<String>,
    /// Why, in the user's words, without secrets.
    pub reason: Option<String>,
    /// The files that a drill was read from, by their hashes: inventory, scenario, and the runbook with what it includes. Those of an
    /// execution are in its plan.
    pub files: Vec<SourceFile>,
    /// What was known of the scenario's negative controls; absent where nobody looked.
    pub proof: Option<KnownProof>,
}

impl RunOrigin {
    /// The same with what stands in the place of secrets.
    #[must_use]
    pub fn redacted(self, redact: impl Fn(&str) -> String) -> Self {
        Self { reason: self.reason.as_deref().map(redact), ..self }
    }
}
