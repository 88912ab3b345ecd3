//! Which port of this host a connection begins at, once there are many.
//!
//! The kernel finds a free one by trying one after the other, and tries every second one first. With a third of them taken that search
//! takes longer than anything else about a connection, and at half of them milliseconds: the generator would fall behind in the very outage
//! that it measures. From then on ports are taken in turn here; whichever is not free is passed over.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpSocket, TcpStream};

/// Up to so many open connections to one endpoint the kernel chooses.
const CROWD: usize = 8192;
/// Ports that are tried before the kernel is asked after all.
const TRIES: usize = 64;
/// The kernel's own range where it cannot be read: Linux's default.
const USUAL: (u16, u16) = (32_768, 60_999);

/// The local ports of connections to one endpoint. Each open connection holds a clone.
#[derive(Debug)]
pub(super) struct Ports {
    first: u16,
    count: usize,
    next: AtomicUsize,
}

impl Ports {
    /// Those that the kernel gives to connections.
    pub(super) fn new() -> Arc<Self> {
        let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
        let mut numbers = text.split_whitespace().filter_map(|number| number.parse().ok());
        let (first, last) = numbers.next().zip(numbers.next()).filter(|(first, last)| first <= last).unwrap_or(USUAL);
        Arc::new(Self { first, count: usize::from(last - first) + 1, next: AtomicUsize::new(0) })
    }

    /// Opens a connection.
    pub(super) async fn connect(self: &Arc<Self>, address: SocketAddr) -> Result<TcpStream, Error> {
        if Arc::strong_count(self) <= CROWD {
            return TcpStream::connect(address).await;
        }
        let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        for _ in 0..TRIES {
            let offset = self.next.fetch_add(1, Ordering::Relaxed) % self.count;
            let port = self.first.saturating_add(u16::try_from(offset).unwrap_or(0));
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            match socket.bind(SocketAddr::new(any, port)) {
                Ok(()) => return socket.connect(address).await,
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        TcpStream::connect(address).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crowd_is_given_ports_in_turn_and_those_that_are_taken_are_passed_over() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ports = Ports::new();
        // As many as are open in an outage hold one each.
        let crowd: Vec<Arc<Ports>> = std::iter::repeat_n(ports.clone(), CROWD).collect();
        let (one, two) = (ports.connect(address).await.unwrap(), ports.connect(address).await.unwrap());
        let number = |stream: &TcpStream| stream.local_addr().unwrap().port();
        assert!(ports.first <= number(&one) && number(&one) < number(&two), "{} {}", number(&one), number(&two));
        // The turn comes round to ports that are still taken.
        ports.next.store(usize::from(number(&one) - ports.first), Ordering::Relaxed);
        let three = ports.connect(address).await.unwrap();
        assert!(![number(&one), number(&two)].contains(&number(&three)));
        drop(crowd);
        assert!(Arc::strong_count(&ports) == 1);
    }
}
