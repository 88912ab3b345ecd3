//! Drills without anybody at a terminal: those that run in this process, and the loop that begins what is due.
//!
//! ```text
//!  running       the drills that this process runs: begun, looked at, stopped, all of them at the end
//!  daemon        the loop: when it looks, how it begins and ends
//!  look          one look: what is due is entered and begun, what was missed is closed
//!  hindrance     what stands in the way of an occurrence, and with which reason it is missed then
//!  attend        the drills of one occurrence, while this process holds its claim
//!  dead_replica  claims of processes that are gone, taken over; their drills are healed
//!  healing       what killed drills left at standing proxies
//!  late          a person's answer about an occurrence whose window has passed
//!  clock_watch   whether the clock jumps
//!  replica       this process, as the others know it, and the lines that it tells
//! ```
//!
//! Two or more processes may look at the same schedules over one store: which of them begins what is settled there, by claims with a lease and a fence.
//!
//! What this room does not do: say when something is due (`schedule`), or show anything (`serve`).

mod attend;
mod clock_watch;
mod daemon;
mod dead_replica;
mod healing;
mod hindrance;
mod late;
mod look;
mod replica;
mod running;

pub use daemon::{Scheduler, SchedulerPulse, SchedulerSettings, look_once};
pub use healing::{HealOrder, HealProblem, stray_faults};
pub use hindrance::APPROVALS;
pub use late::{LateAnswer, LateProblem, answer_late};
pub use running::{DrillStart, EndedDrill, NotBegun, RunningDrill, RunningDrills};
