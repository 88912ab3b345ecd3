//! Drills without anybody at a terminal: those that run in this process, and the loop that begins what is due.
//!
//! ```text
//!  running        the drills that this process runs: begun, looked at, stopped, all of them at the end
//!  drill_start    what is to be begun, and for whom; may it begin?
//!  not_begun      why it did not
//!  running_drill  one of them: what is known of it, its questions, its end
//!  question_desk  its questions, put up for whoever may answer
//!  drill_curve    its requests over time, from the first on
//!  followed       a drill that another process runs, read from its history as that grows
//!  whole_lines    a file that still grows, as whole lines
//! ```
//!
//! What this room does not do: say when something is due (`schedule`), or show anything (`serve`).

mod drill_curve;
mod drill_start;
mod followed;
mod not_begun;
mod question_desk;
mod running;
mod running_drill;
mod whole_lines;

pub use drill_curve::{CurveColumn, DrillCurve};
pub use drill_start::DrillStart;
pub use followed::{FollowedDrill, FollowedEnd};
pub use not_begun::NotBegun;
pub use running::{DrillNotBegun, DrillOnItsWay, RunningDrills};
pub use running_drill::{EndedDrill, RunningDrill};
