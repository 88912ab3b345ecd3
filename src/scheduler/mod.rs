//! Drills without anybody at a terminal: those that run in this process, and the loop that begins what is due.
//!
//! ```text
//!  running  the drills that this process runs: begun, looked at, stopped, all of them at the end
//!  notice   what is told of them to whoever does not watch
//! ```
//!
//! What this room does not do: say when something is due (`schedule`), or show anything (`serve`).

mod notice;
mod running;

pub use crate::model::NoticeKind;
pub use crate::schedule::{Notice, NoticeSubject};
pub use running::{DrillStart, EndedDrill, NotBegun, RunningDrill, RunningDrills};
