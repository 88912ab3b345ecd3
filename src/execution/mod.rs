//! A runbook walked for real: history → walk → report. `lifeboat execute`.
//!
//! ```text
//!  folder        the history as a journal: begun, locked, read back, its torn end cut off
//!  killed_drill  what a drill that was killed left behind, to be taken back
//!  leftover      which drills were killed, and what is left of them
//!  left_process  processes of a system that outlived its drill
//!  unchanged     whether the runbook still says what is walked, and what it says else
//!  texts         the runbook's files as they were when it began
//!  settle        what becomes of steps that failed or whose end is unknown
//!  hand_over     one process stops, so that another can go on
//!  others        who else walks a runbook for the same service
//!  watching      somebody else's execution, followed while it runs
//!  values        what variables stand for outside a drill
//!  conduct       what is unknown is asked about, then the walk, with contacts told and notes taken beside it
//!  ear           the environment's alerts, which steps may wait for
//!  correspondence  all that is said to people elsewhere: contacts (who is told when), updates (again and again, and at the end), closing
//!                (what was left open there), acknowledging (somebody knows)
//!  doorbell      people answer from elsewhere: routes, who they are, the page behind a link
//!  roles         who does what on the night
//!  rehearse      only what reads
//! ```
//!
//! The walk and the steps are those of a drill (`step`). What this room does not do: ask or show anything itself (a question and a note
//! come and go over queues), or break anything: here the outage is real.

mod acknowledging;
mod answer_page;
mod answer_routes;
mod approvers;
mod closing;
mod conduct;
mod contacts;
mod correspondence;
mod doorbell;
mod ear;
mod evidence;
mod folder;
mod hand_over;
mod killed_drill;
mod left_process;
mod leftover;
mod others;
mod rehearse;
mod roles;
mod sender;
mod settle;
mod texts;
mod unchanged;
mod updates;
mod values;
mod watching;

pub use acknowledging::Acknowledgement;
pub use conduct::{Execution, ExecutionOutcome, ResumeOrder};
pub use doorbell::{Doorbell, DoorbellError};
pub use evidence::write_manifest;
pub use folder::{ExecutionError, ExecutionOrder, Participants};
pub use hand_over::ask_to_stop;
pub use killed_drill::hold;
pub use left_process::LeftProcess;
pub use leftover::{LeftHistory, Leftover, leftovers};
pub use others::{OtherExecution, others};
pub use rehearse::{RehearsalOutcome, Rehearsed, rehearse};
pub use settle::StepOrder;
pub use texts::RunbookChange;
pub use unchanged::{ResumePolicy, changes};
pub use values::{MissingValues, flags_for, missing};
pub use watching::WatchedExecution;
