//! One accepted connection, from its first moment to its last, under whatever holds it.
//!
//! Its task looks for a new hold before anything else, so nothing moves after a fault was published. A fault that takes the whole
//! connection takes it out of the hands of whoever carried it: what was underway is dropped there and then, and ends as cut.

use super::arrival::{Arrival, Decline, ESTABLISHED};
use super::counters::{Counter, Counters};
use super::exchange::Exchanger;
use super::flow::{Flow, Written};
use super::gate::{Gate, poll_drain};
use super::hold::{Active, Grip, Hold};
use super::interim::Interim;
use super::lane::Doom;
use super::pump::Pump;
use super::serving::{Halfway, Serving, first_byte};
use super::sight::{Connection, Sight};
use super::streams::Beside;
use super::trust::Trust;
use super::upstream::{Address, HttpUpstream, Upstream};
use super::way::Way;
use crate::fault::Stream;
use crate::journal::HostTime;
use crate::model::TlsProblem;
use crate::peer::{Talk, gone};
use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

/// What all connections of one proxy share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) proxy: Arc<str>,
    pub(super) upstream: Upstream,
    pub(super) sight: Arc<Sight>,
    pub(super) counters: Arc<Counters>,
    /// Numbers requests, so that partial faults can be drawn for each.
    pub(super) requests: AtomicU64,
    pub(super) trust: Arc<Trust>,
    pub(super) way: Arc<Way>,
    /// How long the head of a request may take.
    pub(super) head: Duration,
    /// For whom its own listener stands with a certificate, where it speaks TLS.
    pub(super) names: Option<Vec<String>>,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Link {
    number: u64,
    shared: Arc<Shared>,
    holds: watch::Receiver<Arc<Hold>>,
    /// What this connection obeys; letting go of it acknowledges the next one.
    hold: Arc<Hold>,
}

/// The first byte of a TLS handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;
/// How long a connection that a toxic closed is still read from, so that the operating system does not turn the close into a reset.
const LINGER: Duration = Duration::from_secs(1);

/// A connection that a fault took from whoever carried it.
struct Seized {
    socket: Arc<TcpStream>,
    upstream: Option<TcpStream>,
    /// True where a request or an answer was underway.
    in_use: bool,
    /// True where it had carried a byte from the gateway.
    carried: bool,
    fate: Fate,
}

/// Why it was taken.
enum Fate {
    /// A hold said so, which is to be obeyed from then on.
    Gripped(Grip, Arc<Hold>),
    /// A toxic on its bytes ends it.
    Doomed(Doom),
}

impl Link {
    pub(super) fn new(number: u64, shared: Arc<Shared>, mut holds: watch::Receiver<Arc<Hold>>) -> Self {
        let hold = holds.borrow_and_update().clone();
        Self { number, shared, holds, hold }
    }

    /// Carries the connection until it ends.
    pub(super) async fn run(mut self, socket: TcpStream, arrival: Arrival) {
        // Small answers must not wait for more; where this fails the connection is already dead.
        let _ = socket.set_nodelay(true);
        let socket = Arc::new(socket);
        let is_forwarded = !matches!(arrival, Arrival::Listener);
        loop {
            if is_forwarded && let Some(active) = self.hold.nameless(self.number) {
                active.touch();
                return self.decline(socket, &arrival, Decline::Nameless).await;
            }
            match self.hold.grip(self.number) {
                Grip::Free => break,
                Grip::Cut(active) if is_forwarded => {
                    active.inspect(|active| active.touch());
                    return self.decline(socket, &arrival, Decline::Refused).await;
                }
                Grip::Cut(_) => return,
                Grip::Reset(active) => {
                    tokio::select! {
                        biased;
                        changed = self.holds.changed() => {
                            if changed.is_err() {
                                return;
                            }
                            self.hold = self.holds.borrow_and_update().clone();
                        }
                        spoken = async { is_forwarded || first_byte(&socket).await.is_some() } => {
                            if spoken {
                                active.touch();
                                reset(socket);
                            }
                            return;
                        }
                    }
                }
                Grip::Blackhole(active) => {
                    if is_forwarded {
                        active.touch();
                    }
                    return self.keep_still(socket, None, active, is_forwarded).await;
                }
            }
        }
        let shared = self.shared.clone();
        let seized = match &shared.upstream {
            Upstream::Tcp(address) => self.carry_bytes(socket, address, arrival).await,
            // Not within this future: one that carries bytes only shall not pay for it.
            Upstream::Http(upstream) => Box::pin(self.carry_exchanges(socket, upstream, arrival)).await,
        };
        let Some(Seized { socket, upstream, in_use, carried, fate }) = seized else { return };
        let spoke = |active: &Arc<Active>| {
            if carried {
                active.touch();
            }
        };
        match fate {
            Fate::Gripped(Grip::Free | Grip::Cut(None), _) => part(socket),
            Fate::Gripped(Grip::Cut(Some(active)), _) => {
                spoke(&active);
                part(socket);
            }
            Fate::Gripped(Grip::Reset(active), _) => {
                spoke(&active);
                reset(socket);
            }
            Fate::Gripped(Grip::Blackhole(active), next) => {
                if in_use {
                    active.touch();
                }
                self.hold = next;
                self.keep_still(socket, upstream, active, in_use).await;
            }
            Fate::Doomed(Doom::Reset) => {
                reset(socket);
                upstream.into_iter().map(Arc::new).for_each(reset);
            }
            Fate::Doomed(Doom::Close) => {
                // Nothing that comes can take hold of it any more.
                drop(self);
                let _ = timeout(LINGER, close(socket, upstream)).await;
            }
        }
    }

    /// Waits for a new hold. `None` where the connection stays free under it; it is obeyed from then on.
    async fn next_grip(&mut self, flow: &Flow) -> Option<Fate> {
        if self.holds.changed().await.is_err() {
            return Some(Fate::Gripped(Grip::Cut(None), self.hold.clone()));
        }
        let next = self.holds.borrow_and_update().clone();
        match next.grip(self.number) {
            Grip::Free => {
                flow.reshape(&next);
                self.hold = next;
                None
            }
            grip => Some(Fate::Gripped(grip, next)),
        }
    }

    /// Answers whoever came through the forward proxy that there is no way on.
    async fn decline(self, socket: Arc<TcpStream>, arrival: &Arrival, why: Decline) {
        arrival.say(&socket, why.answer(&self.shared.proxy).as_bytes());
        // Nothing that comes can take hold of it any more.
        drop(self);
        let _ = timeout(LINGER, close(socket, None)).await;
    }

    /// The state of a connection under the present hold, with what was read of it already.
    fn begin(&self, arrival: &Arrival) -> Arc<Flow> {
        let flow = Flow::new(self.number, self.shared.sight.clone());
        flow.reshape(&self.hold);
        let ahead = arrival.ahead();
        if !ahead.is_empty() {
            self.shared.counters.add(Counter::ReceivedUpstream, ahead.len());
            let mut state = flow.state();
            (state.carried, state.heard) = (true, true);
            state.push(Stream::Upstream, ahead);
        }
        flow
    }

    async fn carry_bytes(&mut self, socket: Arc<TcpStream>, address: &Address, arrival: Arrival) -> Option<Seized> {
        let shared = self.shared.clone();
        let flow = self.begin(&arrival);
        let at = HostTime::now();
        let seized = self.pass_bytes(&flow, socket, address, arrival).await;
        let state = flow.state();
        let [down, up] = state.passed;
        let gripped = seized.as_ref().is_some_and(|seized| matches!(&seized.fate, Fate::Gripped(grip, _) if grip.is_of_a_fault()));
        shared.sight.connection(&Connection {
            proxy: &shared.proxy,
            at,
            took: HostTime::now().since(at),
            up,
            down,
            cut: seized.is_some(),
            touched: state.is_touched() || gripped && state.carried,
        });
        drop(state);
        seized
    }

    /// Until the connection ends by itself, or a fault takes it.
    async fn pass_bytes(&mut self, flow: &Flow, socket: Arc<TcpStream>, address: &Address, arrival: Arrival) -> Option<Seized> {
        let shared = self.shared.clone();
        let mut timer = None;
        let mut upstream = None;
        let fate = 'seized: {
            {
                let mut connecting = pin!(shared.way.connect(address));
                loop {
                    tokio::select! {
                        biased;
                        fate = self.next_grip(flow) => if let Some(fate) = fate { break 'seized fate },
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
                        doom = poll_fn(|cx| flow.poll_doom(&mut timer, cx)) => break 'seized Fate::Doomed(doom),
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
                    fate = self.next_grip(flow) => if let Some(fate) = fate { break 'seized fate },
                    ended = poll_fn(|cx| pump.poll(cx)) => {
                        if ended.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset) {
                            // One of them has reset it; the other shall not take that for an end.
                            reset(socket);
                            upstream.into_iter().map(Arc::new).for_each(reset);
                        }
                        return None;
                    }
                    doom = poll_fn(|cx| flow.poll_doom(&mut timer, cx)) => break 'seized Fate::Doomed(doom),
                }
            }
        };
        let carried = flow.state().carried;
        Some(Seized { socket, upstream, in_use: false, carried, fate })
    }

    async fn carry_exchanges(&mut self, socket: Arc<TcpStream>, upstream: &HttpUpstream, arrival: Arrival) -> Option<Seized> {
        let shared = self.shared.clone();
        let flow = self.begin(&arrival);
        if matches!(arrival, Arrival::Tunnel { .. }) {
            arrival.say(&socket, ESTABLISHED);
        }
        let names = match &arrival {
            Arrival::Listener => shared.names.clone(),
            Arrival::Tunnel { host, .. } => Some(vec![host.clone()]),
            Arrival::Request { .. } => None,
        };
        let mut acceptor = None;
        if let Some(names) = names {
            // What goes wrong with a handshake is decided when it begins.
            let first = match arrival.ahead().first() {
                Some(first) => *first,
                None => loop {
                    tokio::select! {
                        biased;
                        fate = self.next_grip(&flow) => if let Some(fate) = fate {
                            return Some(Seized { socket, upstream: None, in_use: false, carried: false, fate });
                        },
                        first = first_byte(&socket) => break first?,
                    }
                },
            };
            // A tunnel may carry plain HTTP as well.
            if first == TLS_HANDSHAKE || matches!(arrival, Arrival::Listener) {
                let problem = self.hold.handshake(self.number).map(|(active, problem)| {
                    active.touch();
                    problem
                });
                if problem == Some(TlsProblem::Cut) {
                    part(socket);
                    return None;
                }
                let made = shared.trust.acceptor(names, problem);
                acceptor = Some(made.inspect_err(|error| tracing::error!(proxy = %shared.proxy, %error, "no TLS")).ok()?);
            }
        }
        let mut beside = Beside::default();
        let exchanger = Exchanger {
            shared: shared.clone(),
            upstream: upstream.clone(),
            flow: flow.clone(),
            holds: self.holds.clone(),
            streams: beside.streams(),
            interim: Interim::default(),
            host: arrival.host(),
        };
        let (draining, is_secured) = (Arc::new(AtomicBool::new(self.hold.is_draining())), acceptor.is_some());
        let serving = Serving {
            interim: exchanger.interim.clone(),
            exchanger: Arc::new(exchanger),
            streams: beside.streams(),
            flow: flow.clone(),
            is_single: matches!(arrival, Arrival::Request { .. }),
            draining: draining.clone(),
        };
        let gate = Gate::new(socket.clone(), flow.clone(), shared.counters.clone());
        let mut http = Some(Box::pin(serving.run(gate, acceptor)));
        let (mut timer, mut halfway) = (None, Halfway::default());
        let mut gone = pin!(gone(&socket, &flow.talk));
        let fate = loop {
            tokio::select! {
                biased;
                fate = self.next_grip(&flow) => match fate {
                    Some(fate) => break fate,
                    None => {
                        // A fault on handshakes would touch nobody who has done theirs: they shall have to do it again.
                        let ends = self.hold.is_draining() || is_secured && self.hold.handshake(self.number).is_some();
                        draining.store(ends, Ordering::Relaxed);
                        beside.stir();
                    }
                },
                () = poll_fn(|cx| {
                    if let Some(running) = &mut http
                        && let Poll::Ready(ended) = running.as_mut().poll(cx)
                    {
                        if let Err(error) = ended {
                            tracing::debug!(proxy = %shared.proxy, %error, "a connection ended badly");
                        }
                        http = None;
                    }
                    beside.poll(cx);
                    // Not all who write to the gate ask it again once they have flushed.
                    if poll_drain(&socket, &flow, &shared.counters, cx).is_ready() && flow.state().written != Written::Partly {
                        flow.flushed();
                    }
                    if http.is_some() && halfway.poll(&flow, shared.head, cx).is_ready() {
                        // Whoever sends half of something keeps no place for it.
                        return Poll::Ready(());
                    }
                    // Only then: idle, its end is seen by whoever serves it.
                    if http.is_some() && flow.is_underway() && gone.as_mut().poll(cx).is_ready() {
                        tracing::debug!(proxy = %shared.proxy, "the gateway has hung up");
                        http = None;
                    }
                    if http.is_none() && beside.end_http() { Poll::Ready(()) } else { Poll::Pending }
                }) => {
                    flow.close();
                    return None;
                }
                doom = poll_fn(|cx| flow.poll_doom(&mut timer, cx)) => break Fate::Doomed(doom),
            }
        };
        let in_use = flow.seize();
        drop(http);
        drop(beside);
        flow.close();
        let carried = flow.state().carried;
        Some(Seized { socket: socket.clone(), upstream: None, in_use, carried, fate })
    }

    /// Holds a connection open and lets nothing through: what comes is read and lost. Ends when the fault ends, and with it the
    /// connection, or when the gateway gives up. One on this host that has only ended its direction waits, as any other.
    async fn keep_still(mut self, socket: Arc<TcpStream>, mut upstream: Option<TcpStream>, mut active: Arc<Active>, mut counted: bool) {
        // No answer comes of this.
        let (mut has_ended, talk) = (false, Talk::endless());
        loop {
            tokio::select! {
                biased;
                changed = self.holds.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let next = self.holds.borrow_and_update().clone();
                    match next.grip(self.number) {
                        Grip::Blackhole(other) => {
                            active = other;
                            self.hold = next;
                        }
                        Grip::Reset(_) => return reset(socket),
                        Grip::Free | Grip::Cut(_) => return part(socket),
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

/// Reads bytes and loses them; 0 at the end. Waits forever where there is no socket.
async fn lose(socket: Option<&TcpStream>) -> io::Result<usize> {
    let Some(socket) = socket else { return pending().await };
    loop {
        socket.readable().await?;
        // Here, for what lives while it waits is paid for by every connection.
        match socket.try_read(&mut [0; 4096]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

/// Ends both sides and reads until they have ended too: closed with bytes unread, the operating system would reset the connection and
/// take back what it has not delivered yet.
async fn close(socket: Arc<TcpStream>, upstream: Option<TcpStream>) {
    let ended = async |socket: Option<&TcpStream>| {
        let Some(socket) = socket else { return };
        let _ = socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write);
        while matches!(lose(Some(socket)).await, Ok(1..)) {}
    };
    tokio::join!(ended(Some(&socket)), ended(upstream.as_ref()));
}

/// Closes with FIN. Bytes that came and were not read would make it a reset, so they are read and lost.
fn part(socket: Arc<TcpStream>) {
    use io::Read;
    let raw = socket2::SockRef::from(&*socket);
    while matches!((&*raw).read(&mut [0; 4096]), Ok(1..)) {}
}

/// Closes with RST instead of FIN. Nobody else may hold the socket any more.
fn reset(socket: Arc<TcpStream>) {
    // Where the option cannot be set the socket is already gone, and then there is nobody to reset.
    let _ = socket2::SockRef::from(&*socket).set_linger(Some(Duration::ZERO));
    drop(socket);
}
