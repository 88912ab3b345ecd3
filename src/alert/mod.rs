//! The team's own alerts, as they arrive: what a monitoring system posts becomes events of the drill, or of the runbook that is walked.
//!
//! ```text
//!  parse       what was posted → alerts. Pure: bytes in, alerts out; who sent them is told by their form
//!  alert_book  which of them are recorded, and which only counted. Pure too
//!  receiver    listens, and records
//! ```
//!
//! Where the environment names a token, every sender must send it; outside loopback nobody listens without one. PagerDuty's signature is not
//! looked at: an alert starts a runbook within a drill, or ends what a step waits for, and does nothing else.
//!
//! What this room does not do: decide what follows from an alert (`history` folds which of them fire, `step` waits for them, `drill` starts the
//! runbook).

mod alert_book;
mod parse;
mod receiver;

pub use parse::{Alert, Posted, UnreadAlert, parse};
pub use receiver::{AlertError, AlertSocket, Receiver};
