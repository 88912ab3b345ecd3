//! The owner of one proxy: its listener, its toxics with their leases, its connections.
//!
//! An actor is one task. Anyone who wants something sends it an [`ActorCommand`] and waits for the answer, so that changes of one proxy
//! happen one after another and every answer tells of a state that was.

use super::arrival::{AcceptedConnection, Arrival};
use super::bounds::WantedProxy;
use super::carrier::Carrier;
use super::certificate_needs::CertificateNeeds;
use super::draft::{Draft, answers, led_back};
use super::event_feed::EventFeed;
use super::fault_set::{ActiveToxic, FaultSet, ProxyPhase, Released};
use super::gateway_connection::GatewayConnection;
use super::listener::{ProxyListener, cannot_listen, names, open_listener, resolve};
use super::playable::{Playable, refused};
use super::proxy_context::ProxyContext;
use super::proxy_view::ProxyView;
use super::server_context::{ApiFlavor, ServerContext};
use super::toxic_entry::{ExpiredEntry, ToxicEntry, stays};
use super::upstream::ProxyUpstream;
use super::upstream_address::HostPattern;
use crate::api::{ApiError, AppliedSpan, ExpiredToxic, ProxyRecord, ProxyRequest, ToxicChange, ToxicChangeRecord, ToxicRecord};
use crate::fault::{Effect, RawToxic, Refuse};
use crate::journal::HostTime;
use crate::model::Dialect;
use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

/// Connections obey within microseconds; a machine that needs longer than this is no place to measure on.
const OBEDIENCE: Duration = Duration::from_secs(3);
/// How many expired toxics are remembered for those who come to remove them.
const REMEMBERED: usize = 64;

type CommandReply<T> = oneshot::Sender<Result<T, ApiError>>;

/// Command to a proxy's actor, with where its reply goes.
#[derive(Debug)]
pub(super) enum ActorCommand {
    Show(CommandReply<ProxyView>),
    Configure(ProxyRequest, CommandReply<ProxyView>),
    AddToxic(RawToxic, CommandReply<ToxicRecord>),
    ShowToxic(String, CommandReply<ToxicRecord>),
    ChangeToxic(String, RawToxic, CommandReply<ToxicRecord>),
    RemoveToxic(String, CommandReply<ToxicRecord>),
    /// Carries a connection that the forward proxy took.
    Admit(AcceptedConnection),
    /// Enabled and without toxics.
    Reset(CommandReply<()>),
    /// Nothing new is taken; the actor ends with its last connection.
    Drain(CommandReply<()>),
    /// Everything closed; the actor ends.
    End(CommandReply<()>),
}

/// Actor that owns one proxy: its listener, its toxics with their leases, its connections.
#[derive(Debug)]
pub(super) struct ProxyActor {
    /// The thread that it runs on.
    home: &'static Carrier,
    shared: Arc<ProxyContext>,
    upstream: String,
    dialect: Dialect,
    context: ServerContext,
    hosts: Option<Vec<String>>,
    answers: Arc<Mutex<Vec<HostPattern>>>,
    listener: ProxyListener,
    /// The address as it was asked for, where that is shown: Shopify's server has none of its own before it first listens.
    unopened: Option<String>,
    phase: ProxyPhase,
    toxics: Vec<ToxicEntry>,
    expired: VecDeque<ExpiredEntry>,
    fault_sets: watch::Sender<Arc<FaultSet>>,
    released: Released,
    accepted: u64,
}

/// What a proxy will be after a change.
#[derive(Debug)]
struct Reconfiguration {
    /// Where it will listen, if elsewhere.
    listen: Option<SocketAddr>,
    /// Its upstream as it was asked for, if another.
    upstream: Option<String>,
    leads: ProxyUpstream,
    hosts: Option<Vec<String>>,
    answers: Vec<HostPattern>,
    phase: ProxyPhase,
}

impl ProxyActor {
    /// Opens the listener. To be called on the thread that will be its home.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub(super) async fn open(mut draft: Draft, feed: Arc<EventFeed>, context: ServerContext) -> Result<Self, ApiError> {
        let listener = draft.listener()?;
        let Draft { name, listen, upstream, leads, route, dialect, ends_tls, hosts, answers, phase, toxics, home, .. } = draft;
        let unopened = Some(listen).filter(|_| context.flavor == ApiFlavor::Plain && phase == ProxyPhase::Disabled);
        route.stand(listener.address(), leads.address());
        let (fault_set, released) = FaultSet::new(phase, Vec::new());
        let shared = ProxyContext {
            proxy: name.into(),
            upstream: leads,
            feed,
            counters: Arc::default(),
            requests: AtomicU64::new(0),
            trust: context.trust.clone(),
            route,
            head: context.head,
            names: ends_tls.then(|| names(listener.address())),
        };
        let mut actor = Self {
            home,
            shared: Arc::new(shared),
            upstream,
            dialect,
            context,
            hosts,
            answers: Arc::new(Mutex::new(answers)),
            listener,
            unopened,
            phase,
            toxics: Vec::new(),
            expired: VecDeque::new(),
            fault_sets: watch::Sender::new(fault_set),
            released,
            accepted: 0,
        };
        // Nobody is let in before they are in force.
        for toxic in &toxics {
            actor.add(toxic).await?;
        }
        Ok(actor)
    }

    /// Keeps the proxy until it is told to end, or nobody can tell it anything any more.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<ActorCommand>) {
        let mut told = None;
        while self.phase != ProxyPhase::Draining || self.fault_sets.receiver_count() > 0 {
            let next_end = self.toxics.iter().filter_map(|entry| entry.until).min();
            tokio::select! {
                command = commands.recv() => match command {
                    None => break,
                    Some(ActorCommand::End(reply)) => {
                        told = Some(reply);
                        break;
                    }
                    Some(command) => self.obey(command).await,
                },
                (socket, seat) = self.listener.accept() => self.admit(AcceptedConnection { socket, arrival: Arrival::Listener, seat }),
                // Every connection watches the fault sets to its end.
                () = self.fault_sets.closed(), if self.phase == ProxyPhase::Draining => {}
                () = async { match next_end { Some(end) => sleep_until(end).await, None => pending().await } } => self.expire().await,
            }
        }
        self.phase = ProxyPhase::Disabled;
        let _ = self.flip().await;
        // All have obeyed; what goes on for a moment only reads the last bytes of connections that are closed already.
        let _ = timeout(OBEDIENCE, self.fault_sets.closed()).await;
        drop(self);
        if let Some(reply) = told {
            let _ = reply.send(Ok(()));
        }
    }

    /// Who it answers for, now and later.
    pub(super) fn answers(&self) -> Arc<Mutex<Vec<HostPattern>>> {
        self.answers.clone()
    }

    fn admit(&mut self, guest: AcceptedConnection) {
        self.accepted += 1;
        let connection = GatewayConnection::new(self.accepted, self.shared.clone(), self.fault_sets.subscribe());
        let AcceptedConnection { socket, arrival, seat } = guest;
        let carrier = self.home.for_next();
        let place = carrier.seat();
        // One that the forward proxy took belongs to that one's runtime.
        if std::ptr::eq(carrier, self.home) && !arrival.is_forwarded() {
            tokio::spawn(async move {
                connection.run(socket, arrival).await;
                drop((seat, place));
            });
            return;
        }
        let moved = socket.into_std();
        carrier.spawn(async move {
            match moved.and_then(TcpStream::from_std) {
                Ok(socket) => connection.run(socket, arrival).await,
                Err(error) => tracing::warn!(%error, "a connection could not be taken"),
            }
            drop((seat, place));
        });
    }

    async fn obey(&mut self, command: ActorCommand) {
        // A reply that nobody waits for any more is no reason to stop: the change has happened all the same.
        match command {
            ActorCommand::Show(reply) => drop(reply.send(Ok(self.view()))),
            ActorCommand::Configure(change, reply) => drop(reply.send(self.configure(change).await)),
            ActorCommand::AddToxic(raw, reply) => drop(reply.send(self.add(&raw).await)),
            ActorCommand::ShowToxic(name, reply) => drop(reply.send(self.shown(&name))),
            ActorCommand::ChangeToxic(name, raw, reply) => drop(reply.send(self.change(&name, &raw).await)),
            ActorCommand::RemoveToxic(name, reply) => drop(reply.send(self.remove(&name).await)),
            // Dropped, it is closed: nothing new is taken any more.
            ActorCommand::Admit(..) if self.phase == ProxyPhase::Draining => {}
            ActorCommand::Admit(guest) => self.admit(guest),
            ActorCommand::Reset(reply) => drop(reply.send(self.reset().await)),
            ActorCommand::Drain(reply) => {
                self.phase = ProxyPhase::Draining;
                drop(reply.send(self.flip().await.map(|_| ())));
            }
            ActorCommand::End(_) => {}
        }
    }

    /// Publishes what is in force and waits until every open connection obeys it.
    async fn flip(&mut self) -> Result<AppliedSpan, ApiError> {
        let lo = HostTime::now().into();
        let refuses = |entry: &ToxicEntry| entry.active.toxic.effect == Effect::Refuse(Refuse) && entry.active.toxic.toxicity > 0.0;
        let shut = self.phase != ProxyPhase::Enabled || self.toxics.iter().any(refuses);
        if shut {
            self.listener.shut();
        } else {
            self.unopened = None;
        }
        let (fault_set, released) = FaultSet::new(self.phase, self.toxics.iter().map(|entry| entry.active.clone()).collect());
        drop(self.fault_sets.send_replace(fault_set));
        let before = std::mem::replace(&mut self.released, released);
        // The sender is never used, only dropped: an error is the good news that the old set is gone.
        let obeyed = timeout(OBEDIENCE, before).await;
        if !shut {
            self.listener.reopen().map_err(|error| cannot_listen(self.listener.address(), &error))?;
        }
        if obeyed.is_err() {
            return Err(ApiError::internal("the change did not reach every open connection within 3 s; it is in effect for the others"));
        }
        Ok(AppliedSpan { lo, hi: HostTime::now().into() })
    }

    async fn add(&mut self, raw: &RawToxic) -> Result<ToxicRecord, ApiError> {
        let toxic = self.playable().read(raw)?;
        if self.place(&toxic.name).is_ok() {
            return Err(ApiError::conflict("toxic already exists"));
        }
        self.expired.retain(|expired| expired.name != toxic.name);
        let mut entry = ToxicEntry::new(toxic);
        entry.renew(raw.ttl_ms.filter(|_| self.context.flavor == ApiFlavor::Lifeboat));
        self.toxics.push(entry);
        let settled = self.settle(self.toxics.len() - 1).await;
        if settled.is_err() {
            // What is answered with an error must not stay half in force.
            self.toxics.pop();
            let _ = self.flip().await;
        }
        settled
    }

    fn playable(&self) -> Playable<'_> {
        Playable {
            proxy: &self.shared.proxy,
            flavor: self.context.flavor,
            dialect: self.dialect,
            ends_tls: self.shared.names.is_some(),
            has_forward: self.context.forward.is_some(),
        }
    }

    async fn change(&mut self, name: &str, raw: &RawToxic) -> Result<ToxicRecord, ApiError> {
        let place = self.place(name)?;
        let entry = &mut self.toxics[place];
        if self.context.flavor == ApiFlavor::Lifeboat {
            stays(&entry.active.toxic, raw)?;
        }
        let toxic = entry.active.toxic.changed(raw).map_err(refused)?;
        entry.renew(raw.ttl_ms.filter(|_| self.context.flavor == ApiFlavor::Lifeboat));
        // A lease that is merely renewed must not stir the connections.
        if toxic == entry.active.toxic {
            return Ok(entry.record(self.context.flavor));
        }
        entry.active = entry.active.changed(toxic);
        self.settle(place).await
    }

    /// Brings a new or changed toxic into force.
    async fn settle(&mut self, place: usize) -> Result<ToxicRecord, ApiError> {
        self.toxics[place].applied = self.flip().await?;
        let entry = &self.toxics[place];
        self.tell(&entry.active, ToxicChange::Applied, entry.applied);
        Ok(entry.record(self.context.flavor))
    }

    async fn remove(&mut self, name: &str) -> Result<ToxicRecord, ApiError> {
        let place = self.place(name).map_err(|error| match self.expired.iter().position(|expired| expired.name == name) {
            Some(place) => ApiError { expired: self.expired.remove(place).map(|expired| expired.record), ..error },
            None => error,
        })?;
        let mut entry = self.toxics.remove(place);
        entry.applied = self.flip().await?;
        self.tell(&entry.active, ToxicChange::Removed, entry.applied);
        Ok(entry.record(self.context.flavor))
    }

    /// Ends every toxic whose lease is over.
    async fn expire(&mut self) {
        let now = Instant::now();
        let (over, kept) = self.toxics.drain(..).partition(|entry: &ToxicEntry| entry.until.is_some_and(|until| until <= now));
        self.toxics = kept;
        let over: Vec<ToxicEntry> = over;
        let lo = HostTime::now().into();
        let applied = self.flip().await.unwrap_or_else(|error| {
            tracing::error!(proxy = %self.shared.proxy, error = %error.error, "a lease ended badly");
            AppliedSpan { lo, hi: HostTime::now().into() }
        });
        for entry in over {
            self.tell(&entry.active, ToxicChange::Expired, applied);
            if self.expired.len() == REMEMBERED {
                self.expired.pop_front();
            }
            let record = ExpiredToxic { applied, touched: entry.active.touched(), spared: entry.active.spared() };
            self.expired.push_back(ExpiredEntry { name: entry.active.toxic.name.clone(), record });
        }
    }

    async fn reset(&mut self) -> Result<(), ApiError> {
        if self.phase == ProxyPhase::Enabled && self.toxics.is_empty() {
            return Ok(());
        }
        if self.phase == ProxyPhase::Disabled {
            self.phase = ProxyPhase::Enabled;
        }
        let removed = std::mem::take(&mut self.toxics);
        let applied = self.flip().await?;
        for entry in removed {
            self.tell(&entry.active, ToxicChange::Removed, applied);
        }
        Ok(())
    }

    async fn configure(&mut self, change: ProxyRequest) -> Result<ProxyView, ApiError> {
        if self.phase == ProxyPhase::Draining {
            return Err(ApiError::conflict("the proxy is shutting down"));
        }
        self.stays(&change)?;
        let was = self.phase;
        let Reconfiguration { listen, upstream, leads, hosts, answers, phase } = self.planned(change).await?;
        if listen.is_some() || upstream.is_some() {
            // Names are asked for, and every lease waits: only where the route is another.
            self.shared.route.lead(listen.unwrap_or(self.listener.address()), leads.address()).await.map_err(led_back)?;
            // Open connections lead to the old place: as Shopify's server does, they are closed.
            self.phase = ProxyPhase::Disabled;
            self.flip().await?;
        }
        if let Some(listen) = listen {
            match open_listener(listen, phase) {
                Ok(listener) => self.listener = listener,
                Err(error) => {
                    self.shared.route.stand(self.listener.address(), self.shared.upstream.address());
                    self.phase = was;
                    self.flip().await?;
                    return Err(error);
                }
            }
        }
        self.shared.route.stand(self.listener.address(), leads.address());
        self.upstream = upstream.unwrap_or_else(|| std::mem::take(&mut self.upstream));
        self.unopened = self.unopened.take().filter(|_| listen.is_none());
        let names = self.shared.names.is_some().then(|| names(self.listener.address()));
        self.shared = Arc::new(self.shared.led_to(leads, names));
        self.hosts = hosts;
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
        self.phase = phase;
        if let Err(error) = self.flip().await {
            // It could not be opened: as it is shown, so it shall be.
            self.phase = ProxyPhase::Disabled;
            self.flip().await?;
            return Err(error);
        }
        Ok(self.view())
    }

    /// What the proxy will be after a change, which has passed every check that can be made before.
    async fn planned(&self, change: ProxyRequest) -> Result<Reconfiguration, ApiError> {
        let enabled = |enabled| if enabled { ProxyPhase::Enabled } else { ProxyPhase::Disabled };
        let phase = change.enabled.map_or(self.phase, enabled);
        let listen = match &change.listen {
            Some(listen) => Some(resolve(listen).await?).filter(|listen| *listen != self.listener.address()),
            None => None,
        };
        if let Some(listen) = listen {
            self.context.bounds.listener(&self.shared.proxy, listen).await?;
        }
        let upstream = change.upstream.filter(|upstream| *upstream != self.upstream);
        let hosts = change.hosts.or_else(|| self.hosts.clone());
        self.context.bounds.allow(&self.wanted(upstream.as_deref(), hosts.as_deref()))?;
        let parsed =
            upstream.as_deref().map(|upstream| ProxyUpstream::parse(upstream, self.dialect, &self.context, &self.shared.route)).transpose();
        let leads = parsed.map_err(ApiError::bad_request)?.unwrap_or_else(|| self.shared.upstream.clone());
        let answers = answers(hosts.as_deref(), &leads)?;
        let needs = CertificateNeeds {
            hosts: hosts.as_deref(),
            address: self.shared.names.is_some().then(|| listen.unwrap_or(self.listener.address())),
            dialect: self.dialect,
        };
        needs.admitted(self.context.trust.authority(), &answers)?;
        Ok(Reconfiguration { listen, upstream, leads, hosts, answers, phase })
    }

    /// # Errors
    /// Where a change names what the proxy is, and otherwise. Clients of Shopify's send back all that they know of it, whose server looks past
    /// this.
    fn stays(&self, change: &ProxyRequest) -> Result<(), ApiError> {
        if self.context.flavor == ApiFlavor::Plain {
            return Ok(());
        }
        let fixed = |what: &str| Err(ApiError::bad_request(format!("{what} cannot be changed")).with_hint("remove it and create it again"));
        let (name, dialect) = (&*self.shared.proxy, self.dialect.word());
        match change {
            ProxyRequest { name: Some(other), .. } if other != name && !other.is_empty() => {
                fixed(&format!("the name of the proxy `{name}`"))
            }
            ProxyRequest { dialect: Some(other), .. } if other != dialect => fixed(&format!("the dialect {dialect} of the proxy `{name}`")),
            ProxyRequest { tls: Some(tls), .. } if *tls != self.shared.names.is_some() => fixed("whether a proxy speaks TLS"),
            _ => Ok(()),
        }
    }

    /// What it would be with these, for the bounds.
    fn wanted<'w>(&'w self, upstream: Option<&'w str>, hosts: Option<&'w [String]>) -> WantedProxy<'w> {
        let (name, tls) = (&*self.shared.proxy, self.shared.names.is_some());
        WantedProxy { name, upstream: upstream.unwrap_or(&self.upstream), dialect: self.dialect, tls, hosts }
    }

    fn place(&self, name: &str) -> Result<usize, ApiError> {
        let place = self.toxics.iter().position(|entry| entry.active.toxic.name == name);
        place.ok_or_else(|| ApiError::not_found("toxic not found"))
    }

    fn shown(&self, name: &str) -> Result<ToxicRecord, ApiError> {
        self.place(name).map(|place| self.toxics[place].record(self.context.flavor))
    }

    fn tell(&self, active: &ActiveToxic, change: ToxicChange, applied: AppliedSpan) {
        let AppliedSpan { lo, hi } = applied;
        let (proxy, toxic, touched) = (&*self.shared.proxy, active.toxic.name.as_str(), active.touched());
        self.shared.feed.toxic(ToxicChangeRecord { proxy, toxic, change, lo, hi, touched });
    }

    pub(super) fn view(&self) -> ProxyView {
        let is_ours = self.context.flavor == ApiFlavor::Lifeboat;
        let record = ProxyRecord {
            name: self.shared.proxy.to_string(),
            listen: self.unopened.clone().unwrap_or_else(|| self.listener.address().to_string()),
            upstream: self.upstream.clone(),
            enabled: self.phase != ProxyPhase::Disabled,
            dialect: is_ours.then(|| self.dialect.word().to_owned()),
            tls: (is_ours && self.dialect != Dialect::Tcp).then_some(self.shared.names.is_some()),
            hosts: self.hosts.clone(),
            toxics: self.toxics.iter().map(|entry| entry.record(self.context.flavor)).collect(),
        };
        ProxyView { record, counters: self.shared.counters.clone() }
    }
}
