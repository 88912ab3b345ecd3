//! What `GET /events` tells, a JSON object a line.
//!
//! Each line has one key that names its kind: `hello` (the first that a reader gets), `exchange`, `connection` (where only bytes are seen), `fault`,
//! `gap` (how many events a slow reader missed), `full` (how many connections have waited because no more files may be open). A credential
//! appears as its fingerprint.
//!
//! Texts are generic: the proxy writes borrowed ones, for it makes a line for each exchange, and readers own theirs.

use crate::model::Tokens;
use crate::units::Fingerprint;
use serde::{Deserialize, Serialize};

/// A moment on the server's clock, in nanoseconds. Only where that clock's offset is known does it tell anything on the reader's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerTime(pub u64);

/// Event that a fault proxy reports of exchanges and faults: one line of `GET /events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyEvent<T = String> {
    /// The first: from here on nothing is missed silently.
    Hello {
        /// The boot of the proxy's host; where it is the reader's, both have one clock.
        boot_id: String,
        /// Its clock.
        now: ServerTime,
    },
    /// An exchange with a provider ended.
    Exchange(ExchangeRecord<T>),
    /// A connection of which only bytes were seen has ended.
    Connection(ConnectionRecord<T>),
    /// A toxic came or went.
    Fault(ToxicChangeRecord<T>),
    /// The reader was too slow.
    Gap {
        /// So many events are missing here.
        missed: u64,
    },
    /// Connections waited at the proxy, because it may open no more files.
    Full {
        /// So many since it began.
        waited: u64,
    },
}

/// Record of an exchange with a provider, made by the proxy in front of it when the exchange ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRecord<T = String> {
    /// The proxy's name.
    pub proxy: T,
    /// The drill in the request's mark; absent where no mark was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<u32>,
    /// The number in the request's mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// When the head of the request reached the proxy.
    pub at: ServerTime,
    /// Nanoseconds from `at` to the end.
    pub took: u64,
    /// HTTP status of the answer; 0 where none came.
    pub status: u16,
    /// The credential that the request carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Fingerprint>,
    /// True where it ended before every byte of the answer went out to the gateway.
    pub cut: bool,
    /// True where a fault touched it.
    pub touched: bool,
    /// True where the answer was a stream of events.
    pub stream: bool,
    /// True where it was a POST, as every request to a model is; so of older proxies, which do not say.
    #[serde(default = "yes")]
    pub posts: bool,
    /// Method and path, as `GET /v1/models`, where no mark was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<T>,
    /// Whether every fault in force that is limited to some requests might touch it; absent where none is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reach: Option<bool>,
    /// The tenant that the request named in its headers: a fingerprint of those together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Fingerprint>,
    /// The tokens that the answer reports, as it went out to the gateway; absent where it reports none that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
}

const fn yes() -> bool {
    true
}

/// Record of a connection of which only bytes were seen, made by the proxy that carried it when the connection ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRecord<T = String> {
    /// The proxy's name.
    pub proxy: T,
    /// When it was accepted.
    pub at: ServerTime,
    /// Nanoseconds from `at` to the end.
    pub took: u64,
    /// Bytes that reached the provider.
    pub up: u64,
    /// Bytes that reached the gateway.
    pub down: u64,
    /// True where it did not end by itself.
    pub cut: bool,
    /// True where a fault touched it.
    pub touched: bool,
}

/// Record of a change of the toxics in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToxicChangeRecord<T = String> {
    /// The proxy's name.
    pub proxy: T,
    /// The toxic's name.
    pub toxic: T,
    /// What happened to it.
    pub change: ToxicChange,
    /// Before it was published.
    pub lo: ServerTime,
    /// After every open connection obeyed it.
    pub hi: ServerTime,
    /// Requests touched so far.
    pub touched: u64,
}

/// Change of a toxic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToxicChange {
    /// It came into force, or is in force with other attributes.
    Applied,
    /// It was removed.
    Removed,
    /// It ended because nobody renewed its lease.
    Expired,
}
