//! How a connection came to a proxy: at its own listener, or through the forward proxy, which has read the beginning of it.

use super::seat::Seat;
use bytes::Bytes;
use socket2::SockRef;
use std::io::Write;
use tokio::net::TcpStream;

/// An accepted connection, with how it came and its seat.
#[derive(Debug)]
pub(super) struct AcceptedConnection {
    pub(super) socket: TcpStream,
    pub(super) arrival: Arrival,
    pub(super) seat: Seat,
}

/// How a tunnel begins.
pub(super) const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// How a connection came to a proxy.
#[derive(Debug)]
pub(super) enum Arrival {
    /// At the proxy's listener.
    Listener,
    /// As `CONNECT` to this host, which is not answered yet.
    Tunnel {
        /// Without its port.
        host: String,
        /// What came after the request's head.
        ahead: Bytes,
    },
    /// As one plain request for an absolute URI.
    Request {
        /// All that came.
        ahead: Bytes,
    },
}

/// Which host a request names to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostHeader {
    /// The provider's own.
    OfUpstream,
    /// The one that the gateway asked for.
    AsAsked,
}

impl Arrival {
    /// True where it came through the forward proxy.
    pub(super) const fn is_forwarded(&self) -> bool {
        !matches!(self, Self::Listener)
    }

    pub(super) const fn host(&self) -> HostHeader {
        match self {
            Self::Listener => HostHeader::OfUpstream,
            Self::Tunnel { .. } | Self::Request { .. } => HostHeader::AsAsked,
        }
    }

    /// What was read of it and belongs to the provider.
    pub(super) fn ahead(&self) -> Bytes {
        match self {
            Self::Listener => Bytes::new(),
            Self::Tunnel { ahead, .. } | Self::Request { ahead } => ahead.clone(),
        }
    }

    /// Answers what the forward proxy was asked; says nothing to whom came to the listener. Few bytes on a connection on which nothing was
    /// written yet: the operating system takes them at once.
    pub(super) fn say(&self, socket: &TcpStream, answer: &[u8]) {
        let is_forwarded = match self {
            Self::Listener => false,
            Self::Tunnel { .. } => true,
            // It is answered by the provider.
            Self::Request { .. } => answer != ESTABLISHED,
        };
        // Not through the runtime, which may have the connection since a moment ago and not know yet that it can be written to.
        if is_forwarded && let Err(error) = (&*SockRef::from(socket)).write(answer) {
            tracing::debug!(%error, "the client of the forward proxy has gone");
        }
    }
}

/// Why there is no way on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decline {
    /// The provider takes no connection.
    Refused,
    /// Its name leads nowhere.
    Nameless,
    /// It cannot be reached, and that is no fault of ours.
    Unreachable,
    /// It is this proxy, or nobody from elsewhere shall get there.
    Forbidden,
}

impl Decline {
    /// The answer of a forward proxy, with its reason as RFC 9209 writes it.
    pub(super) fn answer(self, whose: &str) -> String {
        let (error, said) = match self {
            Self::Forbidden => ("destination_ip_prohibited", "must not be reached through this proxy"),
            Self::Refused => ("connection_refused", "refused the connection"),
            Self::Nameless => ("dns_error", "was not found: its name does not resolve"),
            Self::Unreachable => ("destination_ip_unroutable", "cannot be reached"),
        };
        let body = format!("lifeboat proxy: {whose} {said}\n");
        let status = if self == Self::Forbidden { "403 Forbidden" } else { "502 Bad Gateway" };
        format!(
            "HTTP/1.1 {status}\r\nproxy-status: lifeboat; error={error}\r\ncontent-type: text/plain; charset=utf-8\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}
