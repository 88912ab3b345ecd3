//! The route to a host: its name is resolved once, the addresses that come of it are looked at, and only those are connected to.
//!
//! Nothing leads back into this proxy: not to its control API, not to its forward proxy, and not in a ring through its own listeners, where
//! one connection would open the next without end. Anyone who asks a forward proxy that is open to others does not get into this machine
//! either, nor to those beside it that answer without asking who calls.
//!
//! What this file does not do: name resolution takes what the system gives; addresses that a router leads back here are not known.

use super::arrival::Decline;
use super::upstream_address::UpstreamAddress;
use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::{Ready, ready};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tower_service::Service;

/// A provider that cannot be connected to within this is unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the look at a new upstream may take; where nothing comes of it in time, each connection looks for itself.
const LOOK: Duration = Duration::from_secs(1);

/// The routes of all proxies, and the server's own addresses. Needed to refuse an upstream that leads back here.
#[derive(Debug)]
pub(super) struct RouteTable {
    api: SocketAddr,
    forward: Option<SocketAddr>,
    /// The forward proxy serves others than those on this host.
    is_open: bool,
    legs: Mutex<BTreeMap<u64, RouteLeg>>,
    made: AtomicU64,
}

/// One hop of a route: from a proxy's listener to its upstream.
#[derive(Debug, Clone)]
struct RouteLeg {
    listen: SocketAddr,
    to: UpstreamAddress,
}

/// The route of one proxy to its upstream. Dropped with its last connection, which takes it out of the table.
#[derive(Debug)]
pub(super) struct UpstreamRoute {
    routes: Arc<RouteTable>,
    number: u64,
}

impl UpstreamRoute {
    pub(super) fn of(routes: &Arc<RouteTable>) -> Arc<Self> {
        Arc::new(Self { routes: routes.clone(), number: routes.made.fetch_add(1, Ordering::Relaxed) })
    }

    /// From now on it leads from this listener there.
    ///
    /// # Errors
    /// Where it would lead back here, in words. Then it stays as it was.
    pub(super) async fn lead(&self, listen: SocketAddr, to: &UpstreamAddress) -> Result<(), String> {
        // Looked at as it will be: a ring may close at this very listener.
        let before = self.routes.legs().insert(self.number, RouteLeg { listen, to: to.clone() });
        // Names are asked for at every hop of the route, and all of it has this long.
        if !timeout(LOOK, self.comes_back(to)).await.unwrap_or(false) {
            return Ok(());
        }
        let mut legs = self.routes.legs();
        match before {
            Some(before) => drop(legs.insert(self.number, before)),
            None => drop(legs.remove(&self.number)),
        }
        Err(format!("the upstream `{to}` is this proxy itself, or forwards back to it"))
    }

    async fn comes_back(&self, to: &UpstreamAddress) -> bool {
        for address in resolve(to).await.unwrap_or_default() {
            if self.leads_back(address).await {
                return true;
            }
        }
        false
    }

    /// It leads from this listener there.
    pub(super) fn stand(&self, listen: SocketAddr, to: &UpstreamAddress) {
        self.routes.legs().insert(self.number, RouteLeg { listen, to: to.clone() });
    }

    /// Connects to its upstream.
    ///
    /// # Errors
    /// The operating system's, and where that would lead back here.
    pub(super) async fn connect(&self, to: &UpstreamAddress) -> io::Result<TcpStream> {
        TcpStream::connect(&self.addresses(to).await?[..]).await
    }

    async fn addresses(&self, to: &UpstreamAddress) -> io::Result<Vec<SocketAddr>> {
        let mut onward = Vec::new();
        for address in resolve(to).await? {
            if !self.leads_back(address).await {
                onward.push(address);
            }
        }
        if onward.is_empty() {
            return Err(io::Error::new(ErrorKind::PermissionDenied, format!("{to} forwards back to this proxy")));
        }
        Ok(onward)
    }

    /// True where a connection to this address would end in this proxy, or come around to where it began.
    async fn leads_back(&self, address: SocketAddr) -> bool {
        let (mut ahead, mut seen) = (vec![address], BTreeSet::new());
        while let Some(address) = ahead.pop() {
            if self.routes.is_own(address) {
                return true;
            }
            let legs: Vec<(u64, RouteLeg)> = self.routes.met(address);
            for (number, leg) in legs {
                if number == self.number {
                    return true;
                }
                if seen.insert(number) {
                    ahead.extend(resolve(&leg.to).await.unwrap_or_default());
                }
            }
        }
        false
    }
}

impl Drop for UpstreamRoute {
    fn drop(&mut self) {
        self.routes.legs().remove(&self.number);
    }
}

impl RouteTable {
    pub(super) fn new(api: SocketAddr, forward: Option<SocketAddr>, is_open: bool) -> Self {
        Self { api, forward, is_open, legs: Mutex::default(), made: AtomicU64::new(0) }
    }

    fn legs(&self) -> MutexGuard<'_, BTreeMap<u64, RouteLeg>> {
        // A panic while the lock was held leaves a table that is whole.
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose listener a connection to this address reaches.
    fn met(&self, address: SocketAddr) -> Vec<(u64, RouteLeg)> {
        self.legs().iter().filter(|(_, leg)| is_here(leg.listen, address)).map(|(number, leg)| (*number, leg.clone())).collect()
    }

    /// Where the forward proxy may connect to for a host that no proxy answers for.
    ///
    /// # Errors
    /// Where it has no address, or none that may be gone to.
    pub(super) async fn outward(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Decline> {
        let found: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(|_| Decline::Nameless)?.collect();
        let may = |address: &SocketAddr| !(self.is_own(*address) || self.is_open && is_inward(address.ip()));
        match (found.is_empty(), found.into_iter().filter(may).collect::<Vec<_>>()) {
            (true, _) => Err(Decline::Nameless),
            (false, onward) if onward.is_empty() => Err(Decline::Forbidden),
            (false, onward) => Ok(onward),
        }
    }

    /// True where everything that is said goes to the control API or the forward proxy.
    fn is_own(&self, address: SocketAddr) -> bool {
        is_here(self.api, address) || self.forward.is_some_and(|forward| is_here(forward, address))
    }
}

/// A name that no server answers for, as long as one may wait.
#[cfg(test)]
const UNANSWERED: &str = "unanswered.invalid";

async fn resolve(to: &UpstreamAddress) -> io::Result<Vec<SocketAddr>> {
    #[cfg(test)]
    if to.host == UNANSWERED {
        return std::future::pending().await;
    }
    Ok(lookup_host((to.host.as_str(), to.port)).await?.collect())
}

/// True where a connection to `address` reaches the listener on `listen`.
fn is_here(listen: SocketAddr, address: SocketAddr) -> bool {
    if listen.port() != address.port() {
        return false;
    }
    let own = listen.ip().to_canonical();
    // A connection to no address in particular goes to this host.
    let there = match address.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        there => there,
    };
    own == there || own.is_unspecified() && is_of_this_host(there)
}

/// Only what is this host's own can be bound.
fn is_of_this_host(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

/// True for what only this machine, or a neighbour that trusts it, may be asked for.
fn is_inward(ip: IpAddr) -> bool {
    let ip = embedded(ip.to_canonical());
    let is_special = match ip {
        IpAddr::V4(ip) => ip.octets()[0] == 0 || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => {
            ip.is_unspecified() || ip.is_loopback() || ip.is_unicast_link_local() || ip.is_multicast() || ip == METADATA_OVER_IPV6
        }
    };
    is_special || is_of_this_host(ip)
}

/// Where a cloud tells a machine its credentials over IPv6. Over IPv4 that is a link-local address.
const METADATA_OVER_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The IPv4 address that is meant by one of IPv6: compatible (RFC 4291), translated (RFC 6052) or within 6to4 (RFC 3056).
fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let of = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => of(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => of(high, low),
        _ => ip,
    }
}

/// Connector of one proxy's connection pool to its upstream. It connects only to addresses that were checked.
#[derive(Debug, Clone)]
pub(super) struct UpstreamConnector {
    pub(super) route: Arc<UpstreamRoute>,
    pub(super) to: UpstreamAddress,
}

impl Service<Uri> for UpstreamConnector {
    type Response = TokioIo<TcpStream>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            // Whatever name the gateway asked for, the route leads to the upstream.
            let uri = Uri::builder().scheme("http").authority(this.to.place()).path_and_query("/").build()?;
            // An address instead of a name is not asked for again, and is the one that was looked at here.
            let mut tcp = HttpConnector::new_with_resolver(ResolvedName(this.route.addresses(&this.to).await?));
            tcp.set_nodelay(true);
            tcp.enforce_http(false);
            tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
            Ok(tcp.call(uri).await?)
        })
    }
}

/// Resolver that answers with addresses that were looked up already, so that a name is not asked for twice.
#[derive(Debug, Clone)]
struct ResolvedName(Vec<SocketAddr>);

impl Service<Name> for ResolvedName {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_this_machine_or_beside_it_is_inward_however_it_is_written() {
        for inward in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
        ] {
            assert!(is_inward(inward.parse().unwrap()), "{inward}");
        }
        for outward in ["1.1.1.1", "203.0.113.7", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(!is_inward(outward.parse().unwrap()), "{outward}");
        }
    }

    #[test]
    fn an_address_is_here_however_it_is_written() {
        let here = |listen: &str, address: &str| is_here(listen.parse().unwrap(), address.parse().unwrap());
        for (listen, address) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80"),
            ("127.0.0.1:80", "0.0.0.0:80"),
            ("[::1]:80", "[::]:80"),
            ("0.0.0.0:80", "127.9.9.9:80"),
            ("[::]:80", "127.0.0.1:80"),
        ] {
            assert!(here(listen, address), "{listen} {address}");
        }
        for (listen, address) in [("127.0.0.1:80", "127.0.0.1:81"), ("127.0.0.1:80", "127.0.0.2:80"), ("0.0.0.0:80", "203.0.113.7:80")] {
            assert!(!here(listen, address), "{listen} {address}");
        }
    }

    #[tokio::test]
    async fn a_ring_is_found_however_long_and_whenever_it_closes() {
        let routes = Arc::new(RouteTable::new(([127, 0, 0, 1], 1).into(), Some(([127, 0, 0, 1], 2).into()), false));
        let to = |text: &str| UpstreamAddress::parse(text, crate::model::Dialect::Tcp).unwrap();
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let [a, b, c, d] = [(); 4].map(|()| UpstreamRoute::of(&routes));
        for own in ["127.0.0.1:1", "localhost:1", "[::ffff:127.0.0.1]:1", "0.0.0.0:1", "127.0.0.1:2", "127.0.0.1:11"] {
            assert!(a.lead(at(11), &to(own)).await.unwrap_err().contains("forwards back"), "{own}");
        }
        a.lead(at(11), &to("127.0.0.1:12")).await.unwrap();
        b.lead(at(12), &to("127.0.0.1:13")).await.unwrap();
        assert!(c.lead(at(13), &to("127.0.0.1:11")).await.is_err());
        c.lead(at(13), &to("127.0.0.1:14")).await.unwrap();
        // Two that are made at once may close it all the same: then anyone who connects is refused.
        d.stand(at(14), &to("127.0.0.1:12"));
        for (route, next) in [(&b, 13), (&c, 14), (&d, 12)] {
            assert_eq!(route.connect(&to(&at(next).to_string())).await.unwrap_err().kind(), ErrorKind::PermissionDenied, "{next}");
        }
        drop(d);
        assert!(!b.leads_back(at(13)).await);
    }

    #[tokio::test]
    async fn a_name_that_nobody_answers_for_holds_up_no_change_however_far_along_the_way() {
        let routes = Arc::new(RouteTable::new(([127, 0, 0, 1], 1).into(), None, false));
        let to = |text: &str| UpstreamAddress::parse(text, crate::model::Dialect::Tcp).unwrap();
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let [near, far] = [(); 2].map(|()| UpstreamRoute::of(&routes));
        far.stand(at(12), &to(&format!("{UNANSWERED}:1")));
        for next in [format!("{UNANSWERED}:1"), "127.0.0.1:12".to_owned()] {
            let led = timeout(LOOK * 5, near.lead(at(11), &to(&next))).await;
            assert_eq!(led.expect("the look has no end"), Ok(()), "{next}");
        }
    }
}
