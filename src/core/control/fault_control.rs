//! Proxies and faults of one control API, each change read back.

use super::control_client::{ControlClient, ControlReply, read};
use super::difference::{is_shown, is_well, occupied};
use super::plain::{self, DOWN, Means, means, toxic_name};
use super::unhealed::Unhealed;
use super::{ControlError, EventReader, Offset};
use crate::api::{ApiError, AppliedSpan, ProxyEvent, ProxyRecord, ProxyRequest, SparedRecord, ToxicRecord, VersionRecord};
use crate::fault::{RawToxic, Stream, Toxic};
use crate::journal::{HostTime, boot_id};
use crate::model::{Aim, Dialect, Fault, ProxyBinding};
use crate::permission::LeverAnswer;
use crate::units::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How often the time is asked to measure an offset.
const QUESTIONS: u32 = 8;

/// A control API that has answered.
#[derive(Debug)]
pub struct Control {
    api: ControlClient,
    server: ServerKind,
    injected: AtomicU64,
    offset: Mutex<Offset>,
    unhealed: Unhealed,
}

/// Kind of the server that answers: ours, or a plain Toxiproxy.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ServerKind {
    Lifeboat { boot_id: String },
    Toxiproxy { version: String },
}

/// A fault that the read-back showed in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injected {
    /// Its name on that proxy.
    pub toxic: String,
    /// Before it came into force.
    pub lo: HostTime,
    /// It was in force on every connection.
    pub hi: HostTime,
}

/// A proxy that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Where it listens, as `host:port`.
    pub listen: String,
    /// True where it stood there before, leading to the same place: it is to stay.
    pub was_there: bool,
}

/// A proxy as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundProxy {
    /// Its name.
    pub name: String,
    /// Where it listens, as `host:port`.
    pub listen: String,
    /// Where it leads.
    pub upstream: String,
    /// Whether it takes connections.
    pub enabled: bool,
    /// The names of its toxics.
    pub toxics: Vec<String>,
}

impl FoundProxy {
    /// True where it carries everything as it comes.
    pub const fn is_well(&self) -> bool {
        self.enabled && self.toxics.is_empty()
    }

    /// What is in force on it, in words.
    pub fn faults(&self) -> String {
        let disabled = (!self.enabled).then(|| "disabled".to_owned());
        disabled.into_iter().chain(self.toxics.iter().cloned()).collect::<Vec<_>>().join(", ")
    }

    /// What healing it did, in words.
    pub fn healed(&self) -> String {
        let enabled = (!self.enabled).then(|| "enabled".to_owned());
        let removed = self.toxics.iter().map(|toxic| format!("removed {toxic}"));
        format!("{}: {}", self.name, enabled.into_iter().chain(removed).collect::<Vec<_>>().join(", "))
    }
}

/// A fault that the read-back showed gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healed {
    /// Before it ended.
    pub lo: HostTime,
    /// It had ended on every connection.
    pub hi: HostTime,
    /// Requests it touched; connections where the proxy sees only bytes. `None` where the server does not count.
    pub touched: Option<u64>,
    /// True where it had already ended by itself.
    pub expired: bool,
    /// What it left alone, where it was limited to some requests and the server counts that.
    pub spared: Option<SparedRecord>,
    /// Why the server's clock could not be measured just then; its moments are by an older measurement.
    pub unmeasured: Option<String>,
}

impl Control {
    /// Reads the version of the control API at `url`, which tells whose it is.
    ///
    /// # Errors
    /// Where nobody answers there, or not as a control API does.
    pub async fn connect(url: &str) -> Result<Self, ControlError> {
        Self::connect_with(url, None).await
    }

    /// The same for a control API that asks for a token.
    ///
    /// # Errors
    /// As [`Control::connect`], and where it does not take the token, or is not called so.
    pub async fn connect_with(url: &str, token: Option<&str>) -> Result<Self, ControlError> {
        let api = ControlClient::to(url, token)?;
        let reply = api.ask(Method::GET, &["version"], None, "report its version").await.map_err(|error| match error {
            // Nothing was asked to change, so nothing is in doubt.
            ControlError::Unknown { url, problem, .. } => ControlError::NotControl { url, problem },
            other => other,
        })?;
        if matches!(reply.status, 401 | 403) {
            return Err(api.refused(&reply, "report its version"));
        }
        let Some(told) = reply.read::<VersionRecord>().filter(|_| reply.status == 200) else {
            let problem = format!("status {} and no version", reply.status);
            return Err(ControlError::NotControl { url: api.url(), problem: problem.into() });
        };
        let server = match (told.lifeboat, told.boot_id) {
            (Some(_), Some(boot_id)) => ServerKind::Lifeboat { boot_id },
            _ => ServerKind::Toxiproxy { version: told.version },
        };
        let control = Self { api, server, injected: AtomicU64::new(0), offset: Mutex::new(Offset::NONE), unhealed: Unhealed::default() };
        control.measure().await?;
        Ok(control)
    }

    /// True where the server has leases, dialects, faults on requests and sight.
    pub fn is_lifeboat(&self) -> bool {
        self.plain().is_none()
    }

    /// The version of a plain Toxiproxy; `None` for a server of our own.
    pub fn plain(&self) -> Option<&str> {
        match &self.server {
            ServerKind::Toxiproxy { version } => Some(version),
            ServerKind::Lifeboat { .. } => None,
        }
    }

    /// Faults that were asked for on a server without leases and that no read-back has shown gone, each with its proxy: also those of which
    /// it is not known whether they ever came into force.
    pub fn unhealed(&self) -> Vec<(String, String)> {
        self.unhealed.all()
    }

    /// The boot of the server's host; `None` for a plain Toxiproxy.
    pub fn boot_id(&self) -> Option<&str> {
        match &self.server {
            ServerKind::Lifeboat { boot_id } => Some(boot_id),
            ServerKind::Toxiproxy { .. } => None,
        }
    }

    /// How the server's clock was last measured to stand to ours; [`Offset::NONE`] where it is ours.
    pub fn offset(&self) -> Offset {
        // A panic while the lock was held leaves a value that is whole.
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the server the time, unless its clock is known to be ours.
    async fn measure(&self) -> Result<(), ControlError> {
        let ServerKind::Lifeboat { boot_id: theirs } = &self.server else { return Ok(()) };
        let mut best: Option<Offset> = None;
        for _ in 0..QUESTIONS {
            let sent = HostTime::now();
            let reply = self.api.call(Method::GET, &["version"], None, "report its time").await?;
            let now = read::<VersionRecord>(&reply).and_then(|version| version.now);
            let stamped = now.ok_or_else(|| self.api.not_shown("report its time", &reply))?;
            let offset = Offset::of(sent, stamped, HostTime::now());
            if *theirs == boot_id() && offset.may_be_none() {
                best = Some(Offset::NONE);
                break;
            }
            best = Some(best.filter(|best| best.error <= offset.error).unwrap_or(offset));
        }
        if let Some(best) = best {
            *self.offset.lock().unwrap_or_else(PoisonError::into_inner) = best;
        }
        Ok(())
    }

    /// The address of the control API.
    pub fn url(&self) -> String {
        self.api.url()
    }

    /// Creates a proxy and reads back where it listens. Its port may be 0. One of that name that leads to the same place, and is as well as
    /// a new one, is taken as it stands.
    ///
    /// # Errors
    /// Where the server refuses (the name or the address is taken) or the read-back shows another proxy.
    pub async fn create(&self, name: &str, place: &ProxyBinding, upstream: &str, dialect: Dialect) -> Result<Opened, ControlError> {
        let listen = place.listen.as_deref().unwrap_or("127.0.0.1:0");
        let what = format!("create the proxy `{name}`");
        let wanted = ProxyRequest {
            name: Some(name.to_owned()),
            listen: Some(listen.to_owned()),
            upstream: Some(upstream.to_owned()),
            enabled: Some(true),
            dialect: Some(dialect.word().to_owned()),
            tls: place.tls.then_some(true),
            hosts: Some(place.hosts.clone()).filter(|hosts| !hosts.is_empty()),
        };
        let wanted = if self.is_lifeboat() { wanted } else { self.plain_request(wanted, dialect)? };
        let reply = self.api.ask(Method::POST, &["proxies"], Some(&json!(wanted)), &what).await?;
        match reply.status {
            200..300 => {}
            409 => return self.adopt(name, &wanted).await,
            _ => return Err(self.api.refused(&reply, &what)),
        }
        let shown = self.api.call(Method::GET, &["proxies", name], None, &what).await?;
        match read::<ProxyRecord>(&shown) {
            Some(proxy) if is_well(&proxy, &wanted) => Ok(Opened { listen: proxy.listen, was_there: false }),
            _ => Err(self.api.not_shown(&what, &shown)),
        }
    }

    /// Takes a proxy that stands there already, where it is the one that is wanted.
    async fn adopt(&self, name: &str, wanted: &ProxyRequest) -> Result<Opened, ControlError> {
        let shown = self.api.call(Method::GET, &["proxies", name], None, &format!("show the proxy `{name}`")).await?;
        let Some(proxy) = read::<ProxyRecord>(&shown) else { return Err(self.api.not_shown(&format!("show the proxy `{name}`"), &shown)) };
        match occupied(&proxy, wanted) {
            None => Ok(Opened { listen: proxy.listen, was_there: true }),
            Some(occupied) => Err(ControlError::taken(self.api.url(), name, &occupied)),
        }
    }

    /// The same for a plain Toxiproxy, which sees only bytes.
    fn plain_request(&self, wanted: ProxyRequest, dialect: Dialect) -> Result<ProxyRequest, ControlError> {
        if wanted.tls == Some(true) {
            return Err(self.unsupported("TLS towards the gateway".into()));
        }
        let upstream = wanted.upstream.unwrap_or_default();
        let upstream = plain::address(&upstream, dialect).ok_or_else(|| self.unsupported(format!("TLS towards {upstream}")))?;
        Ok(ProxyRequest { upstream: Some(upstream), dialect: None, tls: None, hosts: None, ..wanted })
    }

    /// The certificate, in PEM, of the authority that signs for proxies with TLS.
    ///
    /// # Errors
    /// Where the server has none.
    pub async fn authority(&self) -> Result<String, ControlError> {
        let what = "show its authority";
        let response = self.api.send(self.api.request(Method::GET, &["authority"]), what).await?;
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap_or_default());
        if status == 200 && text.contains("BEGIN CERTIFICATE") { Ok(text) } else { Err(self.unsupported("authority".into())) }
    }

    /// Removes a proxy and with it its faults; its connections are closed.
    ///
    /// # Errors
    /// Where the server refuses or still shows it.
    pub async fn remove(&self, name: &str) -> Result<(), ControlError> {
        let what = format!("remove the proxy `{name}`");
        self.api.call(Method::DELETE, &["proxies", name], None, &what).await?;
        self.gone(&["proxies", name], &what).await?;
        self.unhealed.forget_proxy(name);
        Ok(())
    }

    /// Puts a fault on the requests of this aim into force for `ttl`, where the server has leases, and reads it back.
    ///
    /// # Errors
    /// Where the server cannot play it, refuses, or the read-back does not show it as it was asked for.
    pub async fn inject(&self, proxy: &str, fault: &Fault, aim: &Aim, ttl: Duration) -> Result<Injected, ControlError> {
        let name = format!("{}-{}", fault.word(), self.injected.fetch_add(1, Ordering::Relaxed) + 1);
        let what = format!("inject `{fault}{aim}` on `{proxy}`");
        if self.is_lifeboat() {
            // Clocks drift: what is known of theirs must be as old as the call.
            self.measure().await?;
            let Some(toxic) = Toxic::planned(name, fault, aim) else { return Err(self.unsupported(format!("fault `{}`", fault.word()))) };
            let raw = RawToxic { ttl_ms: Some(lease(ttl)), ..raw(&toxic) };
            self.unhealed.note(proxy, &toxic.name);
            self.api.call(Method::POST, &["proxies", proxy, "toxics"], Some(&json!(raw)), &what).await?;
            let shown = self.read_back(proxy, &toxic, &what).await?;
            let Some(applied) = shown.applied else { return Err(self.api.not_shown(&what, &json!(shown))) };
            let (lo, hi) = self.applied(applied);
            return Ok(Injected { toxic: toxic.name, lo, hi });
        }
        let lo = HostTime::now();
        let toxic = match means(fault) {
            Means::None => return Err(self.unsupported(format!("fault `{}`", fault.word()))),
            _ if !aim.is_everything() => return Err(self.unsupported(format!("fault `{}` on some requests", fault.word()))),
            Means::Down => {
                self.unhealed.note(proxy, DOWN);
                self.enable(proxy, false, &what).await?;
                DOWN.to_owned()
            }
            Means::Toxics(effect, streams) => {
                self.unhealed.note(proxy, &name);
                for stream in streams {
                    let toxic = Toxic { stream: *stream, ..Toxic::of(toxic_name(&name, *stream), effect.clone()) };
                    self.api.call(Method::POST, &["proxies", proxy, "toxics"], Some(&json!(raw(&toxic))), &what).await?;
                    self.read_back(proxy, &toxic, &what).await?;
                }
                name
            }
        };
        Ok(Injected { toxic, lo, hi: HostTime::now() })
    }

    /// Begins a fault's lease again. Does nothing where the server has no leases.
    ///
    /// # Errors
    /// Where the server refuses: with status 404 the fault has already ended.
    pub async fn renew(&self, proxy: &str, toxic: &str, ttl: Duration) -> Result<(), ControlError> {
        if self.is_lifeboat() {
            let body = json!(RawToxic { ttl_ms: Some(lease(ttl)), ..RawToxic::default() });
            let what = format!("renew `{toxic}` on `{proxy}`");
            self.api.call(Method::PATCH, &["proxies", proxy, "toxics", toxic], Some(&body), &what).await?;
        }
        Ok(())
    }

    /// Ends a fault and reads back that it is gone.
    ///
    /// # Errors
    /// Where the server refuses or still shows it. That it had already ended is no error.
    pub async fn heal(&self, proxy: &str, toxic: &str) -> Result<Healed, ControlError> {
        let what = format!("heal `{toxic}` on `{proxy}`");
        let before = HostTime::now();
        if !self.is_lifeboat() {
            let expired = self.heal_plain(proxy, toxic, &what).await?;
            self.unhealed.forget(proxy, toxic);
            return Ok(Healed { lo: before, hi: HostTime::now(), touched: None, expired, spared: None, unmeasured: None });
        }
        let path = ["proxies", proxy, "toxics", toxic];
        let reply = self.api.ask(Method::DELETE, &path, None, &what).await?;
        let (applied, touched, spared, expired) = match reply.status {
            200 => {
                reply.read::<ToxicRecord>().map_or((None, None, None, false), |toxic| (toxic.applied, toxic.touched, toxic.spared, false))
            }
            404 if !self.is_missing(proxy).await? => {
                let ended = reply.read::<ApiError>().and_then(|error| error.expired);
                (ended.map(|ended| ended.applied), ended.map(|ended| ended.touched), ended.and_then(|ended| ended.spared), true)
            }
            _ => return Err(self.api.refused(&reply, &what)),
        };
        self.gone(&path, &what).await?;
        self.unhealed.forget(proxy, toxic);
        // Of a toxic that ended long ago the server may have forgotten when.
        let after = HostTime::now();
        // Where it cannot be measured now, what was known before must do: the fault is healed all the same.
        let unmeasured = self.measure().await.err().map(|error| error.to_string());
        let (lo, hi) = applied.map_or((before, after), |applied| self.applied(applied));
        Ok(Healed { lo, hi, touched, expired, spared, unmeasured })
    }

    /// Ends every fault of every proxy and reads back that none is left.
    ///
    /// # Errors
    /// Where the server refuses or still shows one.
    pub async fn heal_all(&self) -> Result<(), ControlError> {
        let what = "heal everything";
        self.api.call(Method::POST, &["reset"], None, what).await?;
        let shown = self.api.call(Method::GET, &["proxies"], None, what).await?;
        match read::<BTreeMap<String, ProxyRecord>>(&shown) {
            Some(proxies) if proxies.values().all(|proxy| proxy.enabled && proxy.toxics.is_empty()) => {
                self.unhealed.forget_all();
                Ok(())
            }
            _ => Err(self.api.not_shown(what, &shown)),
        }
    }

    /// Every proxy with what is in force on it.
    ///
    /// # Errors
    /// Where the server does not say.
    pub async fn found(&self) -> Result<Vec<FoundProxy>, ControlError> {
        let shown = self.api.call(Method::GET, &["proxies"], None, "list its proxies").await?;
        let proxies = read::<BTreeMap<String, ProxyRecord>>(&shown).ok_or_else(|| self.api.not_shown("list its proxies", &shown))?;
        Ok(proxies.into_values().map(FoundProxy::from).collect())
    }

    /// Pulls the lever of a standing proxy: the drills that use it stop, and it takes no fault until it is lifted. What it said before: one that is
    /// pulled already stays as it is.
    ///
    /// # Errors
    /// Where the server has none.
    pub async fn pull_lever(&self, by: &str, reason: &str) -> Result<LeverAnswer, ControlError> {
        self.lever(Method::POST, Some(&json!({"by": by, "reason": reason})), "pull its lever").await
    }

    /// Lifts it; what it said before.
    ///
    /// # Errors
    /// As [`Control::pull_lever`].
    pub async fn lift_lever(&self) -> Result<LeverAnswer, ControlError> {
        self.lever(Method::DELETE, None, "lift its lever").await
    }

    async fn lever(&self, method: Method, body: Option<&Value>, what: &str) -> Result<LeverAnswer, ControlError> {
        if !self.is_lifeboat() {
            return Err(self.unsupported("lever".into()));
        }
        let shown = self.api.call(method, &["lever"], body, what).await?;
        read(&shown).ok_or_else(|| self.api.not_shown(what, &shown))
    }

    /// Ends every fault of one proxy and reads back that none is left. A proxy that is not there has none.
    ///
    /// # Errors
    /// Where the server refuses or still shows one.
    pub async fn heal_proxy(&self, name: &str) -> Result<(), ControlError> {
        let what = format!("heal `{name}`");
        let reply = self.api.ask(Method::GET, &["proxies", name], None, &what).await?;
        match reply.status {
            200 => {}
            404 => return Ok(()),
            _ => return Err(self.api.refused(&reply, &what)),
        }
        let found = FoundProxy::from(reply.read::<ProxyRecord>().ok_or_else(|| self.api.not_shown(&what, &reply.body))?);
        for toxic in &found.toxics {
            let path = ["proxies", name, "toxics", toxic];
            let reply = self.api.ask(Method::DELETE, &path, None, &what).await?;
            if !matches!(reply.status, 200 | 204 | 404) {
                return Err(self.api.refused(&reply, &what));
            }
            self.gone(&path, &what).await?;
        }
        if found.enabled { Ok(()) } else { self.enable(name, true, &what).await }
    }

    /// Subscribes to the proxy's sight. Returns once its first line, handed out beside it, was read: nothing after it is missed silently.
    ///
    /// # Errors
    /// Where the server has none, or does not begin.
    pub async fn events(&self) -> Result<(ProxyEvent, EventReader), ControlError> {
        if !self.is_lifeboat() {
            return Err(self.unsupported("sight of exchanges".into()));
        }
        let (events, hello) = EventReader::subscribe(&self.api).await?;
        Ok((hello, events))
    }

    async fn enable(&self, proxy: &str, enabled: bool, what: &str) -> Result<(), ControlError> {
        let change = ProxyRequest { enabled: Some(enabled), ..ProxyRequest::default() };
        self.api.call(Method::POST, &["proxies", proxy], Some(&json!(change)), what).await?;
        let shown = self.api.call(Method::GET, &["proxies", proxy], None, what).await?;
        if read::<ProxyRecord>(&shown).is_some_and(|proxy| proxy.enabled == enabled) {
            Ok(())
        } else {
            Err(self.api.not_shown(what, &shown))
        }
    }

    /// True where there was nothing left to heal.
    async fn heal_plain(&self, proxy: &str, toxic: &str, what: &str) -> Result<bool, ControlError> {
        if toxic == DOWN {
            self.enable(proxy, true, what).await?;
            return Ok(false);
        }
        let mut expired = true;
        for stream in [Stream::Upstream, Stream::Downstream] {
            let name = toxic_name(toxic, stream);
            let path = ["proxies", proxy, "toxics", &name];
            let reply = self.api.ask(Method::DELETE, &path, None, what).await?;
            match reply.status {
                204 => expired = false,
                404 if !self.is_missing(proxy).await? => {}
                _ => return Err(self.api.refused(&reply, what)),
            }
            self.gone(&path, what).await?;
        }
        Ok(expired)
    }

    async fn is_missing(&self, proxy: &str) -> Result<bool, ControlError> {
        Ok(self.api.ask(Method::GET, &["proxies", proxy], None, "show a proxy").await?.status == 404)
    }

    async fn read_back(&self, proxy: &str, toxic: &Toxic, what: &str) -> Result<ToxicRecord, ControlError> {
        let shown = self.api.call(Method::GET, &["proxies", proxy, "toxics", &toxic.name], None, what).await?;
        read(&shown).filter(|there| is_shown(there, toxic)).ok_or_else(|| self.api.not_shown(what, &shown))
    }

    async fn gone(&self, path: &[&str], what: &str) -> Result<(), ControlError> {
        let ControlReply { status, body, .. } = self.api.ask(Method::GET, path, None, what).await?;
        if status == 404 { Ok(()) } else { Err(self.api.not_shown(what, &body)) }
    }

    /// Between which moments of our clock a change came into force.
    fn applied(&self, applied: AppliedSpan) -> (HostTime, HostTime) {
        let offset = self.offset();
        (offset.ours(applied.lo).0, offset.ours(applied.hi).1)
    }

    fn unsupported(&self, what: String) -> ControlError {
        ControlError::Unsupported { url: self.api.url(), what }
    }
}

impl From<ProxyRecord> for FoundProxy {
    fn from(proxy: ProxyRecord) -> Self {
        let toxics = proxy.toxics.into_iter().map(|toxic| toxic.name).collect();
        Self { name: proxy.name, listen: proxy.listen, upstream: proxy.upstream, enabled: proxy.enabled, toxics }
    }
}

/// A toxic as it is asked for, without a lease.
fn raw(toxic: &Toxic) -> RawToxic {
    RawToxic {
        name: Some(toxic.name.clone()),
        kind: Some(toxic.kind().to_owned()),
        stream: Some(toxic.stream.word().to_owned()),
        toxicity: Some(toxic.toxicity),
        attributes: Some(toxic.attributes()),
        ttl_ms: None,
    }
}

/// In milliseconds. A lease of nothing would be over before its read-back.
fn lease(ttl: Duration) -> u64 {
    ttl.as_nanos().div_ceil(1_000_000).max(1)
}
