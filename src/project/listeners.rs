//! What listens in one environment: proxies, alerts, the control API. No two may want one address, and no proxy may be what it forwards to.
//!
//! What this file does not do: ask whether somebody else listens there already. `doctor` does.

use super::address::host_and_port;
use super::document::SourceDocument;
use super::finding::{FINDINGS_MAX, Finding};
use crate::model::{Environment, Inventory};
// The forms of addresses; no sockets.
use core::net::IpAddr;

/// What listens at an address, and where the file says so.
struct Listener<'a> {
    what: String,
    at: Vec<&'a str>,
    host: &'a str,
    port: u16,
}

/// Addresses of an environment that are wanted twice, and providers that are said to answer where a proxy listens.
pub(super) fn of(document: &SourceDocument, name: &str, environment: &Environment, inventory: &Inventory) -> Vec<Finding> {
    let all = listeners(name, environment);
    let mut found = Vec::new();
    for (place, one) in all.iter().enumerate() {
        if let Some(other) = all[..place].iter().find(|other| other.port == one.port && share(other.host, one.host)) {
            let message = format!("{} and {} of `{name}` would listen at the same address", other.what, one.what);
            found.push(document.error(&one.at, message, "give each a port of its own, and tell its callers"));
        }
    }
    if !environment.embedded {
        found.extend(loops(document, name, environment, inventory));
    }
    found
}

fn listeners<'a>(name: &'a str, environment: &'a Environment) -> Vec<Listener<'a>> {
    let proxies = environment.proxies.iter().filter_map(|(id, binding)| {
        let (host, port) = parts(binding.listen.as_deref()?)?;
        let at = vec!["environments", name, "proxies", id, "listen"];
        Some(Listener { what: format!("the proxy of `{id}`"), at, host, port })
    });
    let alerts = environment.alerts.iter().filter_map(|alerts| {
        let (host, port) = parts(&alerts.listen)?;
        Some(Listener { what: "the receiver of alerts".to_owned(), at: vec!["environments", name, "alerts", "listen"], host, port })
    });
    let control = environment.control.iter().filter_map(|control| {
        let (host, port) = host_and_port(&control.url)?;
        Some(Listener { what: "the control API".to_owned(), at: vec!["environments", name, "control"], host, port })
    });
    // Each is compared with those before it; nobody has more.
    proxies.take(FINDINGS_MAX).chain(alerts).chain(control).collect()
}

/// Providers whose `base_url` is where a proxy of this environment listens.
fn loops(document: &SourceDocument, name: &str, environment: &Environment, inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, provider) in inventory.providers.iter().filter(|(id, _)| environment.proxies.contains_key(*id)).take(FINDINGS_MAX) {
        let Some((host, port)) = provider.base_url.as_deref().and_then(host_and_port) else { continue };
        // Everywhere on this host is not everywhere.
        let is_here = |listen: &str| if is_wildcard(listen) { is_loopback(host) } else { plain(listen) == plain(host) };
        let met = environment
            .proxies
            .iter()
            .take(FINDINGS_MAX)
            .find(|(_, binding)| binding.listen.as_deref().and_then(parts).is_some_and(|(listen, its)| its == port && is_here(listen)));
        let Some((whose, _)) = met else { continue };
        let at = ["providers", id.as_str(), "base_url"];
        let hint = "write where the provider itself answers; the proxy's address is for the gateway";
        if whose == id {
            let message = format!("this is where its own proxy listens in `{name}`, which would ask itself");
            found.push(document.error(&at, message, hint));
        } else {
            let message =
                format!("this is where the proxy of `{whose}` listens in `{name}`, so faults on `{whose}` would break `{id}` too");
            found.push(document.error(&at, message, hint).warning());
        }
    }
    found
}

/// Host and port of an address to listen on; `None` for any port that is free.
fn parts(listen: &str) -> Option<(&str, u16)> {
    let (host, port) = listen.rsplit_once(':')?;
    Some((host, port.parse().ok().filter(|port| *port > 0)?))
}

/// True where two listeners with one port cannot both be.
fn share(one: &str, other: &str) -> bool {
    is_wildcard(one) || is_wildcard(other) || plain(one) == plain(other)
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

fn is_wildcard(host: &str) -> bool {
    address(host).is_some_and(|address| address.is_unspecified())
}

fn is_loopback(host: &str) -> bool {
    address(plain(host)).is_some_and(|address| address.to_canonical().is_loopback())
}

/// A host by the name that all of its names have here.
fn plain(host: &str) -> &str {
    if host == "localhost" { "127.0.0.1" } else { host }
}
