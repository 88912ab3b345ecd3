//! The fault proxy: what stands between a gateway and a provider, and breaks it when told to over the control API.
//!
//! ```text
//!  control API ──► registry ──► proxy_actor (one a proxy: listener, toxics, leases)
//!    (api)            ▲              │ publishes a fault_set to every connection
//!  HTTPS_PROXY ──► forward           ▼
//!  gateway ◄──► gateway_socket ◄── TLS ──► gateway_connection: bytes (tcp), or exchanges (HTTP/1.1, HTTP/2) ◄── TLS ──► upstream
//!                             (trust,       │
//!                           authority)      └─► event_feed: events of exchanges and faults, GET /events
//! ```
//!
//! # Where it can stand
//!
//! At a listener for each provider, plain or with a certificate that the authority signs, or as a forward proxy that hands each host asked
//! for to the actor that answers for it. However a connection came, it is one connection of one actor, and all faults take it alike.
//!
//! # How a fault takes hold
//!
//! An actor publishes the faults in force as one `FaultSet`. Each open connection is one task that watches for a new
//! set before it does anything else; it lets go of the old one only when it obeys the new one. When the last has let go, the
//! actor stamps `hi` and answers. What is sent after that is affected, on open and pooled connections too. Acts on bytes
//! (refuse, blackhole, reset, latency, bandwidth) work at the gateway's socket, beneath TLS and HTTP, so both modes share them. The socket is
//! the connection's: whatever was built upon it (TLS, HTTP/2 with all its exchanges, an upgrade) is dropped when a fault takes the connection.
//!
//! # What it sees
//!
//! With a dialect, each exchange becomes an event when it ends: whole once its last byte was taken by the operating system for
//! the gateway's connection, else `cut`. A request that a blackhole keeps from being read leaves no exchange.
//!
//! # What passes
//!
//! Heads, bodies and trailers pass as they come, in both directions at once, so that calls of gRPC and other conversations go on; the mark
//! of a request is looked for in its body while that passes. A body is waited for only while a fault in force asks about it, and never
//! where that could be for ever (`upload`). Towards a provider without TLS HTTP/2 is spoken by prior knowledge: for calls of gRPC, and for all
//! where its upstream is written `h2c://host:port`. What hyper does not write over HTTP/1.1 (103, trailers that nobody announced) is written
//! between what it writes (`interim`). Three things do not pass: answers before the answer from or to HTTP/2; trailers of requests over
//! HTTP/1.1 that their head does not name in `trailer`; leave to send a body (100) for a gateway that asks for it over HTTP/2.
//!
//! # Which way
//!
//! Every proxy has its home on one thread, which accepts its connections and carries them (`carrier`). Requests of HTTP/1.1 that are common,
//! to a provider without TLS, pass straight: the connection's own task reads and writes both sides (`straight_path`). All others go through
//! hyper, and so does the rest of a connection from the first of them on: HTTP/2, TLS towards the provider, upgrades, chunked requests, leave
//! to send a body. What a fault makes of a request does not depend on its way.
//!
//! What this room does not do: decide what a fault's bytes or delays are (`fault`, `dialect`), or authenticate those who use its proxies.
#![doc = include_str!("README.md")]

mod answer_body;
mod answer_delivery;
mod api;
mod arrival;
mod authority;
mod bounds;
mod call_body;
mod carrier;
mod certificate_needs;
mod connection_flow;
mod connection_lane;
mod connection_tasks;
mod counters;
mod deadline;
mod draft;
mod event_feed;
mod events;
mod exchange;
mod fault_set;
mod forward;
mod gateway_connection;
mod gateway_request;
mod gateway_socket;
mod http2_framing;
mod http_session;
mod interim;
mod lever;
mod listener;
mod message_head;
mod metrics;
mod opening;
mod playable;
mod provider_link;
mod proxy_actor;
mod proxy_context;
mod proxy_view;
mod pump;
mod registry;
mod seat;
mod server_context;
mod serving;
mod socket_end;
mod stop_signal;
mod straight_answer;
mod straight_body;
mod straight_gateway;
mod straight_path;
mod straight_request;
mod straight_upload;
mod toxic_entry;
mod trust;
mod upgrade;
mod upload;
mod upstream;
mod upstream_address;
mod upstream_route;

#[cfg(test)]
mod tests;

pub use authority::{Authority, AuthorityError, AuthorityOrigin};
pub use bounds::ProxyPlacement;
pub use server_context::ApiFlavor;

use crate::api::ApiError;
use crate::listen::{Callers, HEAD_WITHIN};
use crate::units::{Explained, Problem, Secret};
use bounds::Bounds;
use listener::ProxyListener;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stop_signal::StopSignal;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The page on the fault proxy, as it stands above.
pub const GUIDE: &str = include_str!("README.md");

/// Why a proxy could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The address of the control API cannot be bound.
    #[error("the control API cannot listen on {address}: {source}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// Anyone who can reach it could break everything behind it.
    #[error("everybody who can reach {address} could use the control API")]
    Open {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Anyone who can reach it could go anywhere through it.
    #[error("everybody who can reach {address} could go anywhere through the forward proxy")]
    Relay {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Anyone who comes through it from elsewhere must not be able to drive it.
    #[error("the forward proxy is open to others, and the control API requires no token")]
    Tokenless,
    /// The address of the forward proxy cannot be bound.
    #[error("the forward proxy cannot listen on {address}: {source}")]
    BindForward {
        /// The address that was asked for.
        address: SocketAddr,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// There is no authority to sign certificates with.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The providers' private authorities cannot be read.
    #[error("the certificates in --upstream-ca cannot be read: {0}")]
    Trust(String),
    /// A configuration that cannot be followed.
    #[error("the proxies of the configuration could not be created: {0}")]
    Config(Problem),
}

impl Explained for ProxyError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Bind { .. } | Self::BindForward { .. } => {
                "choose another port, or 0 for any free one; `ss -ltnp` shows who has it".into()
            }
            Self::Open { .. } => "give it a token with --token-from env:NAME, or listen on 127.0.0.1".into(),
            Self::Relay { .. } => "listen on 127.0.0.1, or say --forward-open where only those can reach it who may".into(),
            Self::Tokenless => "give it one with --token-from env:NAME".into(),
            Self::Authority(error) => return error.hint(),
            Self::Trust(_) => "name a file of certificates in PEM".into(),
            Self::Config(problem) => return problem.hint.as_deref().map(Cow::Borrowed),
        })
    }
}

/// How a proxy is started.
#[derive(Debug, Clone)]
pub struct ProxySettings {
    /// Where the control API listens; port 0 takes any free one.
    pub api: SocketAddr,
    /// What its callers must send as `Authorization: Bearer`; without one it listens on loopback only.
    pub token: Option<Secret>,
    /// Whose server it answers as.
    pub flavor: ApiFlavor,
    /// The proxies that may be broken; `None` where all may. Everything else the control API refuses.
    pub breakable: Option<BTreeSet<String>>,
    /// The only proxies that may be, and how; `None` where all may be that are asked for.
    pub places: Option<BTreeMap<String, ProxyPlacement>>,
    /// Names besides its address and `localhost` by which the control API is called.
    pub api_hosts: Vec<String>,
    /// How long the head of a request may take, at the control API, the forward proxy and every listener that looks into HTTP.
    pub head: Duration,
    /// Where the forward proxy listens; none without.
    pub forward: Option<SocketAddr>,
    /// Whether the forward proxy may listen elsewhere than on loopback; then it needs a token, and leads to nothing on this host.
    pub forward_open: bool,
    /// The folder of the authority that signs certificates; without one it lives in memory.
    pub authority: Option<PathBuf>,
    /// Who is trusted as a provider besides the web's authorities: a file of certificates in PEM.
    pub upstream_ca: Option<PathBuf>,
}

impl ProxySettings {
    /// Open to all who reach `api`, which must then be on loopback, with everything that is ours.
    pub const fn at(api: SocketAddr) -> Self {
        Self {
            api,
            token: None,
            flavor: ApiFlavor::Lifeboat,
            breakable: None,
            places: None,
            api_hosts: Vec::new(),
            head: HEAD_WITHIN,
            forward: None,
            forward_open: false,
            authority: None,
            upstream_ca: None,
        }
    }
}

/// A running proxy. It starts empty; everything else goes over its control API. Dropping it ends it without waiting.
#[derive(Debug)]
pub struct Proxy {
    api: SocketAddr,
    forward: Option<SocketAddr>,
    registry: Arc<registry::Registry>,
    stop: watch::Sender<Option<Duration>>,
    server: JoinHandle<()>,
}

impl Proxy {
    /// Starts the control API on `api`, without a token, within the current tokio runtime.
    ///
    /// # Errors
    /// Where the address cannot be bound, or is not loopback.
    pub async fn start(api: SocketAddr) -> Result<Self, ProxyError> {
        Self::start_with(ProxySettings::at(api)).await
    }

    /// The same with all settings.
    ///
    /// # Errors
    /// Where an address cannot be bound, or would be open to strangers; where the authority or the trusted certificates cannot be read.
    pub async fn start_with(settings: ProxySettings) -> Result<Self, ProxyError> {
        let ProxySettings { api, token, flavor, breakable, places, api_hosts, head, forward, forward_open, authority, upstream_ca } =
            settings;
        let is_near = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        if token.is_none() && !is_near(api) {
            return Err(ProxyError::Open { address: api });
        }
        if let Some(address) = forward.filter(|forward| !forward_open && !is_near(*forward)) {
            return Err(ProxyError::Relay { address });
        }
        if forward_open && forward.is_some() && token.is_none() {
            return Err(ProxyError::Tokenless);
        }
        let authority = authority.map_or_else(Authority::in_memory, |folder| Authority::load(&folder))?;
        let trust = trust::Trust::new(authority, upstream_ca.as_deref()).map_err(ProxyError::Trust)?;
        let bind = |source| ProxyError::Bind { address: api, source };
        let listener = TcpListener::bind(api).await.map_err(bind)?;
        let api = listener.local_addr().map_err(bind)?;
        let forward = match forward {
            Some(address) => {
                let bind = |source| ProxyError::BindForward { address, source };
                let forward_listener = ProxyListener::open(address).map_err(bind)?;
                Some((forward_listener.address(), forward_listener))
            }
            None => None,
        };
        let (stop, stopped) = watch::channel(None);
        let (forward, forward_listener) = forward.unzip();
        let routes = Arc::new(upstream_route::RouteTable::new(api, forward, forward_open));
        let bounds = Arc::new(Bounds { has_token: token.is_some(), places });
        let context = server_context::ServerContext { flavor, trust: Arc::new(trust), forward, routes, bounds, head };
        let registry = Arc::new(registry::Registry::new(context, breakable));
        let callers = Callers::of(api, api_hosts, "--api-host NAME");
        let server = serving(listener, forward_listener, registry.clone(), api::ApiGuard { token, callers }, stopped);
        Ok(Self { api, forward, registry, stop, server })
    }

    /// Creates the proxies of a configuration as `toxiproxy-server` reads it: a JSON list of objects with `name`, `listen`, `upstream`,
    /// `enabled` and, ours, `toxics`, `dialect`, `tls` and `hosts`. Returns `name`, `listen` and `upstream` of each.
    ///
    /// # Errors
    /// Where it is not such a list, or one of them cannot be opened. Those before it stay.
    pub async fn populate(&self, config: &[u8]) -> Result<Vec<[String; 3]>, ProxyError> {
        let refused = |error: ApiError| ProxyError::Config(problem(error.error, error.hint));
        let call_body::CallBody { asked, left_out } = call_body::proxies(config, self.registry.flavor()).map_err(refused)?;
        // No client of others wrote it, that knows no better.
        if let Some(what) = left_out.into_iter().next() {
            return Err(ProxyError::Config(Problem::new(what)));
        }
        let populated = self.registry.populate(asked).await;
        match populated.error {
            Some(error) => Err(ProxyError::Config(problem(error, populated.hint))),
            None => Ok(populated.proxies.into_iter().map(|proxy| [proxy.name, proxy.listen, proxy.upstream]).collect()),
        }
    }

    /// Where the control API listens.
    pub const fn api(&self) -> SocketAddr {
        self.api
    }

    /// Where the forward proxy listens, if there is one.
    pub const fn forward(&self) -> Option<SocketAddr> {
        self.forward
    }

    /// The certificate of the authority that signs for its proxies, in PEM.
    pub fn authority(&self) -> String {
        self.registry.context.trust.authority().pem()
    }

    /// Ends every proxy, connection and reader, and waits until they have ended.
    pub async fn stop(self) {
        self.drain(Duration::ZERO).await;
    }

    /// The same, but open connections may go on for so long. New ones are refused at once.
    pub async fn drain(self, grace: Duration) {
        let _ = self.stop.send(Some(grace));
        // An error here would be a panic of the server's task; there is nothing left to stop then.
        let _ = self.server.await;
    }
}

/// Begins to serve, in a task. What is async is compiled by the crate that awaits it, far from what it calls; this is not async, so that whatever
/// carries requests is compiled here as a whole.
#[inline(never)]
fn serving(
    listener: TcpListener,
    forward_listener: Option<ProxyListener>,
    registry: Arc<registry::Registry>,
    guard: api::ApiGuard,
    stopped: StopSignal,
) -> JoinHandle<()> {
    let served = api::serve(listener, registry.clone(), guard, stopped.clone());
    let forwarded = async move {
        if let Some(forward_listener) = forward_listener {
            forward::serve(forward_listener, registry, stopped).await;
        }
    };
    tokio::spawn(async {
        tokio::join!(served, forwarded);
    })
}

fn problem(message: String, hint: Option<String>) -> Problem {
    let problem = Problem::new(message);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
