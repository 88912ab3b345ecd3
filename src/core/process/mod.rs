//! Programs that Lifeboat starts: each in a process group of its own, with the environment that it was promised, its output bounded and without
//! secrets, and ended with whatever it started.
//!
//! ```text
//!  program      what is started and where, to its end (`run`) or for as long as somebody holds it (`start`)
//!  child        a running one: its end is asked for (TERM), and after a grace made sure of (KILL)
//!  group        the process group of a program that nobody else ends
//!  supervisor   the processes between a drill and a program, which end it where the drill was killed
//!  end_report   what was ended with a program and how, in words; the order to end it
//!  seen         which processes there are
//!  drain        takes what programs print that outlive the step that started them
//!  environment  little of this process's own environment, and what was promised
//!  capture      output in memory: its beginning and its end, for people without secrets, for programs as it is
//!  log          output into a file, without secrets; its last lines
//!  error        why a program did not do its work, with what it said last
//! ```
//!
//! What this room does not do: decide what is started (`step`, `secret`, `traffic`, `drill`), or know which texts are secret.

mod capture;
mod child;
mod drain;
mod end_report;
mod environment;
mod error;
mod group;
mod log;
mod program;
mod seen;
mod supervisor;

pub use capture::CUT;
pub use child::{ChildProcess, GRACE, Lifeline};
pub use drain::drain;
pub use end_report::EndOrder;
pub use environment::environment;
pub use error::{ProcessError, ProcessExit};
pub use log::{RedactedLog, last_lines};
pub use program::{FinishedRun, Program, RunOptions, Supervision, can_start};
pub use supervisor::NOT_STARTED;
pub use supervisor::{SupervisionOrder, SupervisionScope, SupervisorRole, supervise};
