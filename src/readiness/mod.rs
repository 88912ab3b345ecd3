//! Whether every hop of every service is alive today: capped probes between drills, each reason by name.
//!
//! A *hop* is a provider that services use, or the gateway before them. Each is asked once in a round, however many services use it, standbys first:
//! one token with a stream, and a few tokens each for JSON and for a tool's call. What costs nothing is looked at besides: names, certificates,
//! clocks, limits in headers, dates in the inventory.
//!
//! ```text
//!  hop          who is asked, for which services                 order        what a round is told
//!  check        one look and how it ended                        reading      one hop with all its looks (and what they cost)
//!  host, certificate                                             what is found out without asking
//!  refusal, region, quota, clock, capacity, dates                what answers and the inventory say (pure)
//!  probe        one hop asked                                    round        all of them, within what may be spent
//!  standin      a standby held against what it stands in for     service      a service's hops together
//!  table, junit what is shown
//! ```
//!
//! What this room does not do: drive load, break anything, decide who may be asked ([`crate::model::Allow::may_ask`] does), or keep history (`store`
//! does).

mod capacity;
mod certificate;
mod check;
mod clock;
mod dates;
mod hop;
mod host;
mod junit;
mod order;
mod probe;
mod quota;
mod reading;
mod refusal;
mod region;
mod round;
mod service;
mod standin;
mod table;

pub use check::HopFinding;
pub use hop::{Hop, HopKind};
pub use junit::junit;
pub use order::{ProbeDepth, RoundOrder};
pub use reading::{HopReading, ProbeCost};
pub use round::{ReadinessRound, hops, round};
pub use service::{HopRole, ServiceHop, ServiceReadiness};
pub use table::{TableDepth, table};
