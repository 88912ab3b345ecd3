//! Records of load generators and gateways → evidence, which is judged by the same code as a drill's.
//!
//! Every format fills the same rows ([`RecordRow`]: when a request was sent, when it ended, how, who served), one line of the record at a time,
//! so that a file of any size passes through; only what lies within the span that is asked for is kept. [`evidence`] then makes evidence
//! of the rows. What a format does not tell is never filled in: it becomes a caveat, and the row is placed where it claims least.
//!
//! ```text
//!  bytes ──plain──► lines
//!  line ──k6, oha, vegeta, locust──► RecordRow ─┐
//!  line ──template──► fields ──access──► RecordRow ─┴─► ImportedRecord ──evidence──► Evidence with caveats
//!        (nginx, haproxy, envoy)
//! ```
//!
//! Where a start is known only within a span (stamps rounded to seconds, attempts that failed before they were sent), a good request is
//! placed at the earliest moment of that span and a bad one at the latest. Whichever order they really had, no good request that may have
//! come before a bad one then proves that service was back. The clock's error is raised by the same span, so that both ends of every
//! interval stay proofs.
//!
//! A line that cannot be read says nothing, and may be the very one that mattered: a few of them are left out and counted, and where one may
//! be of the time around the fault ([`near`](self)) nothing is decided.
//!
//! What this room does not do: open files (`exercise`), know scenarios (`project`), or judge (`verdict`).
#![doc = include_str!("README.md")]

mod access;
mod caveat;
mod cells;
mod envoy;
mod evidence;
mod guess;
mod haproxy;
mod k6;
mod k6_points;
mod lines;
mod locust;
mod moment;
mod near;
mod nginx;
mod oha;
mod overlay;
mod plain;
mod provider_names;
mod read;
mod record;
mod record_reader;
mod session;
mod source;
mod stated;
mod template;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod variants;
mod vegeta;

pub use evidence::evidence;
pub use guess::guess;
pub use k6_points::{K6Point, K6Points, K6Sample, SERVED};
pub use moment::{RecordTime, moment_text};
pub use overlay::{AnsweredSeries, answered, columns, thinned};
pub use read::{ImportSettings, read};
pub use record::{Disorder, Gap, ImportError, ImportedRecord, Outline, RecordRow, RequestSpan, Stamps};
pub use source::{LoadModel, RecordSource};
pub use stated::StatedFacts;

/// The page on records of others, as it stands above.
pub const GUIDE: &str = include_str!("README.md");
