//! The drill's clock, the only stamper of events, and the file that they go to.
//!
//! One thread owns the file. Events are put into a bounded queue, which stamps them; the thread appends
//! its line, folds it into the live view and publishes that view. Nothing that was sent is dropped: a full queue makes the
//! sender wait. Lines reach the operating system at least every 100 ms, so a drill that is killed leaves its history
//! behind and `jq` can follow it. Where they are compressed that is once a second, and as soon as anything but a request happened.
//!
//! A write that fails is not repaired here: the journal says so once, on [`Journal::failure`], goes on folding (healing must
//! still see the live view) and writes nothing more. The conductor heals everything and stops.

mod clock;
mod error;
mod history_file;
mod queue;
mod wall;
mod writer;

pub use clock::{Clock, HostTime, boot_id, since_boot};
pub use error::JournalError;
pub use wall::Wall;
pub use writer::{Journal, Recorder, random};
