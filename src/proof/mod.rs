//! Negative controls: a scenario run again on copies of the system that are broken on purpose. Each must go red, for its own reason.
//!
//! ```text
//!  control    one copy: what is broken, and the drill of it
//!  controls   which copies a scenario has, and why others are left out
//!  shadow     a project's folder with one file changed
//!  breaking   commands that break a system which is not the lab's, and what puts it back
//!  conduct    the drill as it is, then those of the copies
//!  course     what the history of one of them shows
//!  reason     whether that is why it had to go red
//!  outcome    what came of them all
//!  outcome_text   the same as a table, JSON and Markdown
//! ```
//!
//! Drills of copies are drills like any other, in `drills/proofs/`, where no list, coverage, trend or ledger looks. Their histories name what was broken.
//!
//! What this room does not do: break a system that users are on.
#![doc = include_str!("README.md")]

mod breaking;
mod conduct;
mod control;
mod controls;
mod course;
mod outcome;
mod outcome_text;
mod reason;
mod shadow;

pub use breaking::{LeftBroken, left_broken};
pub use conduct::{ProofNews, ProofOrder, ProofTeller, prove};
pub use control::{LeftOutControl, NegativeControl};
pub use controls::{ProofPlan, controls};
pub use outcome::{ControlEnd, ControlResult, ProofOutcome};
