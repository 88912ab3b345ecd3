//! What is recorded when an execution goes on otherwise than it was begun: with a mended runbook, with a step as a person says it is, or in
//! somebody else's hands.

use crate::model::{ExecutionPlan, words};

/// A mended runbook takes the place of the one that was walked until now. From here on, steps have their places in this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Mended {
    /// What is walked from here on. Steps with the name of an earlier one are that one.
    pub plan: ExecutionPlan,
    /// What has changed in its files, as a unified diff without secrets; empty where the earlier text is not known.
    pub difference: String,
    /// Who wanted it, as the operating system calls them.
    pub by: String,
}

words! {
    /// What becomes of a step that has failed or of which it is not known how it ended.
    Settlement {
        /// It is done again.
        Repeat = "repeat",
        /// A person has done it.
        Done = "done",
        /// It is left out.
        Skip = "skip",
    }
}

/// A person said what becomes of a step, or of taking it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSettled {
    /// Its place in the runbook, from 0.
    pub step: u32,
    /// What.
    pub becomes: Settlement,
    /// True where it is about taking the step back.
    pub undo: bool,
    /// Who says so. Nobody has verified that.
    pub by: String,
    /// What was said besides, without secrets.
    pub note: String,
}

/// Somebody else asked to go on with it, and this process stops for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// To whom: `user@host`.
    pub to: String,
    /// True where the running step is ended, and not waited for.
    pub at_once: bool,
}

/// Somebody goes on with what another had begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// Who: `user@host`.
    pub by: String,
    /// From whom.
    pub from: String,
}
