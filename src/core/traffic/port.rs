//! Which port of this host a connection begins at, once there are many.
//!
//! The kernel finds a free one by trying one after the other, and tries every second one first. With a third of them taken that search
//! takes longer than anything else about a connection, and at half of them milliseconds: the generator would fall behind in the very outage
//! that it measures. From then on ports are taken in turn here; whichever is not free is passed over.

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
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
        for _ in 0..TRIES {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            match socket.bind(SocketAddr::new(any(address), self.turn())) {
                Ok(()) => return socket.connect(address).await,
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        TcpStream::connect(address).await
    }
}

/// A connection that was begun without waiting for it.
#[derive(Debug)]
pub(super) struct BegunConnection {
    /// It blocks nobody.
    pub(super) stream: std::net::TcpStream,
    /// Whether it is open already; else it tells so by becoming ready to be written to.
    pub(super) is_open: bool,
}

impl Ports {
    /// Begins to open a connection, and does not wait for it.
    pub(super) fn begin(self: &Arc<Self>, address: SocketAddr) -> Result<BegunConnection, Error> {
        let is_crowd = Arc::strong_count(self) > CROWD;
        for _ in 0..if is_crowd { TRIES } else { 0 } {
            let socket = new_socket(address)?;
            match rustix::net::bind(&socket, &SocketAddr::new(any(address), self.turn())) {
                Ok(()) => return begin(socket, address),
                Err(rustix::io::Errno::ADDRINUSE) => {}
                Err(error) => return Err(error.into()),
            }
        }
        begin(new_socket(address)?, address)
    }

    /// The port whose turn it is.
    fn turn(&self) -> u16 {
        let offset = self.next.fetch_add(1, Ordering::Relaxed) % self.count;
        self.first.saturating_add(u16::try_from(offset).unwrap_or(0))
    }
}

fn any(address: SocketAddr) -> IpAddr {
    if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

fn new_socket(address: SocketAddr) -> Result<OwnedFd, Error> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    Ok(rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?)
}

fn begin(socket: OwnedFd, address: SocketAddr) -> Result<BegunConnection, Error> {
    let is_open = match rustix::net::connect(&socket, &address) {
        Ok(()) => true,
        Err(rustix::io::Errno::INPROGRESS) => false,
        Err(error) => return Err(error.into()),
    };
    let stream = std::net::TcpStream::from(socket);
    // Without it the kernel would hold small writes back; where it cannot be set, the socket is dead and the request says so.
    let _ = stream.set_nodelay(true);
    Ok(BegunConnection { stream, is_open })
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
        // The same for those that nobody waits for.
        ports.next.store(usize::from(number(&one) - ports.first), Ordering::Relaxed);
        let four = ports.begin(address).unwrap().stream.local_addr().unwrap().port();
        assert!(![number(&one), number(&two), number(&three)].contains(&four));
        assert!((ports.first..number(&one).saturating_add(64)).contains(&four), "{four} after {}", number(&one));
        drop(crowd);
        assert!(Arc::strong_count(&ports) == 1);
    }
}
