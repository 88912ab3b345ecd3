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
//!  register    the drills of this user that run on this host, so that one that was killed is found
//!  permit      what a drill has while it runs: its levers and its locks
//!  trust   which commands of which project this user has agreed to
//! ```
//!
//! What this room does not do: ask anybody, print, or start and stop drills; it says what holds and why.

mod lever;
mod lever_call;
mod lever_file;
mod lock;
mod lock_folder;
mod lock_table;
mod locks;
mod permit;
mod pulled_lever;
mod register;
mod who;

pub use lever::Levers;
pub use lever_call::{LeverAnswer, LeverCall};
pub use lever_file::{LeverError, LeverFile};
pub use lock::{HolderOfLock, LockRecord};
pub use lock_folder::LockFolder;
pub use lock_table::{LockEntry, LockTable};
pub use locks::{HeldLocks, LockOrder, LockRefusal, LockWish, held_by, lock_all};
pub use permit::Permit;
pub use pulled_lever::{LeverNote, PulledLever};
pub use register::{RegisterEntry, Registered, enter, registered};

pub mod trust;
