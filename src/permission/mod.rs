//! Whether a drill may begin here and now, and go on: what people allowed, forbade or hold.
//!
//! ```text
//!  limits      the rest of `allow:`: what it allows in words, and the longest that a drill may take
//!  timetable   hours and freezes laid together: whether a drill fits from a moment on, and when it fits next
//!  hours       hours of the week on the line of time (period, zone)
//!  freeze      where calendars are read from; calendar what stands in them
//!  approval    whose approval a protected environment needs, signed or typed; named_files what else was approved with the plan
//!  outlook     all of that in words, for whoever looks before a drill
//!  refusal     why not
//! ```
//!
//! Each question takes the moment that it is asked of, and answers with plain data: a command line, a scheduler and a test ask alike. It is asked before a
//! drill begins, and once more right before its first fault, since a long wait may have run into a freeze.
//!
//! What this room does not do: ask anybody, print, or start and stop drills; it says what holds and why. It stands in the way of drills alone: a
//! runbook that is walked in a real incident (`lifeboat execute`), and whatever heals or takes back, is never asked for hours, freezes or approvals.

pub mod approval;
mod calendar;
mod freeze;
mod hours;
mod limits;
mod named_files;
mod outlook;
mod period;
mod refusal;
mod timetable;
mod zone;

pub use approval::{Approval, ApprovalProblem, ApprovalSubject, NeededApproval};
pub use calendar::{CALENDAR_MAX, Calendar, Freeze};
pub use freeze::{ReadCalendar, calendars, calendars_within};
pub use hours::{are_open, open};
pub use limits::{allowed, overran};
pub use named_files::{NamedHash, named_files};
pub use outlook::{OutlookLine, outlook};
pub use period::Period;
pub use refusal::NotPermitted;
pub use timetable::{Timetable, takes};
pub use zone::Zone;
