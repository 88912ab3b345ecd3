//! Envoy's bootstrap as a map: its listeners with their routes, its clusters with their endpoints, and what leads to what.

use super::tree::ConfigNode;

/// Listeners and clusters.
pub(super) struct Bootstrap<'c> {
    pub(super) listeners: Vec<&'c ConfigNode>,
    clusters: Vec<&'c ConfigNode>,
}

/// A route that leads to a cluster, with the virtual host around it.
#[derive(Clone, Copy)]
pub(super) struct EnvoyRoute<'c> {
    pub(super) host: &'c ConfigNode,
    pub(super) entry: &'c ConfigNode,
    pub(super) action: &'c ConfigNode,
}

/// An endpoint of a cluster, with its priority.
pub(super) struct ClusterEndpoint<'c> {
    pub(super) cluster: &'c ConfigNode,
    pub(super) priority: u32,
    pub(super) node: &'c ConfigNode,
}

impl<'c> Bootstrap<'c> {
    pub(super) fn of(root: &'c ConfigNode) -> Self {
        let all = |key: &str| root.items_at(&["static_resources", key]).iter().collect::<Vec<_>>();
        Self { listeners: all("listeners"), clusters: all("clusters") }
    }

    fn cluster(&self, name: &str) -> Option<&'c ConfigNode> {
        self.clusters.iter().copied().find(|cluster| cluster.text_at(&["name"]) == Some(name))
    }

    /// Its endpoints in order of priority; of an aggregate, those of its clusters one after the other.
    pub(super) fn endpoints(&self, name: &str) -> Vec<ClusterEndpoint<'c>> {
        let Some(cluster) = self.cluster(name) else { return Vec::new() };
        let inner = cluster.items_at(&["cluster_type", "typed_config", "clusters"]);
        if !inner.is_empty() {
            let names = inner.iter().filter_map(ConfigNode::text).filter(|inner| *inner != name);
            let of = |(place, name): (usize, &'c str)| {
                let priority = place as u32;
                let plain = self.cluster(name).filter(|cluster| cluster.some(&["cluster_type"]).is_none());
                plain
                    .map(|_| self.endpoints(name).into_iter().map(move |endpoint| ClusterEndpoint { priority, ..endpoint }))
                    .into_iter()
                    .flatten()
            };
            return names.enumerate().flat_map(of).collect();
        }
        let mut found: Vec<ClusterEndpoint<'c>> = Vec::new();
        for group in cluster.items_at(&["load_assignment", "endpoints"]) {
            let priority = group.at(&["priority"]).and_then(ConfigNode::number).unwrap_or(0.0) as u32;
            let ends = group.items_at(&["lb_endpoints"]).iter();
            found.extend(ends.map(|node| ClusterEndpoint { cluster, priority, node }));
        }
        found.sort_by_key(|endpoint| endpoint.priority);
        found
    }

    /// The listener at an address of this host.
    pub(super) fn listening(&self, address: &Address) -> Option<&'c ConfigNode> {
        self.listeners.iter().copied().find(|listener| listener.at(&["address"]).and_then(Address::of).is_some_and(|own| own.is(address)))
    }
}

/// A pipe, or a host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Pipe(String),
    Port(String, u16),
}

impl Address {
    pub(super) fn of(node: &ConfigNode) -> Option<Self> {
        if let Some(path) = node.text_at(&["pipe", "path"]) {
            return Some(Self::Pipe(path.to_owned()));
        }
        let place = node.some(&["socket_address"])?;
        Some(Self::Port(place.text_at(&["address"])?.to_owned(), place.at(&["port_value"])?.number()? as u16))
    }

    fn is(&self, other: &Self) -> bool {
        let here = |host: &str| matches!(host, "127.0.0.1" | "localhost" | "0.0.0.0" | "::1" | "::");
        match (self, other) {
            (Self::Port(host, port), Self::Port(other, also)) => port == also && here(host) && here(other),
            _ => self == other,
        }
    }
}

/// The routes of a listener that lead to clusters.
pub(super) fn routes(listener: &ConfigNode) -> Vec<EnvoyRoute<'_>> {
    let filters = listener.items_at(&["filter_chains"]).iter().flat_map(|chain| chain.items_at(&["filters"]));
    let hosts = filters.flat_map(|filter| filter.items_at(&["typed_config", "route_config", "virtual_hosts"]));
    hosts
        .flat_map(|host| {
            host.items_at(&["routes"]).iter().filter_map(move |entry| Some(EnvoyRoute { host, entry, action: entry.some(&["route"])? }))
        })
        .collect()
}

pub(super) fn reaches(bootstrap: &Bootstrap<'_>, route: EnvoyRoute<'_>) -> bool {
    !hops_of(bootstrap, route).is_empty()
}

/// The endpoints behind a route.
pub(super) fn hops_of<'c>(bootstrap: &Bootstrap<'c>, route: EnvoyRoute<'c>) -> Vec<ClusterEndpoint<'c>> {
    if let Some(name) = route.action.text_at(&["cluster"]) {
        return bootstrap.endpoints(name);
    }
    let weighted = route.action.items_at(&["weighted_clusters", "clusters"]).iter().filter_map(|cluster| cluster.text_at(&["name"]));
    weighted.flat_map(|name| bootstrap.endpoints(name)).collect()
}
