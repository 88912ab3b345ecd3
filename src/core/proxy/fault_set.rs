//! The faults in force on one proxy, as every connection of it sees them at once.

use super::gateway_request::GatewayRequest;
use crate::api::SparedRecord;
use crate::dialect::{Quotas, WireAnswer, estimated_tokens, quota_headers};
use crate::fault::{Blackhole, DnsFailure, Effect, Matched, Refuse, Reset, Stream, TimedRequest, Tls, Toxic, ToxicMemory, bites};
use crate::journal::HostTime;
use crate::model::{ActsOn, TlsProblem, Tokens};
use hyper::HeaderMap;
use hyper::header::HeaderName;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// A toxic in force, and how much it touched.
#[derive(Debug)]
pub(super) struct ActiveToxic {
    pub(super) toxic: Toxic,
    touched: AtomicU64,
    /// Of requests that it may not touch: how many came, and how many it touched.
    spared: [AtomicU64; 2],
    /// When it was put in force as it is now.
    since: HostTime,
    memory: Mutex<ToxicMemory>,
}

impl ActiveToxic {
    /// A toxic that was not there before.
    pub(super) fn new(toxic: Toxic) -> Arc<Self> {
        Self::counting(toxic, 0, SparedRecord::default())
    }

    /// The same toxic, changed: it goes on counting.
    pub(super) fn changed(&self, toxic: Toxic) -> Arc<Self> {
        Self::counting(toxic, self.touched(), self.spared().unwrap_or_default())
    }

    fn counting(toxic: Toxic, touched: u64, spared: SparedRecord) -> Arc<Self> {
        let spared = [AtomicU64::new(spared.seen), AtomicU64::new(spared.touched)];
        Arc::new(Self { toxic, touched: AtomicU64::new(touched), spared, since: HostTime::now(), memory: Mutex::default() })
    }

    /// Counts one more request.
    pub(super) fn touch(&self) {
        self.touched.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests touched so far; connections where only bytes are seen.
    pub(super) fn touched(&self) -> u64 {
        self.touched.load(Ordering::Relaxed)
    }

    /// It touched this request. That it might is asked again here, apart from what decided it: so a proof is made of a count.
    pub(super) fn touches(&self, request: &GatewayRequest) {
        if !self.toxic.may_touch(request) {
            self.spared[1].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What it left alone; `None` where it is limited to no requests.
    pub(super) fn spared(&self) -> Option<SparedRecord> {
        let [seen, touched] = &self.spared;
        let record = || SparedRecord { seen: seen.load(Ordering::Relaxed), touched: touched.load(Ordering::Relaxed) };
        self.toxic.aim.only.as_ref().map(|_| record())
    }

    fn takes(&self, number: u64) -> bool {
        bites(self.toxic.toxicity, self.toxic.seed(), number)
    }

    fn takes_request(&self, request: &GatewayRequest) -> bool {
        self.toxic.takes(request.number, request.at.since(self.since), request)
    }
}

/// Signal that the last connection has let go of a fault set.
pub(super) type Released = oneshot::Receiver<()>;

/// Immutable set of the faults in force on a proxy. Connections keep it for as long as they act by it, so its end is their acknowledgement of the next.
#[derive(Debug)]
pub(super) struct FaultSet {
    phase: ProxyPhase,
    toxics: Vec<Arc<ActiveToxic>>,
    /// Dropped with the set, which wakes the actor.
    _released: oneshot::Sender<()>,
}

/// Whether a proxy carries anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyPhase {
    /// It carries.
    Enabled,
    /// It carries what it has to its end, and takes nothing new.
    Draining,
    /// It carries nothing.
    Disabled,
}

/// What the faults in force make of a connection.
#[derive(Debug, Clone)]
pub(super) enum ConnectionFate {
    /// It carries, perhaps shaped.
    Free,
    /// It is closed; by a fault, or because the proxy was disabled.
    Cut(Option<Arc<ActiveToxic>>),
    /// It is reset.
    Reset(Arc<ActiveToxic>),
    /// It is held and carries nothing.
    Blackhole(Arc<ActiveToxic>),
}

impl ConnectionFate {
    /// True where a fault has it, and not a proxy that was disabled.
    pub(super) const fn is_of_a_fault(&self) -> bool {
        !matches!(self, Self::Free | Self::Cut(None))
    }
}

impl FaultSet {
    pub(super) fn new(phase: ProxyPhase, toxics: Vec<Arc<ActiveToxic>>) -> (Arc<Self>, Released) {
        let (sender, released) = oneshot::channel();
        (Arc::new(Self { phase, toxics, _released: sender }), released)
    }

    /// What becomes of connection number `connection`. The gravest fault wins.
    pub(super) fn fate(&self, connection: u64) -> ConnectionFate {
        let first = |effect: Effect| self.toxics.iter().find(|active| active.toxic.effect == effect && active.takes(connection)).cloned();
        if self.phase == ProxyPhase::Disabled {
            return ConnectionFate::Cut(None);
        }
        if let Some(active) = first(Effect::Refuse(Refuse)) {
            return ConnectionFate::Cut(Some(active));
        }
        if let Some(active) = first(Effect::Reset(Reset)) {
            return ConnectionFate::Reset(active);
        }
        first(Effect::Blackhole(Blackhole)).map_or(ConnectionFate::Free, ConnectionFate::Blackhole)
    }

    /// True where a connection shall end as soon as it carries nothing.
    pub(super) fn is_draining(&self) -> bool {
        self.phase == ProxyPhase::Draining
    }

    /// The toxics on the bytes of one direction of connection number `connection`, in their order.
    pub(super) fn chain(&self, stream: Stream, connection: u64) -> Vec<Arc<ActiveToxic>> {
        let acts = |active: &&Arc<ActiveToxic>| {
            active.toxic.effect.acts_on() == ActsOn::Bytes && active.toxic.stream == stream && active.takes(connection)
        };
        self.toxics.iter().filter(acts).cloned().collect()
    }

    /// The toxics on this that take `request`, in their order.
    fn on<'a>(&'a self, on: ActsOn, request: &'a GatewayRequest) -> impl Iterator<Item = &'a Arc<ActiveToxic>> {
        self.toxics.iter().filter(move |active| active.toxic.effect.acts_on() == on && active.takes_request(request))
    }

    /// Counts a request that has just come for those toxics that may not touch it. Whether each of those that are limited to some requests may;
    /// `None` where none is.
    pub(super) fn see(&self, request: &GatewayRequest) -> Option<bool> {
        let mut in_reach = None;
        for active in self.toxics.iter().filter(|active| active.toxic.aim.only.is_some()) {
            let may = active.toxic.may_touch(request);
            if !may {
                active.spared[0].fetch_add(1, Ordering::Relaxed);
            }
            in_reach = Some(in_reach.unwrap_or(true) && may);
        }
        in_reach
    }

    /// True where what becomes of `request` depends on its body.
    pub(super) fn asks_for_body(&self, request: &GatewayRequest) -> bool {
        self.toxics.iter().any(|active| active.toxic.asks_for_body(request))
    }

    /// What the toxics on requests say to `request`; the first that answers in the provider's place has the last word.
    pub(super) fn rule(&self, request: &GatewayRequest) -> RequestRuling {
        let (mut ruled, mut quotas, mut wall) = (RequestRuling::default(), Quotas::default(), None);
        for active in self.on(ActsOn::Requests, request) {
            // Rounded up, so that no time that is told lies before the true one.
            let wall = *wall
                .get_or_insert_with(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs_f64().ceil() as u64));
            let timed = TimedRequest { request, now: request.at.0, wall };
            // A panic while the lock was held leaves numbers that are still whole.
            let mut memory = active.memory.lock().unwrap_or_else(PoisonError::into_inner);
            let ruling = active.toxic.effect.rule(&timed, &mut memory);
            quotas = quotas.tighter(ruling.quotas);
            ruled.instead = ruling.instead.map(|answer| (active.clone(), answer));
            if ruled.instead.is_some() {
                break;
            }
        }
        ruled.headers = wall.map_or_else(Vec::new, |wall| quota_headers(request.dialect, &quotas, wall));
        ruled
    }

    /// Tells the toxics on requests that the provider has answered `request`, and bills these tokens. Where its answer reports none, all that the
    /// request allows are billed, as tokens of the answer.
    pub(super) fn billed(&self, request: &GatewayRequest, tokens: Option<Tokens>) {
        for active in self.on(ActsOn::Requests, request) {
            let allowed = || Tokens { input: 0, output: estimated_tokens(request.dialect, request.ask().operation, request.body()) };
            let mut memory = active.memory.lock().unwrap_or_else(PoisonError::into_inner);
            active.toxic.effect.billed(tokens.unwrap_or_else(allowed), &mut memory);
        }
    }

    /// The toxic that holds the answer to `request` back.
    pub(super) fn stalling(&self, request: &GatewayRequest) -> Option<Arc<ActiveToxic>> {
        self.on(ActsOn::Heads, request).next().cloned()
    }

    /// The toxics on the pieces of the answer to `request`, in their order.
    pub(super) fn shaping(&self, request: &GatewayRequest) -> Vec<Arc<ActiveToxic>> {
        self.on(ActsOn::Answers, request).cloned().collect()
    }

    /// The toxic on the TLS handshake of connection number `connection`, and what goes wrong.
    pub(super) fn handshake(&self, connection: u64) -> Option<(Arc<ActiveToxic>, TlsProblem)> {
        self.toxics.iter().find_map(|active| match active.toxic.effect {
            Effect::Tls(Tls { problem }) if active.takes(connection) => Some((active.clone(), problem)),
            _ => None,
        })
    }

    /// The toxic that keeps the provider's name from being found for connection number `connection`.
    pub(super) fn nameless(&self, connection: u64) -> Option<Arc<ActiveToxic>> {
        self.toxics.iter().find(|active| active.toxic.effect == Effect::DnsFailure(DnsFailure) && active.takes(connection)).cloned()
    }

    /// True where this very toxic is still in force.
    pub(super) fn contains(&self, active: &Arc<ActiveToxic>) -> bool {
        self.toxics.iter().any(|other| Arc::ptr_eq(other, active))
    }
}

/// Ruling of the toxics on requests about one request.
#[derive(Debug, Default)]
pub(super) struct RequestRuling {
    /// The answer in the provider's place, and whose it is.
    pub(super) instead: Option<(Arc<ActiveToxic>, WireAnswer)>,
    /// What every answer tells instead of the provider.
    headers: Vec<(String, String)>,
}

impl RequestRuling {
    /// What every answer tells instead of the provider.
    pub(super) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Tells it in the headers of an answer.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value.parse()) {
                headers.insert(name, value);
            }
        }
    }
}
