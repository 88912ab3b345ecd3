//! Drills without anybody at a terminal: those that run in this process, and the loop that begins what is due.
//!
//! ```text
//!  records  what coverage and the control ledger are made of
//!  running  the drills that this process runs: begun, looked at, stopped, all of them at the end
//! ```
//!
//! What this room does not do: say when something is due (`schedule`), or show anything (`serve`).

mod records;
mod running;

pub use records::ProjectRecords;
pub use running::{DrillStart, EndedDrill, NotBegun, RunningDrill, RunningDrills};
