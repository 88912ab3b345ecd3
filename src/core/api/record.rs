//! Proxies and toxics, as they are asked for and as they are shown.

use super::ServerTime;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Version of a control API, which tells whose server it is (`GET /version`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The boot of the server's host. Ours only, as all that follows but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Where its forward proxy listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<String>,
    /// Lifeboat's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifeboat: Option<String>,
    /// Its clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<ServerTime>,
    /// The version of Toxiproxy's API.
    pub version: String,
}

/// A proxy as it is asked for, or what is to change of one. Absent is what stays, or what the server chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyRequest {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it listens, as `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Whether it takes connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What it understands; `tcp` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Whether its listener speaks TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    /// Which hosts it answers for where a forward proxy asks; its upstream where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
}

/// A proxy as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProxyRecord {
    /// Its name.
    pub name: String,
    /// Where it listens, as `host:port`.
    pub listen: String,
    /// Where it leads.
    pub upstream: String,
    /// Whether it takes connections.
    pub enabled: bool,
    /// What it understands. Ours only, as what follows but the toxics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Whether its listener speaks TLS; absent where it sees only bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    /// Which hosts it answers for, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
    /// Its toxics, in the order in which they act.
    #[serde(default, deserialize_with = "null_is_none")]
    pub toxics: Vec<ToxicRecord>,
}

/// A toxic as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToxicRecord {
    /// Its name, unique within its proxy.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its direction.
    pub stream: String,
    /// The share of connections or requests that it takes.
    pub toxicity: f64,
    /// Its attributes.
    pub attributes: Map<String, Value>,
    /// What is left of its lease, in milliseconds; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// When it came into force as it is now. Ours only, as what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedSpan>,
    /// Requests that it touched; connections where only bytes are seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touched: Option<u64>,
    /// What it left alone, where it is limited to some requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spared: Option<SparedRecord>,
}

/// What a toxic that is limited to some requests saw of the others: the proof that it left them alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparedRecord {
    /// Requests that came while it was in force, and that it may not touch.
    pub seen: u64,
    /// How many of them it touched all the same.
    pub touched: u64,
}

/// The two moments between which a change came into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedSpan {
    /// Before it was published.
    pub lo: ServerTime,
    /// After every open connection obeyed it.
    pub hi: ServerTime,
}

/// A toxic that ended because nobody renewed its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiredToxic {
    /// When it ended.
    pub applied: AppliedSpan,
    /// Requests that it touched.
    pub touched: u64,
    /// What it left alone, where it was limited to some requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spared: Option<SparedRecord>,
}

/// Servers in Go write an empty list as `null`.
fn null_is_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}
