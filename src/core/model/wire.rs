//! How the traffic's requests go over the wire: connections, version of HTTP, timeouts, headers; and what a plain one asks and expects.

use super::words;
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// The version of HTTP that is spoken.
    #[derive(Default)]
    HttpVersion {
        /// HTTP/1.1: a connection carries one request at a time.
        #[default]
        One = "1",
        /// HTTP/2: with prior knowledge where the URL is `http://`, by ALPN where it is `https://`.
        Two = "2",
    }
}

/// Which connections the requests take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// One that is idle, else a new one.
    #[default]
    Pooled,
    /// A new one for every request.
    PerRequest,
    /// At most so many. A request beyond them waits for its turn, and that wait counts, since it counts from when it was due.
    AtMost(u32),
}

/// How long a part of a request may take. The deadline of the objectives bounds the whole of it in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// To open a connection: its name, tcp, a forward proxy, TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Duration>,
    /// From the request on an open connection to the head of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Duration>,
    /// Between two pieces of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
}

/// How requests go over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// Which connections they take.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub connections: Connections,
    /// The version of HTTP.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub http: HttpVersion,
    /// How long a part may take.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub timeouts: Timeouts,
    /// Headers of every request. Values may contain variables such as `${credential.PROVIDER}`, and stand here as they were written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl Wire {
    /// True where nothing was said.
    pub fn is_usual(&self) -> bool {
        is_usual(self)
    }
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A request of plain HTTP or tcp: what it sends, and what it expects. It asks no model for anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainRequest {
    /// Path and query after the service's base URL; HTTP only.
    pub path: String,
    /// The body of a POST, or the bytes that are sent over tcp; without it HTTP asks with GET, and tcp sends nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// The status that is service; HTTP only.
    pub status: u16,
    /// What the answer must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

impl Default for PlainRequest {
    fn default() -> Self {
        Self { path: String::new(), send: None, status: 200, contains: None }
    }
}
