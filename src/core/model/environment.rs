//! Where a drill runs: what is embedded, what is started, which addresses stand for which names.

use super::{Approvals, CalendarSource, Complete, CredentialSource, Dialect, PrometheusBinding, SabotageCommand, words};
use crate::units::{Duration, Money, Rate, WeekHours};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a drill runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Environment {
    /// True where the lab's simulated providers stand in for the real ones, inside the drill's process.
    pub embedded: bool,
    /// Where the lab's providers have their first keys from; says nothing where they are not imitated.
    #[serde(default, skip_serializing_if = "is_lab")]
    pub keys: KeySource,
    /// The reference gateway's settings. Used where `embedded` is true, nothing is started and the service has no address.
    pub gateway: GatewaySettings,
    /// The system under test, where the drill starts it itself.
    pub start: Option<StartCommand>,
    /// The most that this place can carry: a scenario's traffic is thinned to it. `None` takes every rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carries: Option<Rate>,
    /// Addresses of services.
    pub services: BTreeMap<String, ServiceBinding>,
    /// Where the fault proxy of each provider listens. Providers that are not named get a free port on loopback.
    pub proxies: BTreeMap<String, ProxyBinding>,
    /// The control API of a standing fault proxy; `None` embeds one.
    pub control: Option<ControlBinding>,
    /// A lever that is looked at beside those of the project and of this user: where it is pulled, no drill runs here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lever: Option<LeverBinding>,
    /// Where drills here keep their locks; `None` keeps them in the project and beside what this user remembers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<LocksBinding>,
    /// Where a drill listens for the team's own alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<AlertsBinding>,
    /// The team's Prometheus, whose series a report may show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusBinding>,
    /// What a drill may do here.
    pub allow: Allow,
    /// True where no drill begins that nobody approved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// Whose approval that takes; `None` takes that of whoever sits at the terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
    /// The configuration of the gateway that stands here, as a file of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<GatewayConfiguration>,
    /// What breaks the system here on purpose, and puts it back, for negative controls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sabotage: Vec<SabotageCommand>,
}

/// The configuration of a gateway, as a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayConfiguration {
    /// Which gateway it is for.
    pub kind: GatewayKind,
    /// Its path from the project's root.
    pub file: String,
}

impl Environment {
    /// How long a fault here outlives a drill that has gone away.
    pub fn fault_lease(&self) -> Duration {
        self.control.as_ref().and_then(|control| control.lease).unwrap_or(ControlBinding::LEASE)
    }
}

words! {
    /// Where the keys that a simulated provider takes come from, and where the reference gateway reads them again.
    KeySource {
        /// The drill makes them up and keeps them in memory.
        Lab = "lab",
        /// The credentials' own stores (`from:`): what is current there when the drill begins is the key that the lab takes.
        Stores = "stores",
        /// As `lab`, in a store that is sealed once the drill has begun: it can neither be read nor written.
        Sealed = "sealed",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes it has no place for an attribute of a variant")]
impl Default for KeySource {
    fn default() -> Self {
        Self::Lab
    }
}

fn is_lab(keys: &KeySource) -> bool {
    *keys == KeySource::Lab
}

/// Where alerts are posted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsBinding {
    /// `HOST:PORT`; port 0 takes a free one, which what the drill starts knows as `${alerts.url}`.
    pub listen: String,
    /// The environment variable that holds the token that senders of alerts must send; `None` asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_from: Option<String>,
    /// Names by which it is called, besides its address, the host that it listens on and `localhost`. Any other name is a web page's trick.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

/// Where a service answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceBinding {
    /// Base URL as clients use it, for example `https://gw.staging.example/v1`. May contain `${port}` where the
    /// environment starts the service: a free port is chosen for it.
    pub url: String,
    /// The base URLs of its replicas, each in a turn that is drawn from the seed, instead of `url`, so that each is seen by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<String>,
    /// The environment variable that holds the key which clients send; `None` sends a key of the lab's making.
    pub key_from: Option<String>,
    /// The environment variables that hold the keys of several clients, each in a turn that is drawn from the seed; none: `key_from` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys_from: Vec<String>,
    /// A file of certificates in PEM, from the project's root, of authorities that are trusted beside the web's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// The forward proxy that clients go through, as `http://HOST:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Which program answers there; `None` where nobody said. A report names its settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayKind>,
    /// How it speaks.
    #[serde(default = "as_gateways", skip_serializing_if = "is_as_gateways")]
    pub dialect: Dialect,
    /// What it calls the model; `None` where it takes the primary's own name. What it costs is the provider's affair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Headers that every client sends. Values may contain variables, and stand here as they were written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The same whose values are in these environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers_from: BTreeMap<String, String>,
    /// Parameters that are merged into the body of every request (RFC 7396): an object into an object, `null` takes one away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Value>,
    /// What makes its answers whole.
    #[serde(default, skip_serializing_if = "Complete::is_usual")]
    pub complete: Complete,
    /// What puts it back as it was, where several drills of one scenario follow each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetCommand>,
}

/// A program that puts a service back as it was before a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetCommand {
    /// Program and arguments; never a shell line. May contain `${root}`, `${service.name}` and `${service.url}`.
    pub run: Vec<String>,
    /// Environment variables; values may contain the same.
    pub env: BTreeMap<String, String>,
    /// The variables of Lifeboat's own environment that it is given besides.
    pub pass: Vec<String>,
    /// How long it may take.
    pub within: Duration,
}

impl ResetCommand {
    /// The names of the variables that it knows.
    pub const VARIABLES: [&str; 3] = ["root", "service.name", "service.url"];

    /// All texts in which variables may stand.
    pub fn texts(&self) -> impl Iterator<Item = &String> {
        self.run.iter().chain(self.env.values())
    }
}

words! {
    /// Which program stands between a service's users and its providers. Reports name its settings.
    GatewayKind {
        /// LiteLLM, as a proxy or a library.
        LiteLlm = "litellm",
        /// Portkey's gateway.
        Portkey = "portkey",
        /// Envoy, by itself or under one of its control planes.
        Envoy = "envoy",
        /// HAProxy.
        HaProxy = "haproxy",
        /// nginx.
        Nginx = "nginx",
        /// Kong's AI gateway.
        Kong = "kong",
        /// Bifrost.
        Bifrost = "bifrost",
        /// The lab's reference gateway.
        Reference = "reference",
        /// Something else, or a program of one's own.
        Other = "other",
    }
}

impl GatewayKind {
    /// By the name of the program that is started; `None` where that says nothing.
    pub fn of_program(program: &str) -> Option<Self> {
        Some(match program.rsplit('/').next()? {
            "litellm" => Self::LiteLlm,
            "envoy" | "func-e" => Self::Envoy,
            "haproxy" => Self::HaProxy,
            "nginx" | "openresty" => Self::Nginx,
            "kong" => Self::Kong,
            _ => return None,
        })
    }

    /// As its makers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LiteLlm => "LiteLLM",
            Self::Portkey => "Portkey",
            Self::Envoy => "Envoy",
            Self::HaProxy => "HAProxy",
            Self::Nginx => "nginx",
            Self::Kong => "Kong",
            Self::Bifrost => "Bifrost",
            Self::Reference => "the reference gateway",
            Self::Other => "the gateway",
        }
    }
}

const fn as_gateways() -> Dialect {
    Dialect::OpenAi
}

fn is_as_gateways(dialect: &Dialect) -> bool {
    *dialect == as_gateways()
}

/// Where a standing fault proxy is told what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlBinding {
    /// Its control API, for example `http://127.0.0.1:8474`.
    pub url: String,
    /// The environment variable that holds the token which it asks for; `None` sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_from: Option<String>,
    /// How long a fault there outlives a drill that has gone away; `None`: [`ControlBinding::LEASE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Duration>,
}

impl ControlBinding {
    /// The usual lease of a fault.
    pub const LEASE: Duration = Duration::from_secs(10);
}

/// A lever of an environment: a file, an address that is asked, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LeverBinding {
    /// The file, from the project's root: where it is there, the lever is pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The address that says whether it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The environment variable that holds the token which that address asks for; `None` sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_from: Option<String>,
}

/// Where locks are kept, and how long one is held that nobody renews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocksBinding {
    /// The folder, from the project's root: whoever shares it, shares the locks.
    pub folder: String,
    /// `None`: [`LocksBinding::LEASE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Duration>,
}

impl LocksBinding {
    /// The usual lease of a lock.
    pub const LEASE: Duration = Duration::from_secs(30);
}

/// Where the fault proxy of one provider listens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProxyBinding {
    /// `HOST:PORT`; `None` takes a free port on loopback.
    pub listen: Option<String>,
    /// True where it stands there with a certificate of its own authority (`${proxy.authority}`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
    /// The hosts, as `host` or `host:port`, that it answers for where somebody comes through its forward proxy; none: its provider's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

impl Environment {
    /// Which program answers for the service of this name: as declared, else where it is certain by what is started here.
    pub fn gateway_of(&self, service: &str) -> Option<GatewayKind> {
        let binding = self.services.get(service);
        let declared = binding.and_then(|binding| binding.gateway);
        let started = || self.start.as_ref().and_then(|start| start.run.first()).and_then(|program| GatewayKind::of_program(program));
        let reference = || (self.embedded && self.start.is_none() && binding.is_none()).then_some(GatewayKind::Reference);
        declared.or_else(started).or_else(reference)
    }

    /// How the service of this name speaks here.
    pub fn dialect_of(&self, service: &str) -> Dialect {
        self.services.get(service).map_or(as_gateways(), |binding| binding.dialect)
    }
}

/// What a drill, or whoever drives the environment's standing fault proxy, may do there. Empty allows everything.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Allow {
    /// The providers that may be broken; `None` allows all.
    pub faults_on: Option<Vec<String>>,
    /// The providers that may be asked directly, to compare them or to see whether they are there; `None` allows those that a service uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Vec<String>>,
    /// The highest rate of traffic.
    pub max_rate: Option<Rate>,
    /// The most that a drill may spend at list prices; it is stopped before it passes that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_spend: Option<Money>,
    /// The most requests that a drill may send as its traffic, the warm-up included. The one to three with which it finds out before the
    /// baseline how a service's answers end are beside that: the plan tells of them, and `max_spend` counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_requests: Option<u64>,
    /// The credentials that may be revoked for real, where providers are not imitated. None by default: what is revoked stays so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoke: Vec<String>,
    /// Where keys are kept that a drill in the lab may write there, since it keeps and restores what it finds: sources as `from:` has them,
    /// the files of sources, or names of stores. None by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<String>,
    /// The hours of the week in which a drill may run, from its beginning to its end; none: at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<WeekHours>,
    /// The calendars in whose events no drill may run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<CalendarSource>,
    /// The longest that a drill may take, from its first request to the end of its timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<Duration>,
    /// True where copies may be broken on purpose here although it is not the lab.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sabotage: bool,
}

impl Allow {
    /// True where this provider may be asked directly; `used` says whether a service uses it.
    pub fn may_ask(&self, provider: &str, used: bool) -> bool {
        self.asks.as_ref().map_or(used, |names| names.iter().any(|name| name == provider))
    }
}

impl Allow {
    /// True where a drill in the lab may write keys there.
    pub fn takes(&self, source: &CredentialSource) -> bool {
        let whole = source.to_string();
        let file = whole.split('#').next().unwrap_or_default();
        let store = source.store().map(|(name, _)| name);
        self.stores.iter().any(|allowed| *allowed == whole || allowed == file || Some(allowed.as_str()) == store)
    }
}

/// The system under test, started by the drill and ended with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartCommand {
    /// Program and arguments; never a shell line. May contain `${port}`, `${root}` and `${service.url}`.
    pub run: Vec<String>,
    /// Environment variables; values may contain `${proxy.NAME.url}` and `${credential.PROVIDER}`.
    pub env: BTreeMap<String, String>,
    /// The variables of Lifeboat's own environment that it is given besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<String>,
    /// The URL that answers 200 when it is ready.
    pub ready: String,
    /// How long to wait for that.
    pub within: Duration,
    /// Requests that are then asked one after the other, before the baseline and judged by nobody: programs that load themselves
    /// on demand are slow at first, and that is no part of an outage. The first of them that is answered badly ends the drill.
    #[serde(default)]
    pub warm_up: u32,
}

/// The reference gateway: an ordered list of providers, tried in turn, each behind a circuit breaker.
///
/// With a blackholed primary, every request that arrives before the breaker opens pays `try_timeout` and is then rescued by
/// the standby. The breaker opens when the `breaker.failures`-th consecutive failure is seen, so the time of cutover can be
/// predicted: `try_timeout` after the moment at which that many requests have been dispatched to the dead primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewaySettings {
    /// How long one try may take to its response headers before the next provider is tried.
    pub try_timeout: Duration,
    /// Further tries on the same provider before the next one.
    pub retries: u32,
    /// The circuit breaker of each provider.
    pub breaker: BreakerSettings,
    /// How many of it stand beside each other, each with its own breakers and its own copy of the keys; each is asked in its turn.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub replicas: u32,
    /// How long a token is borne that was minted from a key; says nothing where keys are borne themselves.
    #[serde(default, skip_serializing_if = "is_until_reload")]
    pub token_cache: TokenCache,
    /// Who is asked beside the provider that answers. The reference gateway does it; of a gateway of one's own it is said here, so that what it
    /// mirrors is not taken for an answer.
    #[serde(default, skip_serializing_if = "DualRun::is_off")]
    pub dual_run: DualRun,
    /// Whether it asks providers outside the areas that its service's objectives permit.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub residency: RouteResidency,
    /// Whose key it sends to standbys.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub credentials: RouteCredentials,
}

words! {
    /// Who is asked beside the provider that answers, so that both can be compared. The shadow's answer is read and thrown away.
    #[derive(Default)]
    DualRun {
        /// Nobody.
        #[default]
        Off = "off",
        /// The first standby, with every request that the primary is asked.
        Standby = "standby",
    }
}

impl DualRun {
    /// True where nobody is.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub fn is_off(&self) -> bool {
        *self == Self::Off
    }
}

words! {
    /// Whether the reference gateway keeps to the objective `residency`.
    RouteResidency {
        /// It asks whoever is next.
        Ignored = "ignored",
        /// It never asks a provider outside the areas that are permitted, and answers with an error where none is left.
        Kept = "kept",
    }
}

words! {
    /// Whose key the reference gateway sends to standbys.
    RouteCredentials {
        /// Each provider gets its own.
        Own = "own",
        /// All get the primary's, as by a fallback that swaps the address and nothing else.
        Primary = "primary",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes it has no place for an attribute of a variant")]
impl Default for RouteResidency {
    fn default() -> Self {
        Self::Ignored
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes it has no place for an attribute of a variant")]
impl Default for RouteCredentials {
    fn default() -> Self {
        Self::Own
    }
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

words! {
    /// How long the reference gateway bears a token that it minted from a key (a credential of the kind `oauth-token`).
    TokenCache {
        /// Until it reads its keys again, or the token's time is nearly over.
        UntilReload = "until-reload",
        /// Until the token's time is nearly over, whatever becomes of the key that it was minted from.
        UntilExpiry = "until-expiry",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes it has no place for an attribute of a variant")]
impl Default for TokenCache {
    fn default() -> Self {
        Self::UntilReload
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_until_reload(cache: &TokenCache) -> bool {
    *cache == TokenCache::UntilReload
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            try_timeout: Duration::from_secs(3),
            retries: 0,
            breaker: BreakerSettings::default(),
            replicas: one(),
            token_cache: TokenCache::default(),
            dual_run: DualRun::Off,
            residency: RouteResidency::default(),
            credentials: RouteCredentials::default(),
        }
    }
}

/// A circuit breaker: closed while tries succeed, open after consecutive failures, half-open after a cooldown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerSettings {
    /// Consecutive failures that open it.
    pub failures: u32,
    /// How long it stays open before one request is let through as a probe.
    pub cooldown: Duration,
    /// Consecutive successful probes that close it again.
    pub probes: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, cooldown: Duration::from_secs(4), probes: 2 }
    }
}
