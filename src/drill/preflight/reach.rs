//! What is found out about an address where nobody answers as expected: whether it listens elsewhere, and what it speaks.

use super::{Preflight, PreflightCheck, Trouble};
use crate::control::is_here;
use crate::model::{DrillPlan, origin_and_path};
use crate::traffic::{Client, ClientSettings, Target};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long each look may take.
const WITHIN: Duration = Duration::from_millis(500);
/// How long a connection to a provider may take.
const CONNECTED: Duration = Duration::from_secs(2);

/// What a closer look at an address found: why nobody answers there as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AddressFinding {
    /// Nobody listens there, and somebody at this base URL.
    At(String),
    /// It speaks HTTP without TLS.
    Plain,
    /// It speaks TLS.
    Tls,
}

/// Whether each provider that serves can be reached from where its proxy stands, where that may be this host. Nothing is asked of it.
pub(in crate::drill) async fn providers(plan: &DrillPlan, preflight: &mut Preflight) {
    let standing = plan.environment.control.as_ref().map(|control| control.url.as_str());
    if plan.environment.embedded || standing.is_some_and(|url| !is_here(url)) {
        return;
    }
    let names: BTreeSet<String> = plan.workloads.iter().flat_map(|each| each.service.providers.iter().cloned()).collect();
    for name in names {
        let Some(url) = plan.providers.get(&name).and_then(|provider| provider.base_url.as_deref()) else { continue };
        let origin = origin_and_path(url).0;
        let origin = if origin.contains("://") { origin.to_owned() } else { format!("tcp://{origin}") };
        let Ok(address) = reqwest::Url::parse(&origin) else { continue };
        let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let Some(port) = address.port_or_known_default() else { continue };
        let why = match tokio::time::timeout(CONNECTED, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => {
                preflight.well(format!("{name} takes connections at {origin}"));
                continue;
            }
            Ok(Err(error)) => words(&error),
            Err(_) => format!("no connection within {} s", CONNECTED.as_secs()),
        };
        preflight.tried(unreached(&name, &origin, &why, standing));
    }
}

/// A provider that this host gets no connection to. A standing proxy may be in a container, where other names and addresses lead elsewhere.
fn unreached(name: &str, origin: &str, why: &str, standing: Option<&str>) -> PreflightCheck {
    match standing {
        Some(control) => Ok(format!("{name} is left to the proxy at {control}: from here there is no way to {origin} ({why})")),
        None => Err(Trouble::new(
            format!("{name} cannot be reached at {origin}, where its proxy leads: {why}"),
            format!("correct `base_url:` of `{name}` in the inventory, or see that this host gets there"),
        )),
    }
}

/// Without the number of the error.
fn words(error: &std::io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Looks closer at a base URL at which a request ended with this word.
pub(super) async fn look(target: &Target, manner: &ClientSettings, why: &str) -> Option<AddressFinding> {
    let url = reqwest::Url::parse(&target.base_url).ok().filter(|_| manner.proxy.is_none())?;
    let (host, port) = (url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default()?);
    match (url.scheme(), why) {
        (_, "refused") => beside(&target.base_url, &host, port).await,
        ("https", "tls-refused") => says_http(&host, port).await.then_some(AddressFinding::Plain),
        ("http", "malformed-head" | "cut-before-headers" | "head-too-long") => {
            says_tls(target, manner).await.then_some(AddressFinding::Tls)
        }
        // What servers with TLS answer to plain HTTP, where they answer it.
        ("http", why) if why.starts_with("status-400") => says_tls(target, manner).await.then_some(AddressFinding::Tls),
        _ => None,
    }
}

/// The same port of this host's other loopback address.
async fn beside(base_url: &str, host: &str, port: u16) -> Option<AddressFinding> {
    let other = match host.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) if address.is_loopback() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => return None,
    };
    let other = SocketAddr::new(other, port);
    connect(&other.ip().to_string(), port).await?;
    let (scheme, rest) = base_url.split_once("://")?;
    let path = rest.find('/').map_or("", |place| &rest[place..]);
    Some(AddressFinding::At(format!("{scheme}://{other}{path}")))
}

async fn connect(host: &str, port: u16) -> Option<TcpStream> {
    tokio::time::timeout(WITHIN, TcpStream::connect((host, port))).await.ok()?.ok()
}

/// Asks for nothing, and with no key.
async fn says_http(host: &str, port: u16) -> bool {
    let asked = async {
        let mut stream = connect(host, port).await?;
        stream.write_all(format!("HEAD / HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n\r\n").as_bytes()).await.ok()?;
        let mut begin = [0; 5];
        stream.read_exact(&mut begin).await.ok()?;
        Some(begin)
    };
    matches!(tokio::time::timeout(WITHIN, asked).await, Ok(Some(begin)) if &begin == b"HTTP/")
}

async fn says_tls(target: &Target, manner: &ClientSettings) -> bool {
    let target = Target { base_url: target.base_url.replacen("http://", "https://", 1), replicas: Vec::new(), ..target.clone() };
    match Client::with(target, manner.clone()) {
        Ok(client) => client.reach(WITHIN).await.err().is_none_or(|why| why.starts_with("certificate-") || why == "not-http-2"),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_standing_proxy_may_reach_is_no_trouble() {
        for (standing, is_wrong) in [(None, true), (Some("http://127.0.0.1:8474"), false)] {
            assert_eq!(unreached("first", "http://mock:8080", "no address", standing).is_err(), is_wrong, "{standing:?}");
        }
    }
}
