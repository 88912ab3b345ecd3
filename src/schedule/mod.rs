//! When drills are due, and what becomes of each time that they were: pure questions to a schedule, with the moment as a parameter.
//!
//! ```text
//!  starts      when a schedule is due, from one moment to another
//!  occurrence  one such time, and as what it ended
//!  notice      what is told about them to whoever does not watch; noticed, what there is to tell at a moment
//! ```
//!
//! What this room does not do: look at a clock, keep anything (`store`), or start a drill (`scheduler`).

mod notice;
mod noticed;
mod occurrence;
mod starts;

pub use notice::{CutoverBounds, Notice, NoticeSubject};
pub use noticed::noticed;
pub use occurrence::{MissReason, Occurrence, OccurrenceEnd, OccurrenceState};
pub use starts::{next_due, starts};
