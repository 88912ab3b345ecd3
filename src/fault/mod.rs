//! Faults as decisions: what each does to a chunk, a connection or a request, and how it is spelled in the control API.
//!
//! [`Toxic`] is the wire form, shared by the proxy and by its client; [`Effect`] is what it does, one small file a type, each after the one
//! contract in `deed.rs`. Those on bytes act as a [`ByteStage`] in each connection; those on requests say in a [`Ruling`] whether an answer takes
//! the provider's place; those on answers say in a [`Play`] what becomes of each piece. Which connections or requests a toxic takes is told
//! by its toxicity ([`bites`]), and by its aim: probability, match and shape over time. Refuse, blackhole, reset and stall decide nothing
//! beyond their presence.
//!
//! What this room does not do: sockets, clocks, tasks. Moments come in as nanoseconds, randomness from seeds.

mod bandwidth;
mod byte_stage;
mod corrupt;
mod credential_revoked;
mod cut;
mod deed;
mod effect;
mod empty_answer;
mod end_early;
mod error_event;
mod fields;
mod handshake;
mod keep_alive;
mod latency;
mod limit_data;
mod malformed;
mod matching;
mod planned;
mod rate_limit;
mod refused;
mod reset_peer;
mod retry;
mod shape;
mod slicer;
mod slow_close;
mod slow_stream;
mod stall;
mod stall_midstream;
mod status;
mod stray;
mod tamper;
mod timeout;
mod toxic;
mod toxicity;
mod wrong_model;

pub use bandwidth::Bandwidth;
pub use byte_stage::{ByteStage, ChunkFate, NEVER};
pub use corrupt::Corrupt;
pub use credential_revoked::CredentialRevoked;
pub use cut::Cut;
pub use deed::{On, Ruling, TimedRequest, ToxicMemory};
pub use effect::Effect;
pub use empty_answer::EmptyAnswer;
pub use end_early::EndEarly;
pub use error_event::ErrorEvent;
pub use fields::Attributes;
pub use handshake::Tls;
pub use keep_alive::KeepAlive;
pub use latency::Latency;
pub use limit_data::LimitData;
pub use malformed::Malformed;
pub use matching::{Asking, Matched, unsaid};
pub use rate_limit::RateLimit;
pub use refused::Refused;
pub use reset_peer::ResetPeer;
pub use slicer::Slicer;
pub use slow_close::SlowClose;
pub use slow_stream::SlowStream;
pub use stall::Stall;
pub use stall_midstream::StallMidstream;
pub use status::Status;
pub use stray::{Stray, check_name};
pub use tamper::{AnswerPiece, Play, Tamper, Then};
pub use timeout::Timeout;
pub use toxic::{RawToxic, Stream, Toxic, ToxicError};
pub use toxicity::bites;
pub use wrong_model::WrongModel;
