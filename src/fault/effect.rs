//! What a toxic does: every type there is, its name on the wire and its attributes. A new toxic is a file of its own and a line in each
//! `match` here.
//!
//! | type | attributes | acts on |
//! |---|---|---|
//! | `latency` | `latency`, `jitter` (ms) | bytes of its stream |
//! | `bandwidth` | `rate` (KB/s, 1 KB = 1000 bytes) | bytes of its stream |
//! | `slow_close` | `delay` (ms) | the end of its stream |
//! | `timeout` | `timeout` (ms; 0: until it is removed) | bytes of its stream |
//! | `reset_peer` | `timeout` (ms) | the connection, once its stream carries something |
//! | `slicer` | `average_size`, `size_variation` (bytes), `delay` (µs) | bytes of its stream |
//! | `limit_data` | `bytes` | bytes of its stream |
//! | `noop` | | nothing |
//! | `refuse` (ours) | | the listener and every connection |
//! | `blackhole` (ours) | | connections in both directions |
//! | `reset` (ours) | | connections: open ones at once, new ones when they speak |
//! | `http_status` (ours) | `code`, `retry_after` (s) | requests |
//! | `http_stall` (ours) | `hold_ms`; without it until it is removed | answers |
//! | `credential_revoked` (ours) | | requests |
//! | `http_error` (ours) | `error` (a word), `retry_after` (s), `retry_form` (`seconds`, `ms`, `both`) | requests |
//! | `stall_midstream` (ours) | `after` (events), `hold_ms`; without it until it is removed | answers |
//! | `slow_stream` (ours) | `rate` (events/s) | answers |
//! | `keep_alive` (ours) | `after` (events), `every_ms` | answers |
//! | `cut`, `end_early`, `error_event`, `malformed` (ours) | `after` (events) | answers |
//! | `empty_answer`, `wrong_model`, `corrupt` (ours) | | answers |
//! | `tls` (ours) | `problem` (`expired`, `wrong-name`, `untrusted`, `cut`) | new TLS handshakes |
//! | `dns_failure` (ours) | | new connections through the forward proxy |
//!
//! Every type also takes `seed`, a number or 16 hexadecimal digits, for what it draws at random. Those on requests and answers also take `probability` (0 to 1; a request meets
//! the toxic where both it and the toxicity will have it) and `match`, told in `matching.rs`.

use super::fields::{Attributes, Fields};
use super::{
    Bandwidth, Latency, LimitData, Refused, ResetPeer, Shape, Slicer, SlowClose, Stage, Stall, Status, Timeout, ToxicError, Verdict,
    handshake,
};
use crate::model::{Fault, RetryForm, TlsProblem};
use crate::units::Seed;

/// A type with its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is told in its own file, or in the table above")]
pub enum Effect {
    Noop,
    Latency(Latency),
    Bandwidth(Bandwidth),
    SlowClose(SlowClose),
    Timeout(Timeout),
    ResetPeer(ResetPeer),
    Slicer(Slicer),
    LimitData(LimitData),
    Refuse,
    Blackhole,
    Reset,
    Status(Status),
    Stall(Stall),
    CredentialRevoked,
    Refused(Refused),
    Shape(Shape),
    Tls(TlsProblem),
    DnsFailure,
}

impl Effect {
    /// The types' names; the first eight are Shopify's.
    pub const KINDS: [&'static str; 27] = [
        "latency",
        "bandwidth",
        "slow_close",
        "timeout",
        "reset_peer",
        "slicer",
        "limit_data",
        "noop",
        "refuse",
        "blackhole",
        "reset",
        "http_status",
        "http_stall",
        "credential_revoked",
        "http_error",
        "stall_midstream",
        "slow_stream",
        "keep_alive",
        "cut",
        "end_early",
        "error_event",
        "malformed",
        "empty_answer",
        "wrong_model",
        "corrupt",
        "tls",
        "dns_failure",
    ];

    /// Reads the attributes of the type `kind`.
    pub(super) fn read(kind: &str, fields: &mut Fields) -> Result<Self, ToxicError> {
        Ok(match kind {
            "noop" => Self::Noop,
            "latency" => Self::Latency(Latency::read(fields)?),
            "bandwidth" => Self::Bandwidth(Bandwidth::read(fields)?),
            "slow_close" => Self::SlowClose(SlowClose::read(fields)?),
            "timeout" => Self::Timeout(Timeout::read(fields)?),
            "reset_peer" => Self::ResetPeer(ResetPeer::read(fields)?),
            "slicer" => Self::Slicer(Slicer::read(fields)?),
            "limit_data" => Self::LimitData(LimitData::read(fields)?),
            "refuse" => Self::Refuse,
            "blackhole" => Self::Blackhole,
            "reset" => Self::Reset,
            "http_status" => Self::Status(Status::read(fields)?),
            "http_stall" => Self::Stall(Stall::read(fields)?),
            "credential_revoked" => Self::CredentialRevoked,
            "http_error" => Self::Refused(Refused::read(fields)?),
            "tls" => Self::Tls(handshake::read(fields)?),
            "dns_failure" => Self::DnsFailure,
            _ => return Shape::read(kind, fields)?.map(Self::Shape).ok_or_else(|| ToxicError::Type { kind: kind.to_owned() }),
        })
    }

    /// The type's name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Latency(_) => "latency",
            Self::Bandwidth(_) => "bandwidth",
            Self::SlowClose(_) => "slow_close",
            Self::Timeout(_) => "timeout",
            Self::ResetPeer(_) => "reset_peer",
            Self::Slicer(_) => "slicer",
            Self::LimitData(_) => "limit_data",
            Self::Refuse => "refuse",
            Self::Blackhole => "blackhole",
            Self::Reset => "reset",
            Self::Status(_) => "http_status",
            Self::Stall(_) => "http_stall",
            Self::CredentialRevoked => "credential_revoked",
            Self::Refused(_) => "http_error",
            Self::Shape(shape) => shape.kind(),
            Self::Tls(_) => "tls",
            Self::DnsFailure => "dns_failure",
        }
    }

    /// The attributes as they are written in JSON.
    pub fn attributes(&self) -> Attributes {
        match self {
            Self::Noop | Self::Refuse | Self::Blackhole | Self::Reset | Self::CredentialRevoked | Self::DnsFailure => Attributes::new(),
            Self::Latency(toxic) => toxic.attributes(),
            Self::Bandwidth(toxic) => toxic.attributes(),
            Self::SlowClose(toxic) => toxic.attributes(),
            Self::Timeout(toxic) => toxic.attributes(),
            Self::ResetPeer(toxic) => toxic.attributes(),
            Self::Slicer(toxic) => toxic.attributes(),
            Self::LimitData(toxic) => toxic.attributes(),
            Self::Status(toxic) => toxic.attributes(),
            Self::Stall(toxic) => toxic.attributes(),
            Self::Refused(toxic) => toxic.attributes(),
            Self::Shape(toxic) => toxic.attributes(),
            Self::Tls(problem) => handshake::attributes(*problem),
        }
    }

    /// True where a plain Toxiproxy has this type.
    pub fn is_shopifys(&self) -> bool {
        Self::KINDS[..8].contains(&self.kind())
    }

    /// True where it acts on requests and not on bytes, so that the proxy must speak HTTP.
    pub const fn needs_http(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Stall(_) | Self::CredentialRevoked | Self::Refused(_) | Self::Shape(_))
    }

    /// True where it acts on the bytes of its stream.
    pub const fn is_on_bytes(&self) -> bool {
        !self.needs_http() && !matches!(self, Self::Refuse | Self::Blackhole | Self::Reset | Self::Tls(_) | Self::DnsFailure)
    }

    /// The toxic at work on one direction of one connection from `now` on. `passed` is what a stage before it, of the same toxic with
    /// other attributes, let through. One that does not act on bytes lets them pass.
    pub fn stage(&self, seed: Seed, now: u64, passed: u64) -> Box<dyn Stage> {
        match self {
            Self::Latency(toxic) => Box::new(toxic.stage(seed)),
            Self::Bandwidth(toxic) => Box::new(toxic.stage(now)),
            Self::SlowClose(toxic) => Box::new(*toxic),
            Self::Timeout(toxic) => Box::new(toxic.stage(now)),
            Self::ResetPeer(toxic) => Box::new(*toxic),
            Self::Slicer(toxic) => Box::new(toxic.stage(seed)),
            Self::LimitData(toxic) => Box::new(toxic.stage(passed)),
            Self::Noop
            | Self::Refuse
            | Self::Blackhole
            | Self::Reset
            | Self::Status(_)
            | Self::Stall(_)
            | Self::CredentialRevoked
            | Self::Refused(_)
            | Self::Shape(_)
            | Self::Tls(_)
            | Self::DnsFailure => Box::new(Open),
        }
    }
}

impl From<&Fault> for Effect {
    /// How Lifeboat's own proxy plays a drill's fault.
    fn from(fault: &Fault) -> Self {
        match *fault {
            Fault::Refuse => Self::Refuse,
            Fault::Blackhole => Self::Blackhole,
            Fault::Reset => Self::Reset,
            Fault::Latency { latency, jitter } => Self::Latency(Latency { latency, jitter }),
            Fault::Bandwidth { rate } => Self::Bandwidth(Bandwidth { bytes_per_second: rate.as_bytes_per_second() }),
            Fault::Status { code, retry_after } => Self::Status(Status { code, retry_after }),
            Fault::Stall { hold } => Self::Stall(Stall { hold }),
            Fault::CredentialRevoked => Self::CredentialRevoked,
            Fault::StallMidstream { after, hold } => Self::Shape(Shape::Stall { after, hold }),
            Fault::SlowStream { rate } => {
                Self::Shape(Shape::Slow { rate: ((rate.as_per_second() * 1e3).round() as u64).clamp(1, 1_000_000_000) })
            }
            Fault::KeepAlive { after, every } => Self::Shape(Shape::KeepAlive { after, every }),
            Fault::Cut { after } => Self::Shape(Shape::Cut { after }),
            Fault::EndEarly { after } => Self::Shape(Shape::EndEarly { after }),
            Fault::ErrorEvent { after } => Self::Shape(Shape::ErrorEvent { after }),
            Fault::Malformed { after } => Self::Shape(Shape::Malformed { after }),
            Fault::EmptyAnswer => Self::Shape(Shape::Empty),
            Fault::WrongModel => Self::Shape(Shape::WrongModel),
            Fault::Corrupt => Self::Shape(Shape::Corrupt),
            Fault::Refused { error, retry_after } => Self::Refused(Refused { error, retry_after, retry_form: RetryForm::Seconds }),
            Fault::Tls { problem } => Self::Tls(problem),
            Fault::DnsFailure => Self::DnsFailure,
        }
    }
}

/// Lets everything pass at once.
#[derive(Debug)]
struct Open;

impl Stage for Open {
    fn chunk(&mut self, at: u64, bytes: usize) -> Verdict {
        Verdict::Pass { bytes, due: at }
    }
}
