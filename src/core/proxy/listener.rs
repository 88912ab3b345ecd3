//! The listening socket of a proxy, which can be shut so that the operating system itself refuses.
//!
//! A connection is taken only where there are files for it: one for its own socket and one for the upstream's. Those beyond wait in the
//! operating system's queue until others have ended, and the control API can always be reached. That one waited is counted and told on
//! `/events`: a drill over it would measure this limit and not what it broke.
//!
//! While it is shut, a socket that is bound but does not listen keeps the port, so that nobody else can take it meanwhile.

use super::fault_set::ProxyPhase;
use super::seat::{NO_SEAT, Seat, seats, waited};
use crate::api::ApiError;
use socket2::{Domain, Protocol, Socket, Type};
use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Connections that may wait to be accepted, where the operating system allows so many.
const BACKLOG: i32 = 4096;
/// Listening socket of a proxy, which can be closed for connections while it keeps its port.
#[derive(Debug)]
pub(super) struct ProxyListener {
    address: SocketAddr,
    state: ListenerState,
    /// There was no seat for the next connection. Kept here, since anyone who accepts may begin anew at any time.
    is_starved: AtomicBool,
    /// The last attempt to accept failed, which was said.
    has_failed: AtomicBool,
}

#[derive(Debug)]
enum ListenerState {
    Open(TcpListener),
    Shut(Socket),
    /// Shut, and the port could not be kept.
    Lost,
}

impl ProxyListener {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// Where that cannot be bound.
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let mut listener = Self::closed(address)?;
        listener.reopen()?;
        Ok(listener)
    }

    /// Takes `address`, and refuses until it is opened. As with Shopify's server several such may have one address, of which one can open.
    ///
    /// # Errors
    /// Where that cannot be bound.
    pub(super) fn closed(address: SocketAddr) -> io::Result<Self> {
        let socket = bound(address)?;
        let address = socket.local_addr()?.as_socket().unwrap_or(address);
        Ok(Self { address, state: ListenerState::Shut(socket), is_starved: AtomicBool::new(false), has_failed: AtomicBool::new(false) })
    }

    /// The address that it has, open or shut.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on connections are refused, those not yet accepted too.
    pub(super) fn shut(&mut self) {
        if matches!(self.state, ListenerState::Open(_)) {
            // The listener must be gone before the port can be bound again.
            self.state = ListenerState::Lost;
            if let Ok(socket) = bound(self.address) {
                self.state = ListenerState::Shut(socket);
            }
        }
    }

    /// From now on connections are accepted.
    ///
    /// # Errors
    /// Where the port was lost to somebody else.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        let socket = match std::mem::replace(&mut self.state, ListenerState::Lost) {
            ListenerState::Open(listener) => {
                self.state = ListenerState::Open(listener);
                return Ok(());
            }
            ListenerState::Shut(socket) => socket,
            ListenerState::Lost => bound(self.address)?,
        };
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        self.state = ListenerState::Open(TcpListener::from_std(socket.into())?);
        Ok(())
    }

    /// The next connection, once there is a seat for it; never while shut.
    pub(super) async fn accept(&self) -> (TcpStream, Seat) {
        let ListenerState::Open(listener) = &self.state else { return pending().await };
        let seat = self.seat().await;
        loop {
            let mut accepting = std::pin::pin!(listener.accept());
            let at_once = std::future::poll_fn(|context| {
                Poll::Ready(match accepting.as_mut().poll(context) {
                    Poll::Ready(accepted) => Some(accepted),
                    Poll::Pending => None,
                })
            });
            let at_once = at_once.await;
            // The one that stood in the queue when a seat came free had waited for it.
            if self.is_starved.swap(false, Ordering::Relaxed) && at_once.is_some() {
                waited().send_modify(|count| *count += 1);
            }
            let accepted = match at_once {
                Some(accepted) => accepted,
                None => accepting.await,
            };
            match accepted {
                Ok((socket, _)) => {
                    self.has_failed.store(false, Ordering::Relaxed);
                    return (socket, seat);
                }
                Err(error) => {
                    // Others have taken the files, most likely: what ends will free some.
                    if !self.has_failed.swap(true, Ordering::Relaxed) {
                        waited().send_modify(|count| *count += 1);
                        tracing::warn!(address = %self.address, %error, "a connection could not be accepted; trying on");
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
}

impl ProxyListener {
    /// A seat, once there is one. That there was none is noted.
    async fn seat(&self) -> Seat {
        if let Ok(seat) = seats().try_acquire() {
            return seat;
        }
        self.is_starved.store(true, Ordering::Relaxed);
        let seat = match tokio::time::timeout(NO_SEAT, seats().acquire()).await {
            Ok(seat) => seat,
            Err(_) => {
                if self.is_starved.swap(false, Ordering::Relaxed) {
                    waited().send_modify(|count| *count += 1);
                }
                seats().acquire().await
            }
        };
        match seat {
            Ok(seat) => seat,
            // Never closed.
            Err(_) => pending().await,
        }
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // Small answers must not wait for more. What is accepted has it from here.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// For whom a listener stands where nobody asks for a name, as those who connect to an address do not.
pub(super) fn names(address: SocketAddr) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let own = address.ip().to_canonical().to_string();
    if !names.contains(&own) {
        names.push(own);
    }
    names
}

/// A listener there, which takes connections where the proxy is enabled.
///
/// # Errors
/// Where the address cannot be bound.
pub(super) fn open_listener(address: SocketAddr, phase: ProxyPhase) -> Result<ProxyListener, ApiError> {
    let listener = if phase == ProxyPhase::Enabled { ProxyListener::open(address) } else { ProxyListener::closed(address) };
    listener.map_err(|error| cannot_listen(address, &error))
}

/// `host:port`; without a host every address of this machine, and nothing at all is any port on loopback.
pub(super) async fn resolve(listen: &str) -> Result<SocketAddr, ApiError> {
    let full = match listen {
        "" => "127.0.0.1:0".to_owned(),
        _ if listen.starts_with(':') => format!("[::]{listen}"),
        _ => listen.to_owned(),
    };
    let found: Vec<SocketAddr> = match tokio::net::lookup_host(&full).await {
        Ok(found) => found.collect(),
        Err(error) => {
            return Err(ApiError::internal(format!("listen tcp: address {listen}: {error}")).with_hint("write HOST:PORT"));
        }
    };
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| ApiError::internal(format!("listen tcp: lookup {listen}: no such host")))
}

/// In the words of Shopify's server.
pub(super) fn cannot_listen(address: SocketAddr, error: &io::Error) -> ApiError {
    let problem = match error.kind() {
        ErrorKind::AddrInUse => "address already in use".to_owned(),
        ErrorKind::AddrNotAvailable => "cannot assign requested address".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    ApiError::internal(format!("listen tcp {address}: bind: {problem}")).with_hint("choose another port, or 0 for any free one")
}
