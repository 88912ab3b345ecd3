//! Faults as decisions: what each does to a chunk, a connection or a request, and how it is spelled in the control API.
//!
//! [`Toxic`] is the wire form, shared by the proxy and by its client; [`Effect`] is what it does, one small file a type. Those on bytes
//! act as a [`Stage`] in each connection; [`instead`] says which answer takes the provider's place (status, revoked key), [`bites`] which
//! connections or requests a partial toxic takes. Those on the shape of an answer act as a [`Tamper`] on its events. Refuse, blackhole, reset and stall decide nothing beyond their presence.
//!
//! The contract of every toxic: it can be interrupted at any moment, and it loses, changes or reorders no byte that it does not
//! declare. What this room does not do: sockets, clocks, tasks. Moments come in as nanoseconds, randomness from seeds.

mod answer;
mod bandwidth;
mod effect;
mod events;
mod fields;
mod handshake;
mod latency;
mod limit_data;
mod matching;
mod refused;
mod reset_peer;
mod shape;
mod slicer;
mod slow_close;
mod stage;
mod stall;
mod status;
mod tamper;
mod timeout;
mod toxic;
mod toxicity;

pub use answer::instead;
pub use bandwidth::Bandwidth;
pub use effect::Effect;
pub use events::{Boundary, Events};
pub use fields::Attributes;
pub use latency::Latency;
pub use limit_data::LimitData;
pub use matching::{Match, Matched};
pub use refused::Refused;
pub use reset_peer::ResetPeer;
pub use shape::Shape;
pub use slicer::Slicer;
pub use slow_close::SlowClose;
pub use stage::{NEVER, Stage, Verdict};
pub use stall::Stall;
pub use status::Status;
pub use tamper::{Play, Tamper, Then};
pub use timeout::Timeout;
pub use toxic::{RawToxic, Stream, Toxic, ToxicError};
pub use toxicity::bites;
