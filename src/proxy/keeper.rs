//! The owner of one proxy: its listener, its toxics with their leases, its connections.
//!
//! A keeper is one task. Whoever wants something sends it a [`Command`] and waits for the answer, so that changes of one proxy
//! happen one after another and every answer tells of a state that was.

use super::arrival::{Arrival, Guest};
use super::bounds::Wanted;
use super::counters::Counters;
use super::draft::{Draft, answers, led_back};
use super::hold::{Active, Hold, Phase, Released};
use super::link::{Link, Shared};
use super::listener::{Door, cannot_listen, names, open_door, resolve};
use super::playable::{Playable, refused};
use super::registry::{ApiError, Footing, Manner};
use super::secures::Secures;
use super::sight::{FaultChange, Sight};
use super::upstream::{Answers, Upstream};
use crate::fault::{Attributes, Effect, RawToxic, Refuse, Toxic};
use crate::journal::HostTime;
use crate::model::Dialect;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

/// Connections obey within microseconds; a machine that needs longer than this is no place to measure on.
const OBEDIENCE: Duration = Duration::from_secs(3);
/// How many expired toxics are remembered for whoever comes to remove them.
const REMEMBERED: usize = 64;

/// A proxy as it is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RawProxy {
    pub(super) name: Option<String>,
    pub(super) listen: Option<String>,
    pub(super) upstream: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) dialect: Option<String>,
    /// Whether its listener speaks TLS.
    pub(super) tls: Option<bool>,
    /// Who it answers for where a forward proxy asks; its upstream where absent.
    pub(super) hosts: Option<Vec<String>>,
    /// What breaks it from the beginning.
    #[serde(skip)]
    pub(super) toxics: Vec<RawToxic>,
}

/// A proxy as it is shown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ProxyView {
    pub(super) name: String,
    pub(super) listen: String,
    pub(super) upstream: String,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dialect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<Vec<String>>,
    pub(super) toxics: Vec<ToxicView>,
    #[serde(skip)]
    pub(super) counters: Arc<Counters>,
}

impl ProxyView {
    /// True where this request asks for the same addresses, and for nothing else that it shows.
    ///
    /// # Errors
    /// Where its address is none.
    pub(super) async fn leads_as(&self, raw: &RawProxy) -> Result<bool, ApiError> {
        let listen = resolve(raw.listen.as_deref().unwrap_or_default()).await?;
        let same_place = self.listen == listen.to_string() && raw.upstream.as_ref() == Some(&self.upstream);
        let same_tongue = raw.dialect.as_deref().is_none_or(|dialect| self.dialect == Some(dialect));
        let same_tls = raw.tls.is_none_or(|tls| self.tls.unwrap_or(false) == tls);
        Ok(same_place && same_tongue && same_tls && (raw.hosts.is_none() || raw.hosts == self.hosts))
    }

    /// What asks for one as this was.
    pub(super) fn again(self) -> RawProxy {
        RawProxy {
            name: Some(self.name),
            listen: Some(self.listen),
            upstream: Some(self.upstream),
            enabled: Some(self.enabled),
            dialect: self.dialect.map(str::to_owned),
            tls: self.tls,
            hosts: self.hosts,
            toxics: self.toxics.into_iter().map(ToxicView::again).collect(),
        }
    }
}

/// Between these two moments a change came into force.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Applied {
    /// Before it was published.
    lo: HostTime,
    /// After every open connection obeyed it.
    hi: HostTime,
}

/// A toxic as it is shown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ToxicView {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) stream: &'static str,
    toxicity: f64,
    attributes: Attributes,
    /// What is left of the lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<Applied>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) touched: Option<u64>,
}

impl ToxicView {
    /// What asks for one as this was, with what is left of its lease.
    fn again(self) -> RawToxic {
        RawToxic {
            name: Some(self.name),
            kind: Some(self.kind.to_owned()),
            stream: Some(self.stream.to_owned()),
            toxicity: Some(self.toxicity),
            attributes: Some(self.attributes),
            ttl_ms: self.ttl_ms,
        }
    }
}

/// A toxic that ended because nobody renewed its lease.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Expired {
    #[serde(skip)]
    name: String,
    applied: Applied,
    touched: u64,
}

type Reply<T> = oneshot::Sender<Result<T, ApiError>>;

/// What a keeper does for others.
#[derive(Debug)]
pub(super) enum Command {
    Show(Reply<ProxyView>),
    Configure(RawProxy, Reply<ProxyView>),
    AddToxic(RawToxic, Reply<ToxicView>),
    ShowToxic(String, Reply<ToxicView>),
    ChangeToxic(String, RawToxic, Reply<ToxicView>),
    RemoveToxic(String, Reply<ToxicView>),
    /// Carries a connection that the forward proxy took.
    Admit(Guest),
    /// Enabled and without toxics.
    Reset(Reply<()>),
    /// Nothing new is taken; the keeper ends with its last connection.
    Drain(Reply<()>),
    /// Everything closed; the keeper ends.
    End(Reply<()>),
}

#[derive(Debug)]
struct Entry {
    active: Arc<Active>,
    ttl: Option<Duration>,
    until: Option<Instant>,
    applied: Applied,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    upstream: String,
    dialect: Dialect,
    footing: Footing,
    hosts: Option<Vec<String>>,
    answers: Arc<Mutex<Vec<Answers>>>,
    door: Door,
    /// The address as it was asked for, where that is shown: Shopify's server has none of its own before it first listens.
    unopened: Option<String>,
    phase: Phase,
    toxics: Vec<Entry>,
    expired: VecDeque<Expired>,
    holds: watch::Sender<Arc<Hold>>,
    released: Released,
    accepted: u64,
}

impl Keeper {
    /// Opens the listener.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub(super) async fn open(mut draft: Draft, sight: Arc<Sight>, footing: Footing) -> Result<Self, ApiError> {
        let door = draft.door()?;
        let Draft { name, listen, upstream, leads, way, dialect, ends_tls, hosts, answers, phase, toxics, .. } = draft;
        let unopened = Some(listen).filter(|_| footing.manner == Manner::Plain && phase == Phase::Disabled);
        way.stand(door.address(), leads.address());
        let (hold, released) = Hold::new(phase, Vec::new());
        let shared = Shared {
            proxy: name.into(),
            upstream: leads,
            sight,
            counters: Arc::default(),
            requests: AtomicU64::new(0),
            trust: footing.trust.clone(),
            way,
            head: footing.head,
            names: ends_tls.then(|| names(door.address())),
        };
        let mut keeper = Self {
            shared: Arc::new(shared),
            upstream,
            dialect,
            footing,
            hosts,
            answers: Arc::new(Mutex::new(answers)),
            door,
            unopened,
            phase,
            toxics: Vec::new(),
            expired: VecDeque::new(),
            holds: watch::Sender::new(hold),
            released,
            accepted: 0,
        };
        // Nobody is let in before they are in force.
        for toxic in &toxics {
            keeper.add(toxic).await?;
        }
        Ok(keeper)
    }

    /// Keeps the proxy until it is told to end, or nobody can tell it anything any more.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut told = None;
        while self.phase != Phase::Draining || self.holds.receiver_count() > 0 {
            let next_end = self.toxics.iter().filter_map(|entry| entry.until).min();
            tokio::select! {
                command = commands.recv() => match command {
                    None => break,
                    Some(Command::End(reply)) => {
                        told = Some(reply);
                        break;
                    }
                    Some(command) => self.obey(command).await,
                },
                (socket, seat) = self.door.accept() => self.admit(Guest { socket, arrival: Arrival::Listener, seat }),
                // Every connection watches the holds to its end.
                () = self.holds.closed(), if self.phase == Phase::Draining => {}
                () = async { match next_end { Some(end) => sleep_until(end).await, None => pending().await } } => self.expire().await,
            }
        }
        self.phase = Phase::Disabled;
        let _ = self.flip().await;
        // All have obeyed; what goes on for a moment only reads the last bytes of connections that are closed already.
        let _ = timeout(OBEDIENCE, self.holds.closed()).await;
        drop(self);
        if let Some(reply) = told {
            let _ = reply.send(Ok(()));
        }
    }

    /// Who it answers for, now and later.
    pub(super) fn answers(&self) -> Arc<Mutex<Vec<Answers>>> {
        self.answers.clone()
    }

    fn admit(&mut self, guest: Guest) {
        self.accepted += 1;
        let link = Link::new(self.accepted, self.shared.clone(), self.holds.subscribe());
        let Guest { socket, arrival, seat } = guest;
        tokio::spawn(async move {
            link.run(socket, arrival).await;
            drop(seat);
        });
    }

    async fn obey(&mut self, command: Command) {
        // A reply that nobody waits for any more is no reason to stop: the change has happened all the same.
        match command {
            Command::Show(reply) => drop(reply.send(Ok(self.view()))),
            Command::Configure(change, reply) => drop(reply.send(self.configure(change).await)),
            Command::AddToxic(raw, reply) => drop(reply.send(self.add(&raw).await)),
            Command::ShowToxic(name, reply) => drop(reply.send(self.shown(&name))),
            Command::ChangeToxic(name, raw, reply) => drop(reply.send(self.change(&name, &raw).await)),
            Command::RemoveToxic(name, reply) => drop(reply.send(self.remove(&name).await)),
            // Dropped, it is closed: nothing new is taken any more.
            Command::Admit(..) if self.phase == Phase::Draining => {}
            Command::Admit(guest) => self.admit(guest),
            Command::Reset(reply) => drop(reply.send(self.reset().await)),
            Command::Drain(reply) => {
                self.phase = Phase::Draining;
                drop(reply.send(self.flip().await.map(|_| ())));
            }
            Command::End(_) => {}
        }
    }

    /// Publishes what is in force and waits until every open connection obeys it.
    async fn flip(&mut self) -> Result<Applied, ApiError> {
        let lo = HostTime::now();
        let refuses = |entry: &Entry| entry.active.toxic.effect == Effect::Refuse(Refuse) && entry.active.toxic.toxicity > 0.0;
        let shut = self.phase != Phase::Enabled || self.toxics.iter().any(refuses);
        if shut {
            self.door.shut();
        } else {
            self.unopened = None;
        }
        let (hold, released) = Hold::new(self.phase, self.toxics.iter().map(|entry| entry.active.clone()).collect());
        drop(self.holds.send_replace(hold));
        let before = std::mem::replace(&mut self.released, released);
        // The sender is never used, only dropped: an error is the good news that the old hold is gone.
        let obeyed = timeout(OBEDIENCE, before).await;
        if !shut {
            self.door.reopen().map_err(|error| cannot_listen(self.door.address(), &error))?;
        }
        if obeyed.is_err() {
            return Err(ApiError::internal("the change did not reach every open connection within 3 s; it is in effect for the others"));
        }
        Ok(Applied { lo, hi: HostTime::now() })
    }

    async fn add(&mut self, raw: &RawToxic) -> Result<ToxicView, ApiError> {
        let toxic = self.playable().read(raw)?;
        if self.place(&toxic.name).is_ok() {
            return Err(ApiError::conflict("toxic already exists"));
        }
        self.expired.retain(|expired| expired.name != toxic.name);
        let now = HostTime::now();
        let mut entry = Entry { active: Active::new(toxic, 0), ttl: None, until: None, applied: Applied { lo: now, hi: now } };
        entry.renew(raw.ttl_ms.filter(|_| self.footing.manner == Manner::Lifeboat));
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
            manner: self.footing.manner,
            dialect: self.dialect,
            ends_tls: self.shared.names.is_some(),
            has_forward: self.footing.forward.is_some(),
        }
    }

    async fn change(&mut self, name: &str, raw: &RawToxic) -> Result<ToxicView, ApiError> {
        let place = self.place(name)?;
        let entry = &mut self.toxics[place];
        if self.footing.manner == Manner::Lifeboat {
            stays(&entry.active.toxic, raw)?;
        }
        let toxic = entry.active.toxic.changed(raw).map_err(refused)?;
        entry.renew(raw.ttl_ms.filter(|_| self.footing.manner == Manner::Lifeboat));
        // A lease that is merely renewed must not stir the connections.
        if toxic == entry.active.toxic {
            return Ok(entry.view(self.footing.manner));
        }
        entry.active = Active::new(toxic, entry.active.touched());
        self.settle(place).await
    }

    /// Brings a new or changed toxic into force.
    async fn settle(&mut self, place: usize) -> Result<ToxicView, ApiError> {
        self.toxics[place].applied = self.flip().await?;
        let entry = &self.toxics[place];
        self.tell(&entry.active, "applied", entry.applied);
        Ok(entry.view(self.footing.manner))
    }

    async fn remove(&mut self, name: &str) -> Result<ToxicView, ApiError> {
        let place = self.place(name).map_err(|error| match self.expired.iter().position(|expired| expired.name == name) {
            Some(place) => error.with_expired(self.expired.remove(place)),
            None => error,
        })?;
        let mut entry = self.toxics.remove(place);
        entry.applied = self.flip().await?;
        self.tell(&entry.active, "removed", entry.applied);
        Ok(entry.view(self.footing.manner))
    }

    /// Ends every toxic whose lease is over.
    async fn expire(&mut self) {
        let now = Instant::now();
        let (over, kept) = self.toxics.drain(..).partition(|entry: &Entry| entry.until.is_some_and(|until| until <= now));
        self.toxics = kept;
        let over: Vec<Entry> = over;
        let lo = HostTime::now();
        let applied = self.flip().await.unwrap_or_else(|error| {
            tracing::error!(proxy = %self.shared.proxy, error = %error.error, "a lease ended badly");
            Applied { lo, hi: HostTime::now() }
        });
        for entry in over {
            self.tell(&entry.active, "expired", applied);
            if self.expired.len() == REMEMBERED {
                self.expired.pop_front();
            }
            self.expired.push_back(Expired { name: entry.active.toxic.name.clone(), applied, touched: entry.active.touched() });
        }
    }

    async fn reset(&mut self) -> Result<(), ApiError> {
        if self.phase == Phase::Enabled && self.toxics.is_empty() {
            return Ok(());
        }
        if self.phase == Phase::Disabled {
            self.phase = Phase::Enabled;
        }
        let removed = std::mem::take(&mut self.toxics);
        let applied = self.flip().await?;
        for entry in removed {
            self.tell(&entry.active, "removed", applied);
        }
        Ok(())
    }

    async fn configure(&mut self, change: RawProxy) -> Result<ProxyView, ApiError> {
        if self.phase == Phase::Draining {
            return Err(ApiError::conflict("the proxy is shutting down"));
        }
        self.stays(&change)?;
        let was = self.phase;
        let wanted = change.enabled.map_or(was, |enabled| if enabled { Phase::Enabled } else { Phase::Disabled });
        let listen = match &change.listen {
            Some(listen) => Some(resolve(listen).await?).filter(|listen| *listen != self.door.address()),
            None => None,
        };
        if let Some(listen) = listen {
            self.footing.bounds.listener(&self.shared.proxy, listen).await?;
        }
        let upstream = change.upstream.filter(|upstream| *upstream != self.upstream);
        let hosts = change.hosts.or_else(|| self.hosts.clone());
        self.footing.bounds.allow(&self.wanted(upstream.as_deref(), hosts.as_deref()))?;
        let parsed =
            upstream.as_deref().map(|upstream| Upstream::parse(upstream, self.dialect, &self.footing, &self.shared.way)).transpose();
        let parsed = parsed.map_err(ApiError::bad_request)?;
        let leads = parsed.unwrap_or_else(|| self.shared.upstream.clone());
        let answers = answers(hosts.as_deref(), &leads)?;
        let secures = Secures {
            hosts: hosts.as_deref(),
            address: self.shared.names.is_some().then(|| listen.unwrap_or(self.door.address())),
            dialect: self.dialect,
        };
        secures.admitted(self.footing.trust.authority(), &answers)?;
        if listen.is_some() || upstream.is_some() {
            // Names are asked for, and every lease waits: only where the way is another.
            self.shared.way.lead(listen.unwrap_or(self.door.address()), leads.address()).await.map_err(led_back)?;
            // Open connections lead to the old place: as Shopify's server does, they are closed.
            self.phase = Phase::Disabled;
            self.flip().await?;
        }
        if let Some(listen) = listen {
            match open_door(listen, wanted) {
                Ok(door) => self.door = door,
                Err(error) => {
                    self.shared.way.stand(self.door.address(), self.shared.upstream.address());
                    self.phase = was;
                    self.flip().await?;
                    return Err(error);
                }
            }
        }
        self.shared.way.stand(self.door.address(), leads.address());
        self.upstream = upstream.unwrap_or_else(|| std::mem::take(&mut self.upstream));
        self.unopened = self.unopened.take().filter(|_| listen.is_none());
        self.shared = Arc::new(Shared {
            proxy: self.shared.proxy.clone(),
            upstream: leads,
            sight: self.shared.sight.clone(),
            counters: self.shared.counters.clone(),
            requests: AtomicU64::new(self.shared.requests.load(Ordering::Relaxed)),
            trust: self.shared.trust.clone(),
            way: self.shared.way.clone(),
            head: self.shared.head,
            names: self.shared.names.is_some().then(|| names(self.door.address())),
        });
        self.hosts = hosts;
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
        self.phase = wanted;
        if let Err(error) = self.flip().await {
            // It could not be opened: as it is shown, so it shall be.
            self.phase = Phase::Disabled;
            self.flip().await?;
            return Err(error);
        }
        Ok(self.view())
    }

    /// # Errors
    /// Where a change names what the proxy is, and otherwise. Clients of Shopify's send back all that they know of it, whose server looks past
    /// this.
    fn stays(&self, change: &RawProxy) -> Result<(), ApiError> {
        if self.footing.manner == Manner::Plain {
            return Ok(());
        }
        let fixed = |what: &str| Err(ApiError::bad_request(format!("{what} cannot be changed")).with_hint("remove it and create it again"));
        let (name, dialect) = (&*self.shared.proxy, self.dialect.word());
        match change {
            RawProxy { name: Some(other), .. } if other != name && !other.is_empty() => fixed(&format!("the name of the proxy `{name}`")),
            RawProxy { dialect: Some(other), .. } if other != dialect => fixed(&format!("the dialect {dialect} of the proxy `{name}`")),
            RawProxy { tls: Some(tls), .. } if *tls != self.shared.names.is_some() => fixed("whether a proxy speaks TLS"),
            _ => Ok(()),
        }
    }

    /// What it would be with these, for the bounds.
    fn wanted<'w>(&'w self, upstream: Option<&'w str>, hosts: Option<&'w [String]>) -> Wanted<'w> {
        let (name, tls) = (&*self.shared.proxy, self.shared.names.is_some());
        Wanted { name, upstream: upstream.unwrap_or(&self.upstream), dialect: self.dialect, tls, hosts }
    }

    fn place(&self, name: &str) -> Result<usize, ApiError> {
        let place = self.toxics.iter().position(|entry| entry.active.toxic.name == name);
        place.ok_or_else(|| ApiError::not_found("toxic not found"))
    }

    fn shown(&self, name: &str) -> Result<ToxicView, ApiError> {
        self.place(name).map(|place| self.toxics[place].view(self.footing.manner))
    }

    fn tell(&self, active: &Active, change: &'static str, applied: Applied) {
        let Applied { lo, hi } = applied;
        let (proxy, toxic, touched) = (&*self.shared.proxy, active.toxic.name.as_str(), active.touched());
        self.shared.sight.fault(&FaultChange { proxy, toxic, change, lo, hi, touched });
    }

    pub(super) fn view(&self) -> ProxyView {
        ProxyView {
            name: self.shared.proxy.to_string(),
            listen: self.unopened.clone().unwrap_or_else(|| self.door.address().to_string()),
            upstream: self.upstream.clone(),
            enabled: self.phase != Phase::Disabled,
            dialect: (self.footing.manner == Manner::Lifeboat).then(|| self.dialect.word()),
            tls: (self.footing.manner == Manner::Lifeboat && self.dialect != Dialect::Tcp).then_some(self.shared.names.is_some()),
            hosts: self.hosts.clone(),
            toxics: self.toxics.iter().map(|entry| entry.view(self.footing.manner)).collect(),
            counters: self.shared.counters.clone(),
        }
    }
}

impl Entry {
    /// Begins the lease again; the old length where none is given.
    fn renew(&mut self, ttl_ms: Option<u64>) {
        self.ttl = ttl_ms.map(Duration::from_millis).or(self.ttl);
        if ttl_ms.is_some() {
            // A lease beyond what the clock can hold has no end.
            self.until = self.ttl.and_then(|ttl| Instant::now().checked_add(ttl));
        }
    }

    fn view(&self, manner: Manner) -> ToxicView {
        let ours = manner == Manner::Lifeboat;
        let toxic = &self.active.toxic;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        ToxicView {
            name: toxic.name.clone(),
            kind: toxic.kind(),
            stream: toxic.stream.word(),
            toxicity: toxic.toxicity,
            attributes: toxic.attributes(),
            ttl_ms: self.until.map(|until| millis(until.saturating_duration_since(Instant::now()))),
            applied: ours.then_some(self.applied),
            touched: ours.then(|| self.active.touched()),
        }
    }
}

/// # Errors
/// Where a change names what the toxic is, and otherwise.
fn stays(toxic: &Toxic, change: &RawToxic) -> Result<(), ApiError> {
    let is_other = |field: &Option<String>, own: &str| field.as_deref().is_some_and(|given| !given.is_empty() && given != own);
    let stream = change.stream.as_ref().map(|stream| stream.to_lowercase());
    let fixed = [
        ("name", is_other(&change.name, &toxic.name)),
        ("type", is_other(&change.kind, toxic.kind())),
        ("stream", is_other(&stream, toxic.stream.word())),
    ];
    match fixed.into_iter().find(|(_, is_other)| *is_other) {
        Some((field, _)) => Err(ApiError::bad_request(format!("the {field} of the toxic `{}` cannot be changed", toxic.name))
            .with_hint("remove it and add the other one")),
        None => Ok(()),
    }
}
