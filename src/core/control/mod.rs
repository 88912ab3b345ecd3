//! The client of a fault proxy's control API: Lifeboat's own, embedded or standing, or Shopify's Toxiproxy.
//!
//! Every inject and every heal is read back, and counts from the read-back. What a plain Toxiproxy cannot do (faults on requests, leases,
//! sight, counting what was touched) is an error that names the fault, or is said to be missing; it is never pretended. `reach` knows it
//! before anything is sent.
//!
//! A known failure ([`ControlError::Refused`]) and an unknown outcome ([`ControlError::Unknown`]) are told apart: after the latter the
//! fault may or may not be in force.

mod control_client;
mod difference;
mod error;
mod event_reader;
mod fault_control;
mod offset;
mod plain;
mod reach;
mod unhealed;

#[cfg(test)]
mod tests;

pub use control_client::is_here;
pub use error::{AnswerProblem, ControlError};
pub use event_reader::EventReader;
pub use fault_control::{Control, FoundProxy, Healed, Injected, Opened};
pub use offset::Offset;
pub use reach::{beyond, shows, unable};
