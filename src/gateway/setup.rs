//! What a gateway's configuration says, whatever gateway it is: whom it asks, in which order, and what it does when one fails.

use super::failure_shape::FailureKinds;
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

impl GatewaySetup {
    /// A setup of which nothing is known yet.
    pub fn new(kind: GatewayKind) -> Self {
        Self {
            kind,
            listens: None,
            models: Vec::new(),
            hops: Vec::new(),
            sharing: 1,
            client_key: None,
            timing: GatewayTiming::default(),
            doubts: Vec::new(),
        }
    }
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

impl<T> NamedSetting<T> {
    /// A setting that stands on this line.
    pub fn said(name: impl Into<String>, value: T, line: usize) -> Self {
        Self { name: name.into(), value, line: Some(line) }
    }

    /// What holds where nothing is said.
    pub fn usual(name: impl Into<String>, value: T) -> Self {
        Self { name: name.into(), value, line: None }
    }
}

/// How a gateway comes back to a provider that it left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Comeback {
    /// All requests go there again once the time is over.
    #[default]
    All,
    /// One request tries it first, each time.
    OneRequest,
    /// Its own questions after the provider's health must be answered well first.
    Health,
}

/// Whether a gateway waits behind its last attempt at a provider too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastWait {
    /// It waits between two attempts alone.
    #[default]
    None,
    /// Behind the last one as well, where there was more than one.
    AfterRetries,
    /// Before the next provider is asked as well.
    BeforeNext,
}

/// When a gateway gives up, tries again, and leaves its first provider alone. `None` where it never does, or knows no such thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatewayTiming {
    /// How often it asks one provider for one request, the first time included.
    pub attempts: Option<NamedSetting<u32>>,
    /// The same where it depends on how the provider fails; what is not here takes `attempts`.
    pub attempts_for: Vec<(FailureKinds, NamedSetting<u32>)>,
    /// How long it waits for a connection.
    pub connect: Option<NamedSetting<Duration>>,
    /// How long it waits for an answer to begin, or for its next bytes.
    pub timeout: Option<NamedSetting<Duration>>,
    /// The same for answers that are streamed, where that is a setting of its own.
    pub stream_timeout: Option<NamedSetting<Duration>>,
    /// The longest that it takes for one request in all, every attempt included.
    pub limit: Option<NamedSetting<Duration>>,
    /// The time after which a request that fails is not passed on any more.
    pub pass_within: Option<NamedSetting<Duration>>,
    /// How long it waits between two attempts, the first time.
    pub backoff: Option<NamedSetting<Duration>>,
    /// The longest that each of its waits can take in the course of one request, in order; what chance adds is in it.
    pub waits: Vec<Duration>,
    /// Which of its waits there are.
    pub last_wait: LastWait,
    /// What it waits after; `None`: after each failure.
    pub waits_on: Option<FailureKinds>,
    /// How many failures until it leaves a provider alone.
    pub failures: Option<NamedSetting<u32>>,
    /// The same where it depends on how the provider fails; what is not here takes `failures`.
    pub failures_for: Vec<(FailureKinds, NamedSetting<u32>)>,
    /// True where it takes more than half of a minute's requests to fail, besides so many failures.
    pub counts_share: bool,
    /// The time within which failures count together.
    pub window: Option<NamedSetting<Duration>>,
    /// How long it leaves a provider alone.
    pub cooldown: Option<NamedSetting<Duration>>,
    /// How it comes back to a provider that it left alone.
    pub comeback: Comeback,
    /// How often it asks after a provider's health by itself.
    pub health_every: Option<NamedSetting<Duration>>,
    /// How long it waits for the answer to that.
    pub health_timeout: Option<NamedSetting<Duration>>,
    /// How many such answers must fail in a row until it leaves a provider alone.
    pub health_failures: Option<NamedSetting<u32>>,
    /// What its own questions after a provider's health notice.
    pub health_notices: FailureKinds,
    /// What it asks the same provider again for.
    pub retries_on: Option<NamedSetting<FailureKinds>>,
    /// What it asks the next provider for, in the course of the same request.
    pub passes_on: Option<NamedSetting<FailureKinds>>,
    /// What counts as a failure, and in the end leaves a provider alone.
    pub counts: Option<NamedSetting<FailureKinds>>,
}
