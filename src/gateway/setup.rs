//! What a gateway's configuration says, whatever gateway it is: whom it asks, in which order, and what it does when one fails.

use crate::model::{Dialect, GatewayKind};
use crate::units::Duration;

/// The configuration of one gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewaySetup {
    /// Which gateway.
    pub kind: GatewayKind,
    /// Where its users reach it, `host:port`; `None` where the file does not say it.
    pub listens: Option<String>,
    /// The models, or routes, that its users ask for by name.
    pub models: Vec<String>,
    /// Whom it asks, in order of preference.
    pub hops: Vec<GatewayHop>,
    /// How many of the first share the load; 1 where there is an order alone.
    pub sharing: usize,
    /// What its users send as their key.
    pub client_key: Option<KeyReference>,
    /// When it gives up, tries again, and leaves somebody alone.
    pub timing: GatewayTiming,
    /// What was not understood, for people: each a sentence that names the setting and its line.
    pub doubts: Vec<String>,
}

/// One provider as a gateway's configuration has it.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayHop {
    /// A name that an inventory takes: letters, digits and dashes.
    pub name: String,
    /// How it speaks.
    pub dialect: Dialect,
    /// Scheme, host and path prefix, where the file says them or they are well known.
    pub base_url: Option<String>,
    /// The model that it is asked for.
    pub model: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Where its key is.
    pub key: Option<KeyReference>,
    /// The line of the file in which it begins, from 1.
    pub line: usize,
}

/// Where a gateway has a key from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyReference {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(String),
    /// It stands in the configuration itself; it is not kept.
    Literal,
}

/// A setting of a gateway: how it is called in its configuration, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedSetting<T> {
    /// As people would look for it: `router_settings.cooldown_time`.
    pub name: String,
    /// Its value.
    pub value: T,
    /// Its line, from 1; `None` where it is the gateway's default.
    pub line: Option<usize>,
}

/// When a gateway gives up, tries again, and leaves somebody alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatewayTiming {
    /// How often it asks one provider for one request, the first time included.
    pub attempts: Option<NamedSetting<u32>>,
    /// How long it waits for a connection.
    pub connect: Option<NamedSetting<Duration>>,
    /// How long it waits for an answer to begin, or for its next bytes.
    pub timeout: Option<NamedSetting<Duration>>,
    /// How long it waits between two attempts.
    pub backoff: Option<NamedSetting<Duration>>,
    /// How many failures until it leaves a provider alone.
    pub failures: Option<NamedSetting<u32>>,
    /// How long it leaves a provider alone.
    pub cooldown: Option<NamedSetting<Duration>>,
    /// How often it asks after a provider's health by itself.
    pub health_every: Option<NamedSetting<Duration>>,
}
