//! Faults as decisions: what each does to a chunk, a connection or a request, and how it is spelled in the control API.
//!
//! [`Toxic`] is the wire form, shared by the proxy and by its client. [`Shape`] tells when bytes may pass (latency, bandwidth),
//! [`instead`] which answer takes the provider's place (status, revoked key), [`bites`] which connections or requests a
//! partial fault takes. Refuse, blackhole, reset and stall decide nothing beyond their presence.
//!
//! The contract of every fault: it can be interrupted at any moment, and it loses, changes or reorders no byte that it does not
//! declare. What this room does not do: sockets, clocks, tasks. Moments come in as nanoseconds, randomness from seeds.

mod answer;
mod bandwidth;
mod latency;
mod shape;
mod toxic;
mod toxicity;

pub use answer::instead;
pub use bandwidth::Pace;
pub use latency::Lateness;
pub use shape::Shape;
pub use toxic::{Attributes, RawToxic, Stream, Toxic, ToxicError, attributes};
pub use toxicity::bites;
