//! The conductor: one drill from its first event to its last.
//!
//! ```text
//!  preparing ─► baseline ─► fault ─► watch ─► draining
//!  rig          traffic     faults   failback  the last answers, the last sight
//!                           runbook
//! ```
//!
//! `prepare` does what comes before the traffic in its order. `rig` builds what the drill needs (lab, proxies, the system under test) from a `site`
//! and takes it down, with the `names` that stand for it, and `access` is the way to the control API; `load` is the traffic, `guard` watches over
//! it, and whatever must end the drill comes through the one channel of `interrupts`, as a `stop`; `system` is the system under test where the
//! drill starts it itself, and a supervisor (`process`) ends it whatever becomes of the drill; `faults` keeps the leases, `watchdog` heals
//! where a server has none and the drill was killed; `answer` runs the runbook; `driven` starts a k6 where that sends; `files` sees that this
//! machine lets all of it open the files that it needs; `sight` follows what the proxies see; `standing_permit` asks once more before the first
//! fault whether the drill may go on; `preflight` tries everything before the `baseline`, which stops by itself once it cannot hold;
//! `blast_radius` sees that faults which are limited to some requests find those; `conductor` puts them in order. Whatever happens on the
//! way (Ctrl-C, a guard, a disk that is full, a proxy that goes away), the way out is the same: every fault is healed, what the runbook
//! did is taken back, `health` shows by traffic that users are served well again, what was started is ended, and the history says why.
//!
//! Where the proxies stand elsewhere, `standing_note` says in the drill's folder what it has there, and `permit` is what it was let begin with.
//!
//! What this room does not do: judge. It never sees a verdict.

mod access;
mod answer;
mod baseline;
mod blast_radius;
mod climb;
mod conductor;
mod driven;
mod faults;
mod files;
mod guard;
mod health;
mod interrupts;
mod keys;
mod load;
mod manner;
mod names;
mod overlays;
mod parity;
mod permit;
mod preflight;
mod prepare;
mod rig;
mod sight;
mod site;
mod standing_note;
mod standing_permit;
mod standstill;
mod stop;
mod system;
mod trouble;
mod watchdog;

pub use conductor::{Drill, Ended, Order};
pub use names::SYSTEM_MARK;
pub use preflight::{AskedFor, Examined, PreflightCheck, Trouble, examine, surroundings_of, surroundings_of_host};
pub use site::lab_key;
pub use standing_note::{MadeProxy, StandingNote};
pub use stop::DrillStop;
