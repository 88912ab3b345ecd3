//! What a toxic does: every type there is, listed once. A new toxic is a file of its own and a line here.
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
//! | `http_status` (ours) | `code`, `retry_after` (s), `retry_form` (`seconds`, `ms`, `date`, `both`; else the provider's own) | requests |
//! | `http_error` (ours) | `error` (a word), `retry_after` (s), `retry_form` | requests |
//! | `credential_revoked` (ours) | | requests |
//! | `rate_limit` (ours) | `requests`, `tokens` (a minute; at least one of them) | requests, and the headers of all answers |
//! | `http_stall` (ours) | `hold_ms`; without it until it is removed | answers, before their head |
//! | `stall_midstream` (ours) | `after` (events), `hold_ms`; without it until it is removed | answers |
//! | `slow_stream` (ours) | `rate` (events/s) | answers |
//! | `keep_alive` (ours) | `after` (events), `every_ms` | answers |
//! | `cut`, `end_early`, `malformed` (ours) | `after` (events) | answers |
//! | `error_event` (ours) | `after` (events), `error` (a word as in `http_error`; else the provider's own failure) | answers |
//! | `empty_answer`, `wrong_model`, `corrupt` (ours) | | answers |
//! | `tls` (ours) | `problem` (`expired`, `wrong-name`, `untrusted`, `cut`) | new TLS handshakes; open connections end once they are idle |
//! | `dns_failure` (ours) | | new connections through the forward proxy |
//!
//! Every type also takes `seed`, a number or 16 hexadecimal digits, for what it draws at random. Those on requests and answers also take
//! `probability` (0 to 1; a request meets the toxic where both it and the toxicity will have it), `match`, told in `matching.rs`, and
//! `shape`, told in `shape.rs`. Which of them health checks meet too is told in `matching.rs`. Several on answers act one after another, in the order in which they were added, as those on bytes do.

use super::deed::{Bare, Deed};
use super::fields::{AttributeReader, Attributes};
use super::{
    AnswerPiece, Bandwidth, ByteStage, Corrupt, CredentialRevoked, Cut, EmptyAnswer, EndEarly, ErrorEvent, KeepAlive, Latency, LimitData,
    Malformed, On, Play, RateLimit, Refused, ResetPeer, Ruling, Slicer, SlowClose, SlowStream, Stall, StallMidstream, Status, TimedRequest,
    Timeout, Tls, ToxicError, ToxicMemory, WrongModel,
};
use crate::units::Seed;

macro_rules! effects {
    (bare { $($bare:ident = $bare_word:literal on $on:ident,)+ } deeds { $($deed:ident = $word:literal,)+ }) => {
        /// A type with its attributes, each told in its own file or in the table above.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is told in its own file, or in the table above")]
        pub enum Effect { $($bare,)+ $($deed($deed),)+ }

        impl Effect {
            /// The types' names.
            pub const KINDS: &'static [&'static str] = &[$($bare_word,)+ $($word,)+];

            /// Reads the attributes of the type `kind`.
            pub(super) fn read(kind: &str, fields: &mut AttributeReader) -> Result<Self, ToxicError> {
                match kind {
                    $($bare_word => Ok(Self::$bare),)+
                    $($word => $deed::read(fields).map(Self::$deed),)+
                    _ => Err(ToxicError::Type { kind: kind.to_owned() }),
                }
            }

            /// The type's name.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$bare => $bare_word,)+ $(Self::$deed(_) => $word,)+ }
            }

            fn deed(&self) -> &dyn Deed {
                match self { $(Self::$bare => &Bare(On::$on),)+ $(Self::$deed(deed) => deed,)+ }
            }
        }
    };
}

effects! {
    bare {
        Noop = "noop" on Bytes,
        Refuse = "refuse" on Connections,
        Blackhole = "blackhole" on Connections,
        Reset = "reset" on Connections,
        DnsFailure = "dns_failure" on Connections,
    }
    deeds {
        Latency = "latency",
        Bandwidth = "bandwidth",
        SlowClose = "slow_close",
        Timeout = "timeout",
        ResetPeer = "reset_peer",
        Slicer = "slicer",
        LimitData = "limit_data",
        Status = "http_status",
        Refused = "http_error",
        CredentialRevoked = "credential_revoked",
        RateLimit = "rate_limit",
        Stall = "http_stall",
        StallMidstream = "stall_midstream",
        SlowStream = "slow_stream",
        KeepAlive = "keep_alive",
        Cut = "cut",
        EndEarly = "end_early",
        ErrorEvent = "error_event",
        Malformed = "malformed",
        EmptyAnswer = "empty_answer",
        WrongModel = "wrong_model",
        Corrupt = "corrupt",
        Tls = "tls",
    }
}

impl Effect {
    /// The attributes as they are written in JSON.
    pub fn attributes(&self) -> Attributes {
        self.deed().attributes()
    }

    /// What it acts on.
    pub fn on(&self) -> On {
        self.deed().on()
    }

    /// True where a plain Toxiproxy has this type.
    pub fn is_shopifys(&self) -> bool {
        self.on() == On::Bytes
    }

    /// True where it acts on requests and not on bytes, so that the proxy must speak HTTP.
    pub fn needs_http(&self) -> bool {
        !matches!(self.on(), On::Bytes | On::Connections)
    }

    /// The toxic at work on one direction of one connection from `now` on. `passed` is what a stage before it, of the same toxic with
    /// other attributes, let through. One that does not act on bytes lets them pass.
    pub fn stage(&self, seed: Seed, now: u64, passed: u64) -> Box<dyn ByteStage> {
        self.deed().stage(seed, now, passed)
    }

    /// What it says to a request; one that does not act on requests lets them pass.
    pub fn rule(&self, timed: &TimedRequest<'_>, memory: &mut ToxicMemory) -> Ruling {
        self.deed().rule(timed, memory)
    }

    /// What becomes of a piece of an answer; one that does not act on answers lets it pass.
    pub(super) fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        self.deed().play(piece)
    }
}
