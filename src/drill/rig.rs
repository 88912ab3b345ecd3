//! What a drill needs around it: the lab, the fault proxies, the system under test, and the names that stand for their addresses.

mod services;

use super::access::{control, no_address, no_proxy, token};
use super::blast_radius::Rehearsal;
use super::faults::LEAVING;
use super::names::ResolvedNames;
use super::preflight::{self, Preflight};
use super::sight::{SightFollower, SightSummary};
use super::site::{ANY_PORT, RigSite};
use super::standing_note::StandingNote;
use super::system::System;
use super::watchdog::Watchdog;
use super::{DrillStop, keys};
use crate::alert::Receiver;
use crate::control::{self as control_api, Control, Offset};
use crate::history::{Event, PlainToxiproxy, ProxyClock, TokenMinted};
use crate::host::private;
use crate::journal::Recorder;
use crate::lab::{MintedToken, ReferenceGateway, SimulatedProvider};
use crate::model::{SabotageKind, origin_and_path};
use crate::proxy::Proxy;
use crate::redact::Redactor;
use crate::secret::RestoringStore;
use crate::step::{Keyring, Variables};
use crate::traffic::{ClientSettings, FirstLines, Target};
use crate::units::Fingerprint;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// A drill's rig: every process, proxy and task that was started for it, so that one place takes all of them down.
pub(super) struct Rig {
    /// Whom each workload asks.
    pub(super) targets: Vec<Target>,
    /// How each workload asks.
    pub(super) manners: Vec<ClientSettings>,
    /// Whom guards ask, and how, by their places in the scenario.
    pub(super) guarded: BTreeMap<u32, (Target, ClientSettings)>,
    /// What failed answers say.
    pub(super) said: Arc<FirstLines>,
    pub(super) control: Arc<Control>,
    pub(super) variables: Variables,
    pub(super) redactor: Redactor,
    /// The credentials that may be rotated.
    pub(super) keyring: Keyring,
    /// What the proxies see.
    pub(super) seen: watch::Sender<SightSummary>,
    /// The base URL of each provider at its proxy.
    pub(super) ways: BTreeMap<String, String>,
    /// By which the proxies know the providers' keys.
    pub(super) fingerprints: BTreeMap<String, Fingerprint>,
    /// Those that were created for this drill.
    proxies: Vec<String>,
    embedded: Option<Proxy>,
    providers: Vec<SimulatedProvider>,
    gateways: Vec<ReferenceGateway>,
    system: Option<System>,
    sight: Option<JoinHandle<()>>,
    moves: Vec<JoinHandle<()>>,
    tokens: Vec<JoinHandle<()>>,
    watchdog: Option<Watchdog>,
    /// Why what is measured could not be trusted, or nobody would heal after a crash.
    pub(super) hindered: watch::Sender<Option<DrillStop>>,
    alerts: Option<Receiver>,
    /// Faults that are limited to some requests, as long as nothing is broken.
    rehearsal: Rehearsal,
    /// The inventory's stores that the lab writes into.
    kept: Vec<Arc<RestoringStore>>,
    /// Where it is noted what this drill has at a standing proxy.
    noted: Option<PathBuf>,
}

impl Rig {
    /// Opens it with what nobody else could miss: the lab's providers, the control API and its sight. What was opened when something fails
    /// is dropped, which ends it. The names are for [`Rig::connect`].
    pub(super) async fn open(site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(Self, ResolvedNames), DrillStop> {
        let plan = site.plan;
        let (mut names, unread) = ResolvedNames::of(site, preflight).await;
        preflight.need(keys::tell_unread(plan, &unread, site.recorder).await)?;
        let (providers, tokens) = lab(site, &mut names)?;
        let keys = preflight.need(keys::keyring(site, &names, &providers))?;
        let control = preflight.need(control(plan, &names).await)?;
        let (Some((keyring, kept)), Some((control, embedded))) = (keys, control) else { return Err(preflight.stop()) };
        if embedded.is_none() {
            preflight.well(format!("the control API at {} answers", control.url()));
        }
        if keys::rotates(plan) {
            keyring.record_held().await;
        }
        let control = Arc::new(control);
        let Offset { ahead, error } = control.offset();
        if control.offset() != Offset::NONE {
            site.recorder.record(Event::ProxyClock(ProxyClock { ahead, error })).await;
        }
        let (hindered, seen) = (watch::Sender::new(None), watch::Sender::new(SightSummary::default()));
        if let Some(version) = control.plain() {
            if let Some(unable) = control_api::unable(plan, &control.url()) {
                return Err(DrillStop::environment_error(unable));
            }
            site.recorder.record(Event::PlainToxiproxy(PlainToxiproxy { version: version.to_owned() })).await;
        }
        let mut rig = Self {
            targets: Vec::new(),
            manners: Vec::new(),
            guarded: BTreeMap::new(),
            said: Arc::default(),
            control,
            variables: Variables::default(),
            redactor: names.redactor.clone(),
            keyring,
            seen,
            ways: BTreeMap::new(),
            fingerprints: names.keys.iter().map(|(name, key)| (name.clone(), key.fingerprint())).collect(),
            proxies: Vec::new(),
            embedded,
            providers,
            gateways: Vec::new(),
            system: None,
            sight: None,
            moves: Vec::new(),
            tokens,
            watchdog: None,
            hindered,
            alerts: None,
            rehearsal: Rehearsal::default(),
            kept,
            noted: None,
        };
        rig.follow(site).await?;
        Ok((rig, names))
    }

    /// A standing proxy keeps nothing of this drill; one that has gone away has nothing to keep, and one that hangs is not waited for. Whether all
    /// are removed.
    async fn remove_proxies(&self) -> bool {
        let mut removing = tokio::task::JoinSet::new();
        for name in self.proxies.clone() {
            let control = self.control.clone();
            removing.spawn(async move { tokio::time::timeout(LEAVING, control.remove(&name)).await });
        }
        removing.join_all().await.into_iter().all(|removed| matches!(removed, Ok(Ok(()))))
    }

    /// Records what the proxies see. A plain Toxiproxy sees bytes only; then nobody can say who served.
    async fn follow(&mut self, site: &RigSite<'_>) -> Result<(), DrillStop> {
        if !self.control.is_lifeboat() {
            return Ok(());
        }
        let plan = site.plan;
        let (_hello, events) = self.control.events().await.map_err(DrillStop::environment_error)?;
        let follower = SightFollower {
            control: self.control.clone(),
            tag: site.tag,
            recorder: site.recorder.clone(),
            budget: site.budget.clone(),
            providers: plan.providers.keys().map(|name| (name.clone(), plan.credential_of(name).to_owned())).collect(),
            keyring: self.keyring.clone(),
            hindered: self.hindered.clone(),
            is_embedded: self.embedded.is_some(),
            sight: self.seen.clone(),
        };
        self.sight = Some(tokio::spawn(follower.follow(events)));
        Ok(())
    }

    /// Proxies before the providers, then whoever asks them, then the preflight's requests. However far this came, [`Rig::take_down`] ends
    /// it: a standing proxy would keep what a dropped rig forgets.
    pub(super) async fn connect(
        &mut self,
        site: &RigSite<'_>,
        mut names: ResolvedNames,
        preflight: &mut Preflight,
    ) -> Result<(), DrillStop> {
        let plan = site.plan;
        let stand = self.proxies(site, &mut names, preflight).await?;
        preflight::providers(plan, preflight).await;
        if let Some(alerts) = &plan.environment.alerts {
            let token = alerts.token_from.as_deref().map(|variable| token(variable, "the senders of alerts", &names.redactor));
            if let Some(token) = preflight.need(token.transpose())? {
                let awaited = plan.awaited_alerts().map(str::to_owned).collect();
                let receiver = Receiver::start_known_as(&alerts.hosts, &alerts.listen, token, awaited, site.recorder.clone());
                if let Some(receiver) = preflight.need(receiver.await.map_err(DrillStop::environment_error))? {
                    names.values.set("alerts.url", receiver.url());
                    self.alerts = Some(receiver);
                }
            }
        }
        if plan.environment.start.is_some() {
            names.values.set("port", free_port()?.to_string());
        }
        self.asking(site, &mut names, stand, preflight)?;
        if !preflight.is_well() {
            if plan.environment.start.is_none() {
                preflight::unasked(self, site, preflight).await;
            }
            return preflight.so_far();
        }
        if let Some(start) = &plan.environment.start {
            let launch = names.launch(start, site)?;
            site.recorder.record(launch.awaited()).await;
            self.system = Some(System::start(&launch, site.http).await?);
            preflight.well("the system under test is ready");
            site.recorder.record(preflight::awaited(start.warm_up)).await;
        }
        preflight.need(self.rehearsal.begin(&self.control, plan).await)?;
        // A warm-up would only say that it was answered badly.
        preflight::services(self, site, preflight).await?;
        preflight.so_far()?;
        self.variables = names.values;
        Ok(())
    }

    /// The proxies and what goes with them; whether all of them stand.
    async fn proxies(&mut self, site: &RigSite<'_>, names: &mut ResolvedNames, preflight: &mut Preflight) -> Result<bool, DrillStop> {
        let (plan, mut stand) = (site.plan, true);
        let mut note = self.note(site, names).await?;
        for (name, provider) in &plan.providers {
            let Some(upstream) = names.upstream.get(name) else {
                (_, stand) = (preflight.need::<()>(Err(no_address(name)))?, false);
                continue;
            };
            let (origin, path) = origin_and_path(upstream);
            let place = plan.environment.proxies.get(name).cloned().unwrap_or_default();
            let opened = match self.control.create(name, &place, origin, provider.dialect).await {
                Ok(opened) => opened,
                Err(error) => {
                    (_, stand) = (preflight.wrong(no_proxy(name, &error, plan)), false);
                    continue;
                }
            };
            if !opened.was_there {
                self.proxies.push(name.clone());
                let made = note.iter_mut().flat_map(|note| &mut note.made).filter(|made| made.name == *name);
                made.for_each(|made| made.listen = Some(opened.listen.clone()));
            }
            preflight.well(format!("the proxy of {name} listens on {}", opened.listen));
            let scheme = if place.tls { "https" } else { "http" };
            let url = format!("{scheme}://{}{path}", opened.listen);
            self.ways.insert(name.clone(), url.clone());
            names.values.set(format!("proxy.{name}.url"), url);
            if let Some((host, port)) = opened.listen.rsplit_once(':') {
                names.values.set(format!("proxy.{name}.host"), host.trim_matches(['[', ']']));
                names.values.set(format!("proxy.{name}.port"), port);
            }
            names.values.set(format!("proxy.{name}.address"), opened.listen);
        }
        if let Some(note) = &note {
            note.keep(site.folder).map_err(|error| unnoted(site, &error))?;
        }
        if stand && plan.environment.proxies.values().any(|place| place.tls) {
            let (file, pem) = (site.folder.join("authority.pem"), self.control.authority().await.map_err(DrillStop::environment_error)?);
            private::write(&file, pem.as_bytes())
                .map_err(|error| DrillStop::environment(format!("{} cannot be written: {error}", file.display())))?;
            names.values.set("proxy.authority", file.display().to_string());
        }
        if stand && !self.control.is_lifeboat() {
            let proxies: Vec<&String> = plan.providers.keys().collect();
            self.watchdog = Some(Watchdog::start(site.supervisor, &self.control.url(), &proxies, self.hindered.clone())?);
        }
        Ok(stand)
    }

    /// Notes what this drill will have at a standing proxy; `None` where it has its own.
    async fn note(&mut self, site: &RigSite<'_>, names: &ResolvedNames) -> Result<Option<StandingNote>, DrillStop> {
        let Some(binding) = site.plan.environment.control.as_ref().filter(|_| site.stays) else { return Ok(None) };
        let there = self.control.found().await.map_err(DrillStop::environment_error)?;
        let wanted = names.upstream.iter().filter(|(name, _)| site.plan.providers.contains_key(*name));
        let wanted = wanted.map(|(name, upstream)| (name.clone(), origin_and_path(upstream).0.to_owned())).collect();
        let note = StandingNote::before(binding, wanted, &there);
        note.keep(site.folder).map_err(|error| unnoted(site, &error))?;
        self.noted = Some(site.folder.to_owned());
        Ok(Some(note))
    }

    /// Nothing is rehearsed any more: what comes is meant.
    pub(super) async fn end_rehearsal(&mut self) {
        self.rehearsal.end(&self.control).await;
    }

    /// Ends everything that was started and puts back what was written into stores; returns when the last sight is recorded.
    pub(super) async fn take_down(mut self, recorder: &Recorder) {
        // From here on what ends is meant to.
        self.hindered.send_replace(Some(DrillStop::environment("the drill has ended")));
        self.end_rehearsal().await;
        keys::put_back(&self.kept, recorder, &self.redactor).await;
        if let Some(system) = self.system.take() {
            system.stop().await;
        }
        if let Some(alerts) = self.alerts.take() {
            alerts.stop().await;
        }
        for gateway in std::mem::take(&mut self.gateways) {
            gateway.stop().await;
        }
        let removed = self.remove_proxies().await;
        // Where something may be left, the watchdog takes over. Of a proxy that stood there already only the read-back of each heal tells.
        let healed = removed && self.control.unhealed().is_empty();
        if let Some(folder) = self.noted.take().filter(|_| healed) {
            // What stays noted is found at the next start, and is no harm.
            let _ = StandingNote::forget(&folder);
        }
        if let Some(watchdog) = self.watchdog.take().filter(|_| healed) {
            watchdog.dismiss().await;
        }
        match self.embedded.take() {
            // Its end is the end of its events: the last of them is recorded before this returns.
            Some(proxy) => {
                proxy.stop().await;
                if let Some(sight) = self.sight.take() {
                    let _ = sight.await;
                }
            }
            None => {
                if let Some(sight) = self.sight.take() {
                    sight.abort();
                    let _ = sight.await;
                }
            }
        }
        for moves in std::mem::take(&mut self.moves) {
            let _ = moves.await;
        }
        for provider in self.providers {
            provider.stop().await;
        }
        for tokens in self.tokens {
            let _ = tokens.await;
        }
    }
}

fn unnoted(site: &RigSite<'_>, error: &std::io::Error) -> DrillStop {
    DrillStop::environment(format!("what the drill has at the standing proxy cannot be noted in {}: {error}", site.folder.display()))
        .with_hint("make room on the disk, or choose another folder with `--out`")
}

/// The lab's providers, where they are simulated, and what records the tokens that they mint.
fn lab(site: &RigSite<'_>, names: &mut ResolvedNames) -> Result<(Vec<SimulatedProvider>, Vec<JoinHandle<()>>), DrillStop> {
    let plan = site.plan;
    let (mut providers, mut tokens) = (Vec::new(), Vec::new());
    for (name, provider) in plan.providers.iter().filter(|_| plan.environment.embedded) {
        let seed = site.seed.derive(name);
        let simulated = SimulatedProvider::start(name, provider, names.key(name), seed, ANY_PORT).map_err(DrillStop::environment_error)?;
        let is_dead = plan.sabotaged(SabotageKind::StandbyDead) == Some(name.as_str());
        names.upstream.insert(name.clone(), if is_dead { nowhere(&simulated.base_url()) } else { simulated.base_url() });
        simulated.takes(plan.kind_of(provider));
        if plan.sabotaged(SabotageKind::RevocationIgnored) == Some(name.as_str()) {
            simulated.ignores_revocations();
        }
        let credential = plan.credential_of(name).to_owned();
        tokens.push(tokio::spawn(record_tokens(simulated.minted_tokens(), credential, site.recorder.clone())));
        providers.push(simulated);
    }
    Ok((providers, tokens))
}

async fn record_tokens(mut minted: mpsc::Receiver<MintedToken>, credential: String, recorder: Recorder) {
    while let Some(MintedToken { at, token, from, life }) = minted.recv().await {
        let life = u64::try_from(life.as_nanos()).unwrap_or(u64::MAX);
        let event = TokenMinted { credential: credential.clone(), token, from, at: recorder.clock().at(at), life };
        recorder.record(Event::TokenMinted(event)).await;
    }
}

/// Where nobody listens: in the place of a provider that is dead on purpose.
fn nowhere(url: &str) -> String {
    // Port 1 is for the system alone, and nothing has used it for decades.
    format!("http://{}:1{}", ANY_PORT.ip(), origin_and_path(url).1)
}

/// A port that was free a moment ago. Whoever is told to listen on it finds out whether it still is.
fn free_port() -> Result<u16, DrillStop> {
    let listener = std::net::TcpListener::bind(ANY_PORT).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| {
        DrillStop::environment(format!("no free port on loopback: {error}")).with_hint("end programs that hold many connections")
    })
}
