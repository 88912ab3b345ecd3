//! What all proxies of one server share: whose control API it serves, trust, routes, bounds.

use super::bounds::Bounds;
use super::trust::Trust;
use super::upstream_route::RouteTable;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Which control API is served: ours, or exactly Toxiproxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiFlavor {
    /// With leases, dialects, events, stamps and our own toxics.
    Lifeboat,
    /// As Shopify's does, and nothing more.
    Plain,
}

/// What all proxies of one server share.
#[derive(Debug, Clone)]
pub(super) struct ServerContext {
    pub(super) flavor: ApiFlavor,
    pub(super) trust: Arc<Trust>,
    /// Where the forward proxy listens that hands them connections, if there is one.
    pub(super) forward: Option<SocketAddr>,
    pub(super) routes: Arc<RouteTable>,
    pub(super) bounds: Arc<Bounds>,
    /// How long the head of a request may take.
    pub(super) head: Duration,
}

#[cfg(test)]
impl ServerContext {
    /// With an authority of its own, and no forward proxy.
    pub(super) fn of_lifeboat() -> Self {
        let trust = Trust::new(super::Authority::in_memory().unwrap(), None).unwrap();
        let routes = Arc::new(RouteTable::new(([127, 0, 0, 1], 1).into(), None, false));
        let bounds = Arc::new(Bounds { has_token: false, places: None });
        Self { flavor: ApiFlavor::Lifeboat, trust: Arc::new(trust), forward: None, routes, bounds, head: crate::listen::HEAD_WITHIN }
    }
}
