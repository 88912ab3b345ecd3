//! Faults: what each is called, what its settings are, and what it decides about a chunk, a connection or a request.
//!
//! # How to add a fault
//!
//! One new file here, and one line in the list below. The file has four parts:
//!
//! 1. `//!`: what it does to whom, and what it leaves alone.
//! 2. `fault! { … }` declares the type and its kind: the `word` of scenarios, the `toxic` of the control API, what it `acts_on`; where it
//!    holds, what it `needs` of a proxy and on which dialects it is `pointless`. Under `settings` stands each setting as a field with its
//!    [`Attribute`](crate::model::Attribute): its name, its kind with bounds, whether it is required or what it is unsaid. Doc comments are
//!    the documentation: `lifeboat help faults` shows them.
//! 3. `impl FaultEffect for …`: what it decides. `stage` for bytes, `rule` for requests, `play` for answers; `told` for plans; `requests`
//!    where it takes others than what it acts on suggests; `mode` where it is
//!    no outage; `mistake` and `refused` for settings that do not fit together. The contract is in
//!    `contract.rs`; moments come in as nanoseconds, randomness from seeds.
//! 4. Unit tests of what it decides.
//!
//! `cargo fmt -- src/core/fault/*.rs` formats it: rustfmt does not find the modules of the list by itself.
//!
//! From the declaration follow the fault of a plan, its form in histories (`recorded.rs`), how scenarios are read and what `check` finds, the
//! toxic of the control API and its attributes (`wire.rs`), and the documentation (`reference.rs`). A fault on whole connections or in a
//! handshake is more work: `proxy` acts on its presence, and must come to know of it.
//!
//! # What is here
//!
//! [`Toxic`] is the form of the control API, shared by the proxy and by its client; [`Effect`] is what it does. Faults on bytes act as a
//! [`ByteStage`] in each connection; those on requests say in a [`Ruling`] whether an answer takes the provider's place; those on answers say
//! in a [`Play`] what becomes of each piece. Which connections or requests a toxic takes is told by its toxicity ([`bites`]), and by its aim:
//! probability, match and shape over time; which it may touch at all, by its reach (`only`). Types that only Shopify's Toxiproxy has (`slicer`, `limit_data`, …) are declared alike, without a
//! word for scenarios. Several on answers act one after another, in the order in which they were added, as those on bytes do.
//!
//! What this room does not do: sockets, clocks, tasks.

mod attributes;
mod byte_stage;
mod contract;
mod effect;
mod matching;
mod planned;
mod reach;
mod recorded;
mod reference;
mod retry;
mod schema;
mod shape;
mod stray;
mod tamper;
#[cfg(test)]
pub(crate) mod tests;
mod toxic;
mod toxic_error;
mod toxic_name;
mod toxicity;
mod wire;

pub use attributes::Attributes;
pub use byte_stage::{ByteStage, ChunkFate, NEVER};
pub use contract::{PlainMeans, Ruling, TimedRequest, ToxicMemory};
pub use effect::{kind_of, kinds, words};
pub use matching::{Asking, Matched, unsaid};
pub use reference::reference;
pub use schema::scenario_schema;
pub use stray::Stray;
pub use tamper::{AnswerPiece, Play, Tamper, Then};
pub use toxic::{RawToxic, Stream, Toxic};
pub use toxic_error::ToxicError;
pub use toxic_name::check_name;
pub use toxicity::bites;

use effect::{faults, toxics};

// In the order in which they are told: whole connections and bytes, requests, answers, credentials, and what only the control API has.
faults! {
    refuse::Refuse,
    blackhole::Blackhole,
    reset::Reset,
    latency::Latency,
    bandwidth::Bandwidth,
    status::Status,
    stall::Stall,
    credential_revoked::CredentialRevoked,
    stall_midstream::StallMidstream,
    slow_stream::SlowStream,
    keep_alive::KeepAlive,
    cut::Cut,
    end_early::EndEarly,
    error_event::ErrorEvent,
    malformed::Malformed,
    empty_answer::EmptyAnswer,
    wrong_model::WrongModel,
    corrupt::Corrupt,
    refused::Refused,
    tls::Tls,
    dns_failure::DnsFailure,
    rate_limit::RateLimit,
    quota_drained::QuotaDrained,
    spend_ceiling::SpendCeiling,
    price_rise::PriceRise,
    billing_spike::BillingSpike,
    redirect::Redirect,
    revoke::Revoke,
    rotate::Rotate,
    noop::Noop,
    slow_close::SlowClose,
    timeout::Timeout,
    reset_peer::ResetPeer,
    slicer::Slicer,
    limit_data::LimitData,
}
