//! A proxy as it will be: a request for one that has passed every check that can be made before it listens, so that what is refused costs
//! nothing that is there.
//!
//! What this file does not do: take a port that the request names. The proxy that is to be replaced may have it.

use super::bounds::WantedProxy;
use super::carrier::Carrier;
use super::certificate_needs::CertificateNeeds;
use super::fault_set::ProxyPhase;
use super::listener::{ProxyListener, open_listener, resolve};
use super::playable::Playable;
use super::proxy_view::RawProxy;
use super::server_context::ServerContext;
use super::upstream::ProxyUpstream;
use super::upstream_address::HostPattern;
use super::upstream_route::UpstreamRoute;
use crate::api::{ApiError, ProxyRequest};
use crate::fault::{RawToxic, check_name};
use crate::model::Dialect;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

/// A proxy that passed every check that can be made before it listens. Refusing it costs nothing that is there.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Where it listens, as it was asked for.
    pub(super) listen: String,
    pub(super) upstream: String,
    /// The upstream, read.
    pub(super) leads: ProxyUpstream,
    pub(super) route: Arc<UpstreamRoute>,
    pub(super) dialect: Dialect,
    pub(super) ends_tls: bool,
    pub(super) hosts: Option<Vec<String>>,
    pub(super) answers: Vec<HostPattern>,
    pub(super) phase: ProxyPhase,
    pub(super) toxics: Vec<RawToxic>,
    /// Where the proxy will have its home.
    pub(super) home: &'static Carrier,
    address: SocketAddr,
    /// Open already where any free port will do.
    listener: Option<ProxyListener>,
}

impl Draft {
    /// # Errors
    /// Where the request is incomplete or wrong, or asks for what may not be.
    pub(super) async fn of(raw: RawProxy, context: &ServerContext) -> Result<Self, ApiError> {
        let RawProxy { request, toxics } = raw;
        let ProxyRequest { name, listen, upstream, enabled, dialect, tls, hosts } = request;
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| ApiError::missing("name"))?;
        check_name(&name).map_err(|problem| ApiError::bad_request(format!("bad request body: invalid name: {problem}")))?;
        let upstream = upstream.filter(|upstream| !upstream.is_empty()).ok_or_else(|| ApiError::missing("upstream"))?;
        let dialect = dialect.as_deref().unwrap_or("tcp");
        let unknown = || ApiError::bad_request(format!("dialect `{dialect}` is not one of {}", Dialect::WORDS.join(", ")));
        let dialect = Dialect::from_word(dialect).ok_or_else(unknown)?;
        let ends_tls = tls.unwrap_or(false);
        if ends_tls && dialect == Dialect::Tcp {
            return Err(ApiError::bad_request("a proxy that terminates TLS must know what is inside, and this one sees only bytes")
                .with_hint("create it with a dialect, for example \"http\"; or without `tls`, and TLS passes through it as it is"));
        }
        context.bounds.allow(&WantedProxy { name: &name, upstream: &upstream, dialect, tls: ends_tls, hosts: hosts.as_deref() })?;
        let route = UpstreamRoute::of(&context.routes);
        let leads = ProxyUpstream::parse(&upstream, dialect, context, &route).map_err(ApiError::bad_request)?;
        let answers = answers(hosts.as_deref(), &leads)?;
        let phase = if enabled.unwrap_or(true) { ProxyPhase::Enabled } else { ProxyPhase::Disabled };
        let listen = listen.unwrap_or_default();
        let address = resolve(&listen).await?;
        context.bounds.listener(&name, address).await?;
        let (flavor, has_forward) = (context.flavor, context.forward.is_some());
        check_toxics(&Playable { proxy: &name, flavor, dialect, ends_tls, has_forward }, &toxics)?;
        let secures = CertificateNeeds { hosts: hosts.as_deref(), address: ends_tls.then_some(address), dialect };
        secures.admitted(context.trust.authority(), &answers)?;
        // A free port is nobody's, and only the one that is taken tells whether the route leads back here.
        let home = Carrier::next_home();
        let listener = if address.port() == 0 {
            let _home = home.enter();
            Some(open_listener(address, phase)?)
        } else {
            None
        };
        route.lead(listener.as_ref().map_or(address, ProxyListener::address), leads.address()).await.map_err(led_back)?;
        Ok(Self { name, listen, upstream, leads, route, dialect, ends_tls, hosts, answers, phase, toxics, home, address, listener })
    }

    /// The listener, which takes connections where the proxy is enabled.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub(super) fn listener(&mut self) -> Result<ProxyListener, ApiError> {
        self.listener.take().map_or_else(|| open_listener(self.address, self.phase), Ok)
    }
}

fn check_toxics(playable: &Playable<'_>, raws: &[RawToxic]) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for raw in raws {
        if !names.insert(playable.read(raw)?.name) {
            return Err(ApiError::conflict("toxic already exists"));
        }
    }
    Ok(())
}

/// Who a proxy answers for: these hosts, or its upstream.
pub(super) fn answers(hosts: Option<&[String]>, upstream: &ProxyUpstream) -> Result<Vec<HostPattern>, ApiError> {
    match hosts {
        Some(hosts) => hosts.iter().map(|host| HostPattern::parse(host).map_err(ApiError::bad_request)).collect(),
        None => Ok(vec![upstream.address().answers()]),
    }
}

/// The error for an upstream that leads back here.
pub(super) fn led_back(error: String) -> ApiError {
    ApiError::bad_request(error).with_hint("name the provider's own address as the upstream")
}
