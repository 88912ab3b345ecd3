//! One replica of the service as an event loop asks it: its address, its requests' templates, which connections are idle, who waits for one.
//!
//! What this file does not do: sockets (the event loop and its connections have them).

use super::connector::ServiceConnector;
use super::endpoint::Destination;
use super::openings::Openings;
use super::pool::{IDLE, MOST_IDLE};
use super::request_template::{RequestTemplate, write_parts};
use crate::dialect::ClientRequest;
use crate::model::{Connections, HttpVersion};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

/// Headers of one's own that change how a request is written or what becomes of its connection: hyper knows them all.
const PECULIAR: [&str; 6] = ["connection", "content-length", "expect", "trailer", "transfer-encoding", "upgrade"];

/// So long after the poller was looked at a connection is used as the poller told of it; afterwards the socket is asked.
const LOOK_HOLDS: u64 = 200_000;

/// A replica of the service.
pub(super) struct HttpReplica {
    pub(super) connector: Arc<ServiceConnector>,
    destination: Destination,
    /// By the place of the credential.
    writers: Vec<RequestForm>,
    /// Connections that are idle, and since when, of which the poller would have told that the other side has closed them. The last that became
    /// so is at the end.
    idle: Vec<(u32, u64)>,
    /// Those that became idle after the poller was looked at: of them only the socket knows.
    fresh: Vec<(u32, u64)>,
    /// When the poller was looked at.
    looked: u64,
    pub(super) openings: Openings,
    /// Exchanges that wait for a connection, with their requests' identifiers.
    pub(super) waiting: VecDeque<(u32, u64)>,
    scratch: Vec<u8>,
}

/// A connection that was idle.
pub(super) struct IdleConnection {
    pub(super) connection: u32,
    /// Whether it became so a short time ago.
    pub(super) is_young: bool,
    /// Whether the poller would have told that the other side has closed it.
    pub(super) is_watched: bool,
}

/// How requests with one credential are written.
enum RequestForm {
    /// None was yet.
    Unknown,
    Template(RequestTemplate),
    /// In the long way, for no template writes the same.
    LongWay,
}

impl HttpReplica {
    /// `None` where what it needs is left to hyper: TLS, HTTP/2, a forward proxy, limited connections, headers that are peculiar.
    pub(super) fn of(connector: &Arc<ServiceConnector>) -> Option<Self> {
        let settings = &connector.settings;
        let is_plain = !settings.bytes && settings.wire.http == HttpVersion::One && settings.proxy.is_none();
        let is_shared = matches!(settings.wire.connections, Connections::Pooled | Connections::PerRequest);
        let is_peculiar = |name: &String| PECULIAR.iter().any(|known| name.eq_ignore_ascii_case(known));
        let has_peculiar = settings.headers.iter().any(|(name, _)| is_peculiar(name)) || settings.session.as_ref().is_some_and(is_peculiar);
        let destination = connector.endpoint.destination().filter(|_| is_plain && is_shared && !has_peculiar)?;
        Some(Self {
            connector: connector.clone(),
            destination,
            writers: Vec::new(),
            idle: Vec::new(),
            fresh: Vec::new(),
            looked: 0,
            openings: Openings::default(),
            waiting: VecDeque::new(),
            scratch: Vec::new(),
        })
    }

    pub(super) fn is_pooled(&self) -> bool {
        self.connector.settings.wire.connections == Connections::Pooled
    }

    /// Where it is, where that needs no look-up.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        let address: IpAddr = self.destination.host.parse().ok()?;
        Some(SocketAddr::new(address, self.destination.port))
    }

    /// What finds out where it is; it takes its time.
    pub(super) fn look_up(&self) -> impl FnOnce() -> Vec<SocketAddr> + Send + use<> {
        let Destination { host, port } = self.destination.clone();
        move || (host.as_str(), port).to_socket_addrs().map(Iterator::collect).unwrap_or_default()
    }

    /// Takes the connection that became idle last, of those that the poller knows where there is one.
    pub(super) fn take_idle(&mut self, now: u64) -> Option<IdleConnection> {
        let (taken, is_watched) = self.idle.pop().map_or_else(|| (self.fresh.pop(), false), |known| (Some(known), true));
        let is_watched = is_watched && now < self.looked + LOOK_HOLDS;
        taken.map(|(connection, since)| IdleConnection { connection, is_young: now < since + IDLE, is_watched })
    }

    /// The poller was looked at now, and whatever it tells of is done before anything is sent. Where it had more to tell, nothing is known of
    /// any connection.
    pub(super) fn was_looked_at(&mut self, now: u64, told_all: bool) {
        self.openings.was_looked();
        self.looked = now;
        self.idle.append(&mut self.fresh);
        if !told_all {
            std::mem::swap(&mut self.idle, &mut self.fresh);
        }
    }

    /// Keeps a connection for the next request. False where too many are.
    pub(super) fn keep(&mut self, connection: u32, now: u64) -> bool {
        let has_room = self.idle.len() + self.fresh.len() < MOST_IDLE;
        if has_room {
            self.fresh.push((connection, now));
        }
        has_room
    }

    /// An idle connection is closed.
    pub(super) fn forget(&mut self, connection: u32) {
        self.idle.retain(|(idle, _)| *idle != connection);
        self.fresh.retain(|(idle, _)| *idle != connection);
    }

    /// Takes those out that are idle for long.
    pub(super) fn sweep(&mut self, now: u64) -> Vec<u32> {
        let old = self.idle.partition_point(|(_, since)| since + IDLE <= now);
        self.idle.drain(..old).map(|(connection, _)| connection).collect()
    }

    /// Writes a request. False where it cannot be put into HTTP.
    pub(super) fn write(&mut self, request: &ClientRequest, into: &mut Vec<u8>) -> bool {
        let connector = &self.connector;
        let turn = if connector.settings.keys.len() > 1 { connector.turn_of(request.mark.id) } else { 0 };
        while self.writers.len() <= turn {
            self.writers.push(RequestForm::Unknown);
        }
        let writer = &mut self.writers[turn];
        if matches!(writer, RequestForm::Unknown) {
            *writer = RequestTemplate::of(connector, request, turn).map_or(RequestForm::LongWay, RequestForm::Template);
        }
        match writer {
            RequestForm::Template(template) => template.write(request, into, &mut self.scratch),
            _ => match connector.parts(request, turn) {
                Some(parts) => write_parts(&parts, into),
                None => return false,
            },
        }
        true
    }
}
