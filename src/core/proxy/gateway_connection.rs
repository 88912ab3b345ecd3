//! One accepted connection of a gateway, from its first moment to its last, under the faults in force.
//!
//! Its task looks for a new fault set before anything else, so nothing moves after a fault was published. A fault that takes the whole
//! connection takes it away from what carried it: what was underway is dropped there and then, and ends as cut.

use super::arrival::{Arrival, Decline, ESTABLISHED};
use super::connection_flow::ConnectionFlow;
use super::connection_lane::ForcedEnd;
use super::connection_tasks::ConnectionTasks;
use super::counters::Counter;
use super::deadline::Deadline;
use super::exchange::Exchanger;
use super::fault_set::{ActiveToxic, ConnectionFate, FaultSet};
use super::gateway_socket::GatewaySocket;
use super::http_session::HttpSession;
use super::interim::InterimWriter;
use super::proxy_context::ProxyContext;
use super::pump::Pump;
use super::serving::{Serving, first_byte};
use super::socket_end::{close, lose, part, reset};
use super::upstream::{HttpUpstream, ProxyUpstream};
use super::upstream_address::UpstreamAddress;
use crate::api::ConnectionRecord;
use crate::fault::Stream;
use crate::journal::HostTime;
use crate::model::TlsProblem;
use crate::peer::{Talk, gone};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// A connection that a gateway opened. It is one task, which carries bytes or exchanges until either side or a fault ends it.
#[derive(Debug)]
pub(super) struct GatewayConnection {
    number: u64,
    shared: Arc<ProxyContext>,
    fault_sets: watch::Receiver<Arc<FaultSet>>,
    /// What this connection obeys; letting go of it acknowledges the next one.
    fault_set: Arc<FaultSet>,
    /// Where it comes from.
    from: Option<Arc<str>>,
}

/// The first byte of a TLS handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;
/// How long a connection that a toxic closed is still read from, so that the operating system does not turn the close into a reset.
const LINGER: Duration = Duration::from_secs(1);

/// What becomes of a connection that has just come.
enum Entrance {
    /// It is carried.
    Open,
    /// The forward proxy's client is told that there is no way on.
    Declined(Decline),
    /// A fault holds it.
    Held(Arc<ActiveToxic>),
    /// A fault resets it.
    Reset,
    /// It is closed.
    Closed,
}

/// A connection that a fault took from what carried it.
struct SeizedConnection {
    socket: Arc<TcpStream>,
    upstream: Option<TcpStream>,
    /// True where a request or an answer was underway.
    in_use: bool,
    /// True where it had carried a byte from the gateway.
    carried: bool,
    seizure: Seizure,
}

/// Why it was taken.
enum Seizure {
    /// A fault set said so, which is to be obeyed from then on.
    Faults(ConnectionFate, Arc<FaultSet>),
    /// A toxic on its bytes ends it.
    Bytes(ForcedEnd),
}

impl GatewayConnection {
    pub(super) fn new(number: u64, shared: Arc<ProxyContext>, mut fault_sets: watch::Receiver<Arc<FaultSet>>) -> Self {
        let fault_set = fault_sets.borrow_and_update().clone();
        Self { number, shared, fault_sets, fault_set, from: None }
    }

    /// Carries the connection until it ends.
    pub(super) async fn run(mut self, socket: TcpStream, arrival: Arrival) {
        if matches!(self.shared.upstream, ProxyUpstream::Http(_)) {
            self.from = socket.peer_addr().ok().map(|address| address.ip().to_canonical().to_string().into());
        }
        let socket = Arc::new(socket);
        match self.enter(&socket, &arrival).await {
            Entrance::Open => {}
            Entrance::Declined(why) => return self.decline(socket, &arrival, why).await,
            Entrance::Held(active) => return self.keep_still(socket, None, active, arrival.is_forwarded()).await,
            Entrance::Reset => return reset(socket),
            Entrance::Closed => return,
        }
        let shared = self.shared.clone();
        let seized = match &shared.upstream {
            ProxyUpstream::Tcp(address) => self.carry_bytes(socket, address, arrival).await,
            // Not within this future: one that carries bytes only shall not pay for it.
            ProxyUpstream::Http(upstream) => Box::pin(self.carry_exchanges(socket, upstream, arrival)).await,
        };
        if let Some(seized) = seized {
            self.end(seized).await;
        }
    }

    /// What the faults in force make of a connection that has just come, and of one that waits to be let in.
    async fn enter(&mut self, socket: &TcpStream, arrival: &Arrival) -> Entrance {
        let is_forwarded = arrival.is_forwarded();
        loop {
            if is_forwarded && let Some(active) = self.fault_set.nameless(self.number) {
                active.touch();
                return Entrance::Declined(Decline::Nameless);
            }
            match self.fault_set.fate(self.number) {
                ConnectionFate::Free => return Entrance::Open,
                ConnectionFate::Cut(active) if is_forwarded => {
                    active.inspect(|active| active.touch());
                    return Entrance::Declined(Decline::Refused);
                }
                ConnectionFate::Cut(_) => return Entrance::Closed,
                ConnectionFate::Reset(active) => {
                    tokio::select! {
                        biased;
                        changed = self.fault_sets.changed() => {
                            if changed.is_err() {
                                return Entrance::Closed;
                            }
                            self.fault_set = self.fault_sets.borrow_and_update().clone();
                        }
                        spoken = async { is_forwarded || first_byte(socket).await.is_some() } => {
                            if !spoken {
                                return Entrance::Closed;
                            }
                            active.touch();
                            return Entrance::Reset;
                        }
                    }
                }
                ConnectionFate::Blackhole(active) => {
                    if is_forwarded {
                        active.touch();
                    }
                    return Entrance::Held(active);
                }
            }
        }
    }

    /// Ends a connection as the fault wants it that took it.
    async fn end(mut self, seized: SeizedConnection) {
        let SeizedConnection { socket, upstream, in_use, carried, seizure } = seized;
        let spoke = |active: &Arc<ActiveToxic>| {
            if carried {
                active.touch();
            }
        };
        match seizure {
            Seizure::Faults(ConnectionFate::Free | ConnectionFate::Cut(None), _) => part(socket),
            Seizure::Faults(ConnectionFate::Cut(Some(active)), _) => {
                spoke(&active);
                part(socket);
            }
            Seizure::Faults(ConnectionFate::Reset(active), _) => {
                spoke(&active);
                reset(socket);
            }
            Seizure::Faults(ConnectionFate::Blackhole(active), next) => {
                if in_use {
                    active.touch();
                }
                self.fault_set = next;
                self.keep_still(socket, upstream, active, in_use).await;
            }
            Seizure::Bytes(ForcedEnd::Reset) => {
                reset(socket);
                upstream.into_iter().map(Arc::new).for_each(reset);
            }
            Seizure::Bytes(ForcedEnd::Close) => {
                // Nothing that comes can take hold of it any more.
                drop(self);
                let _ = timeout(LINGER, close(socket, upstream)).await;
            }
        }
    }

    /// Waits for a new fault set. `None` where the connection stays free under it; it is obeyed from then on.
    async fn next_seizure(&mut self, flow: &ConnectionFlow) -> Option<Seizure> {
        if self.fault_sets.changed().await.is_err() {
            return Some(Seizure::Faults(ConnectionFate::Cut(None), self.fault_set.clone()));
        }
        let next = self.fault_sets.borrow_and_update().clone();
        match next.fate(self.number) {
            ConnectionFate::Free => {
                flow.reshape(&next);
                self.fault_set = next;
                None
            }
            fate => Some(Seizure::Faults(fate, next)),
        }
    }

    /// Answers anyone who came through the forward proxy that there is no way on.
    async fn decline(self, socket: Arc<TcpStream>, arrival: &Arrival, why: Decline) {
        arrival.say(&socket, why.answer(&self.shared.proxy).as_bytes());
        // Nothing that comes can take hold of it any more.
        drop(self);
        let _ = timeout(LINGER, close(socket, None)).await;
    }

    /// The state of a connection under the present fault set, with what was read of it already.
    fn begin(&self, arrival: &Arrival) -> Arc<ConnectionFlow> {
        let flow = ConnectionFlow::new(self.number, self.shared.feed.clone());
        flow.reshape(&self.fault_set);
        let ahead = arrival.ahead();
        if !ahead.is_empty() {
            self.shared.counters.add(Counter::ReceivedUpstream, ahead.len());
            let mut state = flow.state();
            (state.carried, state.heard) = (true, true);
            state.push(Stream::Upstream, ahead);
        }
        flow
    }

    async fn carry_bytes(&mut self, socket: Arc<TcpStream>, address: &UpstreamAddress, arrival: Arrival) -> Option<SeizedConnection> {
        let shared = self.shared.clone();
        let flow = self.begin(&arrival);
        let at = HostTime::now();
        let seized = self.pass_bytes(&flow, socket, address, arrival).await;
        let state = flow.state();
        let [down, up] = state.passed;
        let is_seized = seized.as_ref().is_some_and(|seized| matches!(&seized.seizure, Seizure::Faults(fate, _) if fate.is_of_a_fault()));
        shared.feed.connection(ConnectionRecord {
            proxy: &shared.proxy,
            at: at.into(),
            took: HostTime::now().since(at),
            up,
            down,
            cut: seized.is_some(),
            touched: state.is_touched() || is_seized && state.carried,
        });
        drop(state);
        seized
    }

    /// Until the connection ends by itself, or a fault takes it.
    async fn pass_bytes(
        &mut self,
        flow: &ConnectionFlow,
        socket: Arc<TcpStream>,
        address: &UpstreamAddress,
        arrival: Arrival,
    ) -> Option<SeizedConnection> {
        let shared = self.shared.clone();
        let mut timer = Deadline::default();
        let mut upstream = None;
        let seizure = 'seized: {
            {
                let mut connecting = pin!(shared.route.connect(address));
                loop {
                    tokio::select! {
                        biased;
                        seizure = self.next_seizure(flow) => if let Some(seizure) = seizure { break 'seized seizure },
                        connected = &mut connecting => match connected {
                            Ok(connected) => {
                                arrival.say(&socket, ESTABLISHED);
                                break upstream = Some(connected);
                            }
                            Err(error) => {
                                tracing::debug!(proxy = %self.shared.proxy, %error, "the upstream cannot be reached");
                                arrival.say(&socket, Decline::Unreachable.answer(&self.shared.proxy).as_bytes());
                                if error.kind() == io::ErrorKind::ConnectionReset {
                                    // It accepted and reset before we looked: that is passed on as a later reset is.
                                    reset(socket);
                                }
                                return None;
                            }
                        },
                        doom = poll_fn(|cx| flow.poll_doom(&mut timer, cx)) => break 'seized Seizure::Bytes(doom),
                    }
                }
            }
            let provider = upstream.as_ref()?;
            // Small requests must not wait for more; where this fails the connection is already dead.
            let _ = provider.set_nodelay(true);
            let mut pump = Pump::new(&socket, provider, flow, &shared.counters);
            loop {
                tokio::select! {
                    biased;
                    seizure = self.next_seizure(flow) => if let Some(seizure) = seizure { break 'seized seizure },
                    ended = poll_fn(|cx| pump.poll(cx)) => {
                        if ended.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset) {
                            // One of them has reset it; the other shall not take that for an end.
                            reset(socket);
                            upstream.into_iter().map(Arc::new).for_each(reset);
                        }
                        return None;
                    }
                    doom = poll_fn(|cx| flow.poll_doom(&mut timer, cx)) => break 'seized Seizure::Bytes(doom),
                }
            }
        };
        let carried = flow.state().carried;
        Some(SeizedConnection { socket, upstream, in_use: false, carried, seizure })
    }

    async fn carry_exchanges(&mut self, socket: Arc<TcpStream>, upstream: &HttpUpstream, arrival: Arrival) -> Option<SeizedConnection> {
        let shared = self.shared.clone();
        let flow = self.begin(&arrival);
        if matches!(arrival, Arrival::Tunnel { .. }) {
            arrival.say(&socket, ESTABLISHED);
        }
        let acceptor = match self.acceptor(&socket, &flow, &arrival).await? {
            Ok(acceptor) => acceptor,
            Err(seizure) => return Some(SeizedConnection { socket, upstream: None, in_use: false, carried: false, seizure }),
        };
        let tasks = ConnectionTasks::default();
        let (draining, is_secured) = (Arc::new(AtomicBool::new(self.fault_set.is_draining())), acceptor.is_some());
        let serving = self.serving(upstream, &flow, &arrival, &tasks, draining.clone());
        let gateway = GatewaySocket::new(socket.clone(), flow.clone(), shared.counters.clone());
        let mut session = HttpSession::new(&shared, &socket, &flow, serving.run(gateway, acceptor), tasks);
        let (mut timer, mut gone) = (Deadline::default(), pin!(gone(&socket, &flow.talk)));
        let seizure = loop {
            tokio::select! {
                biased;
                seizure = self.next_seizure(&flow) => match seizure {
                    Some(seizure) => break seizure,
                    None => {
                        // A fault on handshakes would touch nobody who has done theirs: they shall have to do it again.
                        let ends = self.fault_set.is_draining() || is_secured && self.fault_set.handshake(self.number).is_some();
                        draining.store(ends, Ordering::Relaxed);
                        session.stir();
                    }
                },
                () = poll_fn(|cx| session.poll(gone.as_mut(), cx)) => {
                    flow.close();
                    return None;
                }
                doom = poll_fn(|cx| flow.poll_doom(&mut timer, cx)) => break Seizure::Bytes(doom),
            }
        };
        let in_use = flow.seize();
        drop(session);
        flow.close();
        let carried = flow.state().carried;
        Some(SeizedConnection { socket: socket.clone(), upstream: None, in_use, carried, seizure })
    }

    /// What takes the handshake of a connection, where it begins with one. `None` where it ends there, an error where a fault takes it.
    async fn acceptor(
        &mut self,
        socket: &Arc<TcpStream>,
        flow: &ConnectionFlow,
        arrival: &Arrival,
    ) -> Option<Result<Option<TlsAcceptor>, Seizure>> {
        let names = match arrival {
            Arrival::Listener => self.shared.names.clone(),
            Arrival::Tunnel { host, .. } => Some(vec![host.clone()]),
            Arrival::Request { .. } => None,
        };
        let Some(names) = names else { return Some(Ok(None)) };
        // What goes wrong with a handshake is decided when it begins.
        let first = match arrival.ahead().first() {
            Some(first) => *first,
            None => loop {
                tokio::select! {
                    biased;
                    seizure = self.next_seizure(flow) => if let Some(seizure) = seizure { return Some(Err(seizure)) },
                    first = first_byte(socket) => break first?,
                }
            },
        };
        // A tunnel may carry plain HTTP as well.
        if first != TLS_HANDSHAKE && arrival.is_forwarded() {
            return Some(Ok(None));
        }
        let problem = self.fault_set.handshake(self.number).map(|(active, problem)| {
            active.touch();
            problem
        });
        if problem == Some(TlsProblem::Cut) {
            part(socket.clone());
            return None;
        }
        let made = self.shared.trust.acceptor(names, problem);
        let acceptor = made.inspect_err(|error| tracing::error!(proxy = %self.shared.proxy, %error, "no TLS")).ok()?;
        Some(Ok(Some(acceptor)))
    }

    /// The HTTP server of this connection.
    fn serving(
        &self,
        upstream: &HttpUpstream,
        flow: &Arc<ConnectionFlow>,
        arrival: &Arrival,
        tasks: &ConnectionTasks,
        draining: Arc<AtomicBool>,
    ) -> Serving {
        let interim = InterimWriter::default();
        let exchanger = Exchanger {
            shared: self.shared.clone(),
            upstream: upstream.clone(),
            flow: flow.clone(),
            fault_sets: self.fault_sets.clone(),
            executor: tasks.executor(),
            interim: interim.clone(),
            host: arrival.host(),
            from: self.from.clone(),
        };
        Serving {
            interim,
            exchanger: Arc::new(exchanger),
            executor: tasks.executor(),
            flow: flow.clone(),
            is_single: matches!(arrival, Arrival::Request { .. }),
            draining,
        }
    }

    /// Holds a connection open and lets nothing through: what comes is read and lost. Ends when the fault ends, and with it the
    /// connection, or when the gateway gives up. One on this host that has only ended its direction waits, as any other.
    async fn keep_still(
        mut self,
        socket: Arc<TcpStream>,
        mut upstream: Option<TcpStream>,
        mut active: Arc<ActiveToxic>,
        mut counted: bool,
    ) {
        // No answer comes of this.
        let (mut has_ended, talk) = (false, Talk::endless());
        loop {
            tokio::select! {
                biased;
                changed = self.fault_sets.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let next = self.fault_sets.borrow_and_update().clone();
                    match next.fate(self.number) {
                        ConnectionFate::Blackhole(other) => {
                            active = other;
                            self.fault_set = next;
                        }
                        ConnectionFate::Reset(_) => return reset(socket),
                        ConnectionFate::Free | ConnectionFate::Cut(_) => return part(socket),
                    }
                }
                () = gone(&socket, &talk), if has_ended => return,
                lost = lose(Some(&socket)), if !has_ended => match lost {
                    Ok(0) => has_ended = true,
                    Err(_) => return,
                    Ok(_) if !counted => {
                        counted = true;
                        active.touch();
                    }
                    Ok(_) => {}
                },
                lost = lose(upstream.as_ref()) => match lost {
                    Ok(0) | Err(_) => upstream = None,
                    Ok(_) if !counted => {
                        counted = true;
                        active.touch();
                    }
                    Ok(_) => {}
                },
            }
        }
    }
}
