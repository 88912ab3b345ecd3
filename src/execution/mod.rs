//! A runbook walked for real: history → walk → report. `lifeboat execute`.
//!
//! ```text
//!  folder      the history as a journal: begun, locked, read back, its torn end cut off
//!  drilled     what a drill that was killed left behind, to be taken back
//!  unchanged   whether the runbook still says what is walked
//!  values      what variables stand for outside a drill
//!  conduct     what is unknown is asked about, then the walk, with contacts told and notes taken beside it
//!  contacts    who is told when
//!  rehearse    only what reads
//! ```
//!
//! The walk and the steps are those of a drill (`step`). What this room does not do: ask or show anything itself (a question and a note
//! come and go over queues), or break anything: here the outage is real.

mod conduct;
mod contacts;
mod drilled;
mod folder;
mod rehearse;
mod unchanged;
mod values;

pub use conduct::{Execution, Finish};
pub use drilled::{hold, left_over};
pub use folder::{ExecutionError, Hands, Orders};
pub use rehearse::{Found, Rehearsed, rehearse};
pub use unchanged::Walks;
pub use values::{Missing, flags_for, missing};
