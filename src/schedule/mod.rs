//! When drills are due, and what becomes of each time that they were: pure questions to a schedule, with the moment as a parameter.
//!
//! ```text
//!  starts      when a schedule is due, from one moment to another
//!  occurrence  one such time, and as what it ended
//!  quarter     a quarter of a year
//!  deferral    somebody decided that it is done later
//! ```
//!
//! What this room does not do: look at a clock, keep anything (`store`), or start a drill (`scheduler`).

mod deferral;
mod occurrence;
mod quarter;
mod starts;

pub use deferral::{Deferral, DeferredSubject};
pub use occurrence::{MissReason, Occurrence, OccurrenceEnd, OccurrenceState};
pub use quarter::Quarter;
pub use starts::{next_due, starts};
