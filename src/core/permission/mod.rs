//! Whether a drill may begin here and now, and go on: what people allowed, forbade or hold.
//!
//! ```text
//!  lever       what stops drills until it is lifted: where it may be pulled, looked at, watched
//!  lever_file  one that is a file: pulled, lifted, read; what cannot be read counts as pulled
//!  pulled_lever  who pulled one, when and why; who: this user on this host
//!  lever_call  one that is asked over HTTP: an environment's own, or that of a standing proxy
//!  lock        who holds what since when, and whether they still do: the rules, wherever locks are kept
//!  lock_table  where locks are kept: what that must be able to do
//!  lock_folder locks as files of a folder that processes and hosts share
//!  locks       several of them: taken together, waited for, renewed, given back
//!  stillness   for how long those of others have stood as they stand, so that a holder that is gone is noticed
//!  register    the drills of this user that run on this host, so that one that was killed is found
//!  permit      what a drill has while it runs: its levers and its locks
//!  trust   which commands of which project this user has agreed to
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
mod lever;
mod lever_call;
mod lever_file;
mod limits;
mod lock;
mod lock_folder;
mod lock_table;
mod locks;
mod named_files;
mod outlook;
mod period;
mod permit;
mod pulled_lever;
mod refusal;
mod register;
mod stillness;
mod timetable;
pub mod trust;
mod who;
mod zone;

pub use approval::{Approval, ApprovalProblem, ApprovalSubject, NeededApproval};
pub use calendar::{CALENDAR_MAX, Calendar, Freeze};
pub use freeze::{ReadCalendar, calendars, calendars_within};
pub use hours::{are_open, open};
pub use lever::Levers;
pub use lever_call::{LeverAnswer, LeverCall};
pub use lever_file::{LeverError, LeverFile};
pub use limits::{allowed, overran};
pub use lock::{HolderOfLock, LockRecord};
pub use lock_folder::LockFolder;
pub use lock_table::{LockEntry, LockTable};
pub use locks::{HeldLocks, LockOrder, LockRefusal, LockWish, held_by, lock_all};
pub use named_files::{NamedHash, named_files};
pub use outlook::{OutlookLine, outlook};
pub use period::Period;
pub use permit::Permit;
pub use pulled_lever::{LeverNote, PulledLever};
pub use refusal::{NotPermitted, RunsInto};
pub use register::{RegisterEntry, Registered, enter, registered};
pub use timetable::{Timetable, takes};
pub use zone::Zone;
