//! Drills without anybody at a terminal: those that run in this process, and the loop that begins what is due.
//!
//! ```text
//!  seen_project  what the project's files say, read again when they change
//!  schedule_facts  what is known of schedules and of the drills that keep them
//!  records  what coverage and the control ledger are made of
//!  running               the drills that this process runs: begun, looked at, stopped, all of them at the end
//!  daemon        the loop: when it looks, how it begins and ends
//!  look          one look: what is due is entered and begun, what was missed is closed
//!  hindrance     what stands in the way of an occurrence, and with which reason it is missed then
//!  attend        the drills of one occurrence, while this process holds its claim
//!  dead_replica  claims of processes that are gone, taken over; their drills are healed
//!  healing       what killed drills left at standing proxies
//!  late          a person's answer about an occurrence whose window has passed
//!  clock_watch   whether the clock jumps
//!  replica       this process, as the others know it, and the lines that it tells
//!  drill_start    what is to be begun, and for whom; may it begin?
//!  not_begun      why it did not
//!  running_drill  one of them: what is known of it, its questions, its end
//!  question_desk  its questions, put up for whoever may answer
//!  drill_curve    its requests over time, from the first on
//!  followed       a drill that another process runs, read from its history as that grows
//!  whole_lines    a file that still grows, as whole lines
//!  readiness_rounds  rounds in which every hop is asked, kept, and begun by themselves
//!  notice   what is told of them to whoever does not watch
//! ```
//!
//! Two or more processes may look at the same schedules over one store: which of them begins what is settled there, by claims with a lease and a fence.
//!
//! What this room does not do: say when something is due (`schedule`), or show anything (`serve`).

mod attend;
mod clock_watch;
mod daemon;
mod dead_replica;
mod drill_curve;
mod drill_start;
mod followed;
mod healing;
mod hindrance;
mod late;
mod look;
mod not_begun;
mod notice;
mod question_desk;
mod readiness_rounds;
mod records;
mod replica;
mod running;
mod running_drill;
mod schedule_facts;
mod seen_project;
mod whole_lines;

pub use crate::model::NoticeKind;
pub use crate::schedule::{Notice, NoticeSubject};
pub use daemon::{Scheduler, SchedulerPulse, SchedulerSettings, look_once};
pub use drill_curve::{CurveColumn, DrillCurve};
pub use drill_start::DrillStart;
pub use followed::{FollowedDrill, FollowedEnd};
pub use healing::{HealOrder, HealProblem, stray_faults};
pub use hindrance::APPROVALS;
pub use late::{LateAnswer, LateProblem, answer_late};
pub use not_begun::NotBegun;
pub use readiness_rounds::{ReadinessWatch, keep_round};
pub use records::ProjectRecords;
pub use running::{DrillNotBegun, DrillOnItsWay, RunningDrills};
pub use running_drill::{EndedDrill, RunningDrill};
pub use schedule_facts::{DrillFacts, ScheduleFacts, drill_facts, occasion_of, schedule_facts};
pub use seen_project::{SeenProject, SeenProjects, SeenRunbook};
