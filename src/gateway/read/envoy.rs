//! Envoy's bootstrap, YAML or JSON, as far as it is static. What is not said there holds by the defaults of Envoy 1.34.
//!
//! The way of a request is followed from the first listener on an address whose routes lead to a cluster, through listeners of the same bootstrap
//! that listen on pipes or on loopback, to the providers. What this file does not do: ask control planes (xDS), or follow Lua and Wasm.

use super::envoy_bootstrap::{Address, Bootstrap, ClusterEndpoint, EnvoyRoute, hops_of, reaches, routes};
use super::envoy_timing::timing;
use super::place::{self, HopNames};
use super::tree::ConfigNode;
use crate::gateway::setup::{GatewayHop, GatewaySetup, KeyReference};
use crate::model::GatewayKind;
use crate::units::Problem;

/// Listeners of this bootstrap that are passed through on the way to one provider, at most.
const PASSED_MAX: usize = 4;

/// Reads it.
///
/// # Errors
/// Where no static listener leads to a static cluster.
pub(super) fn read(root: &ConfigNode) -> Result<GatewaySetup, Problem> {
    let bootstrap = Bootstrap::of(root);
    let mut setup = GatewaySetup::new(GatewayKind::Envoy);
    let fronts = bootstrap.listeners.iter().filter_map(|listener| match Address::of(listener.at(&["address"])?)? {
        Address::Port(host, port) => {
            Some((*listener, format!("{host}:{port}"), routes(listener).into_iter().find(|route| reaches(&bootstrap, *route))?))
        }
        Address::Pipe(_) => None,
    });
    let (listener, address, route) = fronts
        .max_by_key(|(listener, _, route)| (hops_of(&bootstrap, *route).len().min(2), std::cmp::Reverse(listener.line)))
        .ok_or_else(|| {
            Problem::new("no static listener of this bootstrap of Envoy leads to a static cluster")
                .hint("what comes from a control plane cannot be read: save `GET /config_dump` of its admin API as a bootstrap")
        })?;
    setup.listens = Some(address);
    let ends = hops_of(&bootstrap, route);
    let first = ends.first().map_or(0, |endpoint| endpoint.priority);
    let weights = route.action.items_at(&["weighted_clusters", "clusters"]).len();
    setup.sharing = if weights > 1 { weights } else { ends.iter().filter(|endpoint| endpoint.priority == first).count().max(1) };
    let mut names = HopNames::default();
    for endpoint in &ends {
        let hop = hop(&bootstrap, route, endpoint, &mut names);
        setup.hops.push(hop);
    }
    setup.timing = timing(route, &ends, &mut setup.doubts);
    doubts(root, listener, route, &mut setup.doubts);
    Ok(setup)
}

fn hop(bootstrap: &Bootstrap<'_>, route: EnvoyRoute<'_>, endpoint: &ClusterEndpoint<'_>, names: &mut HopNames) -> GatewayHop {
    let at = |node: &ConfigNode| node.at(&["endpoint", "address"]).and_then(Address::of);
    let (mut way, mut cluster, mut address) = (route, endpoint.cluster, at(endpoint.node));
    for _ in 0..PASSED_MAX {
        let next = address.as_ref().and_then(|address| bootstrap.listening(address));
        let Some(route) = next.and_then(|listener| routes(listener).into_iter().find(|route| reaches(bootstrap, *route))) else { break };
        let Some(end) = hops_of(bootstrap, route).into_iter().next() else { break };
        (way, cluster, address) = (route, end.cluster, at(end.node));
    }
    let tls = cluster.some(&["transport_socket"]).is_some();
    let sni = cluster.text_at(&["transport_socket", "typed_config", "sni"]);
    let rewritten = way.action.text_at(&["host_rewrite_literal"]).or(sni);
    let (host, port) = match &address {
        Some(Address::Port(host, port)) => (Some(rewritten.unwrap_or(host).to_ascii_lowercase()), Some(*port)),
        _ => (None, None),
    };
    let path = way.action.text_at(&["prefix_rewrite"]).map(|path| path.trim_end_matches('/'));
    let base_url = host.as_deref().map(|host| {
        let usual = if tls { 443 } else { 80 };
        let port = port.filter(|port| *port != usual).map_or_else(String::new, |port| format!(":{port}"));
        format!(
            "{}://{host}{port}{}",
            if tls { "https" } else { "http" },
            path.filter(|path| !path.is_empty()).unwrap_or_else(|| place::path_of_host(host))
        )
    });
    let called = cluster.text_at(&["name"]).unwrap_or("provider");
    GatewayHop {
        name: names.next(called),
        dialect: place::dialect_of_host(host.as_deref().unwrap_or_default()),
        base_url,
        model: None,
        region: host.as_deref().and_then(place::region_of_host),
        key: [way.entry, way.host].into_iter().find_map(key),
        line: endpoint.node.line,
    }
}

/// The key that a route adds.
fn key(node: &ConfigNode) -> Option<KeyReference> {
    let names = ["authorization", "api-key", "x-api-key", "x-goog-api-key"];
    let added = node.items_at(&["request_headers_to_add"]).iter();
    let header = added
        .filter_map(|entry| entry.some(&["header"]))
        .find(|header| header.text_at(&["key"]).is_some_and(|key| names.iter().any(|name| key.eq_ignore_ascii_case(name))))?;
    let value = header.text_at(&["value"])?;
    let rest = value.strip_prefix("Bearer ").unwrap_or(value);
    let name = rest.strip_prefix("%ENVIRONMENT(").and_then(|rest| rest.strip_suffix(")%"));
    let name = name.or_else(|| rest.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')));
    Some(name.map_or(KeyReference::Literal, |name| KeyReference::Env(name.to_owned())))
}

fn doubts(root: &ConfigNode, listener: &ConfigNode, chosen: EnvoyRoute<'_>, doubts: &mut Vec<String>) {
    if let Some(node) = root.some(&["dynamic_resources"]) {
        doubts.push(format!("`dynamic_resources` on line {} come from a control plane, which is not asked", node.line));
    }
    for node in root.all() {
        let Some(kind) = node.text_at(&["@type"]) else { continue };
        for word in ["lua", "wasm", "ext_proc", "golang"] {
            if kind.contains(&format!(".http.{word}.")) {
                doubts.push(format!("the filter `{word}` on line {} is a program, which is not followed", node.line));
            }
        }
        if kind.contains("credential_injector") {
            doubts.push(format!("the keys that the filter on line {} injects are not followed", node.line));
        }
    }
    let target = |route: EnvoyRoute<'_>| route.action.text_at(&["cluster"]).map(str::to_owned);
    let others = routes(listener).into_iter().filter(|route| route.action.line != chosen.action.line && target(*route) != target(chosen));
    let others: Vec<String> = others.map(|route| format!("line {}", route.action.line)).collect();
    if !others.is_empty() {
        doubts.push(format!("only the route on line {} is read; others go their own way on {}", chosen.action.line, others.join(", ")));
    }
}
