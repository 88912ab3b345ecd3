//! One negative control: what is broken in the copy, and the drill of it.

use crate::exercise::PlannedDrill;
use crate::model::{Sabotage, SabotageCommand, SabotageReason};

/// A copy of the system that is broken on purpose.
#[derive(Debug, Clone)]
pub struct NegativeControl {
    /// What is broken.
    pub sabotage: Sabotage,
    /// Why it must go red.
    pub expects: SabotageReason,
    /// The drill of the copy.
    pub planned: PlannedDrill,
    pub(super) way: SabotageWay,
}

/// How a copy is broken.
#[derive(Debug, Clone)]
pub(super) enum SabotageWay {
    /// By the plan itself: the lab does it.
    Plan,
    /// By another text for one file of the project, by its path from the root.
    File { path: String, text: String },
    /// By a command of the environment.
    Command(SabotageCommand),
}

/// A control that does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutControl {
    /// What it is called.
    pub name: String,
    /// Why not.
    pub why: String,
}
