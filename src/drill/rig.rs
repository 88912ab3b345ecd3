//! What a drill needs around it: the lab, the fault proxies, the system under test, and the names that stand for their addresses.

use super::names::{ResolvedNames, text_of};
use super::preflight::{self, Preflight, Trouble, ground};
use super::sight::{SightFollower, SightSummary};
use super::system::System;
use super::watchdog::Watchdog;
use super::{DrillStop, keys, manner};
use crate::alert::Receiver;
use crate::control::{self, Control, ControlError, Offset};
use crate::history::{Event, Gateway, PlainToxiproxy, ProxyClock, StopReason, TokenMinted};
use crate::host::private;
use crate::journal::{self, Recorder};
use crate::lab::{MintedToken, Move, ReferenceGateway, SimulatedProvider, Upstream};
use crate::model::{ControlBinding, DrillPlan, NamedWorkload, Operation, SecretSource, ServiceBinding, origin_and_path};
use crate::proxy::{Proxy, ProxySettings};
use crate::redact::Redactor;
use crate::secret::RestoringStore;
use crate::step::{Keyring, Variables};
use crate::traffic::{Budget, ClientSettings, FirstLines, Target};
use crate::units::{Fingerprint, Secret, Seed};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A drill's rig: every process, proxy and task that was started for it, so that one place takes all of them down.
pub(super) struct Rig {
    /// Whom each workload asks.
    pub(super) targets: Vec<Target>,
    /// How each workload asks.
    pub(super) manners: Vec<ClientSettings>,
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
    /// The inventory's stores that the lab writes into.
    kept: Vec<Arc<RestoringStore>>,
}

/// What a rig is built from: the plan with its seed, the paths, and the recorder of its events.
pub(super) struct RigSite<'a> {
    pub(super) plan: &'a DrillPlan,
    pub(super) seed: Seed,
    pub(super) tag: u32,
    pub(super) root: &'a Path,
    pub(super) supervisor: &'a Path,
    pub(super) folder: &'a Path,
    /// Whether that is still there when the drill has ended.
    pub(super) stays: bool,
    pub(super) recorder: &'a Recorder,
    pub(super) http: &'a reqwest::Client,
    pub(super) budget: &'a Arc<Budget>,
    /// What the inventory names as secret besides the plan.
    pub(super) secrets: &'a BTreeSet<SecretSource>,
}

impl Rig {
    /// Opens it with what nobody else could miss: the lab's providers, the control API and its sight. What was opened when something fails
    /// is dropped, which ends it. The names are for [`Rig::connect`].
    pub(super) async fn open(site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(Self, ResolvedNames), DrillStop> {
        let plan = site.plan;
        let (mut names, unread) = ResolvedNames::of(site, preflight).await;
        preflight.need(keys::tell_unread(plan, &unread, site.recorder).await)?;
        let (mut providers, mut tokens) = (Vec::new(), Vec::new());
        if plan.environment.embedded {
            for (name, provider) in &plan.providers {
                let seed = site.seed.derive(name);
                let simulated =
                    SimulatedProvider::start(name, provider, names.key(name), seed, ANY_PORT).map_err(DrillStop::environment_error)?;
                names.upstream.insert(name.clone(), simulated.base_url());
                simulated.takes(plan.kind_of(provider));
                let credential = plan.credential_of(name).to_owned();
                tokens.push(tokio::spawn(record_tokens(simulated.minted_tokens(), credential, site.recorder.clone())));
                providers.push(simulated);
            }
        }
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
            if let Some(unable) = control::unable(plan, &control.url()) {
                return Err(DrillStop::environment_error(unable));
            }
            site.recorder.record(Event::PlainToxiproxy(PlainToxiproxy { version: version.to_owned() })).await;
        }
        // A plain Toxiproxy sees bytes only; then nobody can say who served.
        let sight = if control.is_lifeboat() {
            let (_hello, events) = control.events().await.map_err(DrillStop::environment_error)?;
            let follower = SightFollower {
                control: control.clone(),
                tag: site.tag,
                recorder: site.recorder.clone(),
                budget: site.budget.clone(),
                providers: plan.providers.keys().map(|name| (name.clone(), plan.credential_of(name).to_owned())).collect(),
                keyring: keyring.clone(),
                hindered: hindered.clone(),
                is_embedded: embedded.is_some(),
                sight: seen.clone(),
            };
            Some(tokio::spawn(follower.follow(events)))
        } else {
            None
        };
        let rig = Self {
            targets: Vec::new(),
            manners: Vec::new(),
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
            sight,
            moves: Vec::new(),
            tokens,
            watchdog: None,
            hindered,
            alerts: None,
            kept,
        };
        Ok((rig, names))
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
        // A warm-up would only say that it was answered badly.
        preflight::services(self, site, preflight).await?;
        preflight.so_far()?;
        self.variables = names.values;
        Ok(())
    }

    /// The proxies and what goes with them; whether all of them stand.
    async fn proxies(&mut self, site: &RigSite<'_>, names: &mut ResolvedNames, preflight: &mut Preflight) -> Result<bool, DrillStop> {
        let (plan, mut stand) = (site.plan, true);
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

    /// Whom each workload asks, and how. Without every proxy only those whose address is known anyway.
    fn asking(&mut self, site: &RigSite<'_>, names: &mut ResolvedNames, stand: bool, preflight: &mut Preflight) -> Result<(), DrillStop> {
        let plan = site.plan;
        let mut services: BTreeMap<String, Target> = BTreeMap::new();
        for (place, each) in plan.workloads.iter().enumerate() {
            let binding = plan.environment.services.get(&each.service_name);
            let known = binding.filter(|binding| !binding.url.contains("${")).map(|binding| bare(binding, site.root));
            if !stand || names.lacks && binding.is_some_and(|binding| text_of(binding).contains("${credential.")) {
                // What follows from what was told already is not told again; whether it can be reached is.
                if let Some((target, manner)) = known {
                    self.targets.push(target);
                    self.manners.push(manner);
                }
                continue;
            }
            let target = match services.get(&each.service_name) {
                Some(target) => Ok(target.clone()),
                None => self.serve(site, names, each, place == 0),
            };
            let manner = manner::of(each, plan, site.seed, site.root, names);
            let asked = preflight.need(target)?.zip(preflight.need(manner)?);
            services.extend(asked.iter().map(|(target, _)| (each.service_name.clone(), target.clone())));
            if let Some((target, manner)) = asked.or(known) {
                self.targets.push(target);
                self.manners.push(manner);
            }
        }
        Ok(())
    }

    /// Where a service answers; its gateway is started where it has none of its own. What the first is called has shorter names too.
    fn serve(&mut self, site: &RigSite<'_>, names: &mut ResolvedNames, named: &NamedWorkload, first: bool) -> Result<Target, DrillStop> {
        let (plan, name) = (site.plan, &named.service_name);
        let service = plan.environment.services.get(name);
        let operation = named.workload.request.operation();
        let own = || plan.providers.get(named.service.primary()).map_or("gpt-4o", |provider| provider.model_for(operation));
        let model = service.and_then(|service| service.model.as_deref()).unwrap_or_else(own).to_owned();
        let keys = manner::keys(service, name)?;
        let key = match service.and_then(|service| service.key_from.as_deref()) {
            Some(variable) => manner::key(variable, name)?,
            None if !keys.is_empty() => keys[0].clone(),
            None => lab_key(site.seed, &if first { "service".to_owned() } else { format!("service {name}") }),
        };
        if first {
            names.values.set("service.key", key.clone());
        }
        let mut replicas = Vec::new();
        if let Some(service) = service {
            for url in std::iter::once(&service.url).filter(|_| service.replicas.is_empty()).chain(&service.replicas) {
                replicas.push(names.expand(url)?);
            }
        } else if plan.environment.embedded && plan.environment.start.is_none() {
            replicas = self.gateways(site, names, named, &key)?;
        }
        let base_url = replicas.first().cloned().ok_or_else(|| {
            DrillStop::environment(format!("the environment `{}` does not say where {name} answers", plan.environment_name))
                .with_hint(format!("add `services: {{{name}: {{url: …}}}}` to it"))
        })?;
        names.redactor.learn(&format!("clients of {name}"), &key);
        for (place, key) in keys.iter().enumerate().skip(1) {
            names.redactor.learn(&format!("client {} of {name}", place + 1), key);
        }
        if first {
            names.values.set("service.url", base_url.clone());
            names.values.set("gateway.url", base_url.clone());
            for (place, url) in replicas.iter().enumerate() {
                names.values.set(format!("replica.{}.url", place + 1), url.clone());
            }
        }
        Ok(Target { base_url, dialect: plan.environment.dialect_of(name), model, key, replicas })
    }

    /// Starts the reference gateway's replicas; their base URLs.
    fn gateways(
        &mut self,
        site: &RigSite<'_>,
        names: &ResolvedNames,
        named: &NamedWorkload,
        client: &Secret,
    ) -> Result<Vec<String>, DrillStop> {
        let plan = site.plan;
        let upstream = |name: &String| {
            let provider = plan.providers.get(name)?;
            let base_url = names.values.get(&format!("proxy.{name}.url"))?.to_owned();
            let (key, model) = (names.key(name), provider.chat_model().to_owned());
            let embedding_model = provider.model_for(Operation::Embeddings).to_owned();
            let store = self.keyring.store(plan.credential_of(name));
            let kind = plan.kind_of(provider);
            Some(Upstream { name: name.clone(), dialect: provider.dialect, base_url, key, kind, store, model, embedding_model })
        };
        let upstreams: Vec<Upstream> = named.service.providers.iter().filter_map(upstream).collect();
        let settings = &plan.environment.gateway;
        let mut replicas = Vec::new();
        for _ in 0..settings.replicas {
            let (each, sharing) = (upstreams.clone(), named.service.primaries().len());
            let gateway =
                ReferenceGateway::start_shared(settings, each, sharing, client.clone(), ANY_PORT).map_err(DrillStop::environment_error)?;
            replicas.push(gateway.base_url());
            self.moves.push(tokio::spawn(record_moves(gateway.moves(), site.recorder.clone())));
            self.gateways.push(gateway);
        }
        Ok(replicas)
    }

    /// Ends everything that was started and puts back what was written into stores; returns when the last sight is recorded.
    pub(super) async fn take_down(mut self, recorder: &Recorder) {
        // From here on what ends is meant to.
        self.hindered.send_replace(Some(DrillStop::environment("the drill has ended")));
        keys::put_back(&self.kept, recorder, &self.redactor).await;
        if let Some(system) = self.system.take() {
            system.stop().await;
        }
        if let Some(alerts) = self.alerts.take() {
            alerts.stop().await;
        }
        for gateway in self.gateways {
            gateway.stop().await;
        }
        let mut removed = true;
        for name in &self.proxies {
            // A standing proxy keeps nothing of this drill; one that has gone away has nothing to keep.
            removed &= self.control.remove(name).await.is_ok();
        }
        // Where something may be left, the watchdog takes over. Of a proxy that stood there already only the read-back of each heal tells.
        let healed = removed && self.control.unhealed().is_empty();
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
        for moves in self.moves {
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

/// A control API: a standing proxy's, or that of one that is started here.
async fn control(plan: &DrillPlan, names: &ResolvedNames) -> Result<(Control, Option<Proxy>), DrillStop> {
    if let Some(ControlBinding { url, token_from }) = &plan.environment.control {
        let token = token_from.as_deref().map(|variable| token(variable, &format!("the control API at {url}"), &names.redactor));
        let token = token.transpose()?;
        let control = Control::connect_with(url, token.as_ref().map(Secret::expose)).await;
        return Ok((control.map_err(|error| no_control(error, token_from.as_deref()))?, None));
    }
    // Others on this host find its port. What they do not find is the token, which is in this process's memory only.
    let random =
        journal::random().map_err(|error| DrillStop::environment(format!("no random bytes for the control API's token: {error}")))?;
    let token = Secret::new(format!("{:032x}", u128::from_ne_bytes(random)));
    names.redactor.learn("the control API of this drill", &token);
    let settings = ProxySettings { token: Some(token.clone()), places: Some(names.places(plan)), ..ProxySettings::at(ANY_PORT) };
    let proxy = Proxy::start_with(settings).await.map_err(DrillStop::environment_error)?;
    let url = format!("http://{}", proxy.api());
    let control = Control::connect_with(&url, Some(token.expose())).await.map_err(DrillStop::environment_error)?;
    Ok((control, Some(proxy)))
}

/// Why a control API does not let a drill in, with the setting that says who asks.
fn no_control(error: ControlError, token_from: Option<&str>) -> DrillStop {
    let ControlError::Refused { url, status: status @ (401 | 403), error, hint, .. } = &error else {
        return DrillStop::environment_error(error);
    };
    let problem = match token_from {
        Some(variable) if *status == 401 => (
            format!("the control API at {url} does not take the token in {variable}"),
            format!("export {variable}=… with the token that it was started with"),
        ),
        None if *status == 401 => (
            format!("the control API at {url} asks for a token"),
            "write `token_from: 'env:NAME'` beside the `url:` of `control:`, and export NAME=…".to_owned(),
        ),
        _ => {
            let refused = DrillStop::environment(format!("the control API at {url} refused this drill (status {status}): {error}"));
            return DrillStop { hint: hint.clone(), ..refused };
        }
    };
    DrillStop::environment(problem.0).with_hint(problem.1)
}

/// A token in the environment, without white space around it. The redactor knows it from now on.
fn token(variable: &str, whose: &str, redactor: &Redactor) -> Result<Secret, DrillStop> {
    ground::token(variable, whose)?;
    let token = std::env::var(variable).map(Secret::new).unwrap_or_default().trimmed();
    redactor.learn(whose, &token);
    Ok(token)
}

async fn record_moves(mut moves: mpsc::UnboundedReceiver<Move>, recorder: Recorder) {
    while let Some(Move { at, provider, breaker }) = moves.recv().await {
        recorder.record(Event::Gateway(Gateway { at: recorder.clock().at(at), provider, breaker })).await;
    }
}

async fn record_tokens(mut minted: mpsc::Receiver<MintedToken>, credential: String, recorder: Recorder) {
    while let Some(MintedToken { at, token, from, life }) = minted.recv().await {
        let life = u64::try_from(life.as_nanos()).unwrap_or(u64::MAX);
        let event = TokenMinted { credential: credential.clone(), token, from, at: recorder.clock().at(at), life };
        recorder.record(Event::TokenMinted(event)).await;
    }
}

/// A key that only the lab of this drill accepts.
pub fn lab_key(seed: Seed, whose: &str) -> Secret {
    let key = Secret::new(format!("sk-lab-{}", seed.derive(&format!("key of {whose}"))));
    crate::lab::keylog::made(whose, &key);
    key
}

/// A service, as far as it takes to reach it.
fn bare(binding: &ServiceBinding, root: &Path) -> (Target, ClientSettings) {
    let target = Target {
        base_url: binding.url.clone(),
        dialect: binding.dialect,
        model: String::new(),
        key: Secret::default(),
        replicas: binding.replicas.clone(),
    };
    let authority = binding.ca.as_ref().map(|path| root.join(path));
    (target, ClientSettings { authority, proxy: binding.proxy.clone(), ..ClientSettings::default() })
}

/// Why a proxy does not stand, with the setting that says where.
fn no_proxy(name: &str, error: &ControlError, plan: &DrillPlan) -> Trouble {
    let setting = format!("`listen:` of `{name}` under `proxies:` of the environment `{}`", plan.environment_name);
    match error {
        ControlError::Refused { error: said, .. } if error.is_address_in_use() => Trouble::new(
            format!("the proxy of {name} cannot listen there: {said}"),
            format!("choose another port for {setting}, or end what listens there"),
        ),
        other => DrillStop::of(StopReason::Environment, other).into(),
    }
}

fn no_address(name: &str) -> DrillStop {
    DrillStop::environment(format!("the provider `{name}` has no base_url, and this environment does not imitate it"))
        .with_hint("add `base_url:` to it in the inventory")
}

/// A port that was free a moment ago. Whoever is told to listen on it finds out whether it still is.
fn free_port() -> Result<u16, DrillStop> {
    let listener = std::net::TcpListener::bind(ANY_PORT).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| {
        DrillStop::environment(format!("no free port on loopback: {error}")).with_hint("end programs that hold many connections")
    })
}
