//! Proxies and faults of one control API, each change read back.

use super::call::{Line, Reply};
use super::error::Occupied;
use super::plain::{self, DOWN, Means, means, toxic_name};
use super::unhealed::Unhealed;
use super::{ControlError, Events, Offset, SightEvent};
use crate::fault::{Stream, Toxic};
use crate::journal::{HostTime, boot_id};
use crate::model::{Aim, Dialect, Fault, ProxyBinding};
use crate::units::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How often the time is asked to measure an offset.
const QUESTIONS: u32 = 8;

/// A control API that has answered.
#[derive(Debug)]
pub struct Control {
    line: Line,
    server: Server,
    injected: AtomicU64,
    offset: Mutex<Offset>,
    unhealed: Unhealed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Server {
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
pub struct Found {
    /// Its name.
    pub name: String,
    /// Whether it takes connections.
    pub enabled: bool,
    /// The names of its toxics.
    pub toxics: Vec<String>,
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
        let line = Line::to(url, token)?;
        let reply = line.ask(Method::GET, &["version"], None, "report its version").await.map_err(|error| match error {
            // Nothing was asked to change, so nothing is in doubt.
            ControlError::Unknown { url, problem, .. } => ControlError::NotControl { url, problem },
            other => other,
        })?;
        if matches!(reply.status, 401 | 403) {
            return Err(line.refused(&reply, "report its version"));
        }
        if reply.status != 200 || !reply.body["version"].is_string() {
            let problem = format!("status {} and no version", reply.status);
            return Err(ControlError::NotControl { url: line.url(), problem });
        }
        let server = match (&reply.body["lifeboat"], reply.body["boot_id"].as_str()) {
            (Value::String(_), Some(boot_id)) => Server::Lifeboat { boot_id: boot_id.to_owned() },
            _ => Server::Toxiproxy { version: reply.body["version"].as_str().unwrap_or_default().to_owned() },
        };
        let control = Self { line, server, injected: AtomicU64::new(0), offset: Mutex::new(Offset::NONE), unhealed: Unhealed::default() };
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
            Server::Toxiproxy { version } => Some(version),
            Server::Lifeboat { .. } => None,
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
            Server::Lifeboat { boot_id } => Some(boot_id),
            Server::Toxiproxy { .. } => None,
        }
    }

    /// How the server's clock was last measured to stand to ours; [`Offset::NONE`] where it is ours.
    pub fn offset(&self) -> Offset {
        // A panic while the lock was held leaves a value that is whole.
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the server the time, unless its clock is known to be ours.
    async fn measure(&self) -> Result<(), ControlError> {
        let Server::Lifeboat { boot_id: theirs } = &self.server else { return Ok(()) };
        let mut best: Option<Offset> = None;
        for _ in 0..QUESTIONS {
            let sent = HostTime::now();
            let reply = self.line.call(Method::GET, &["version"], None, "report its time").await?;
            let now = reply["now"].as_u64().map(HostTime);
            let stamped = now.ok_or_else(|| self.line.not_shown("report its time", &reply))?;
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
        self.line.url()
    }

    /// Creates a proxy and reads back where it listens. Its port may be 0. One of that name that leads to the same place, and is as well as
    /// a new one, is taken as it stands.
    ///
    /// # Errors
    /// Where the server refuses (the name or the address is taken) or the read-back shows another proxy.
    pub async fn create(&self, name: &str, place: &ProxyBinding, upstream: &str, dialect: Dialect) -> Result<Opened, ControlError> {
        let listen = place.listen.as_deref().unwrap_or("127.0.0.1:0");
        let what = format!("create the proxy `{name}`");
        let mut body = json!({"name": name, "listen": listen, "upstream": upstream, "enabled": true});
        if self.is_lifeboat() {
            body["dialect"] = json!(dialect.word());
            if place.tls {
                body["tls"] = json!(true);
            }
            if !place.hosts.is_empty() {
                body["hosts"] = json!(place.hosts);
            }
        } else if place.tls {
            return Err(self.unsupported("TLS towards the gateway".into()));
        } else {
            body["upstream"] = json!(plain::address(upstream, dialect).ok_or_else(|| self.unsupported(format!("TLS towards {upstream}")))?);
        }
        let reply = self.line.ask(Method::POST, &["proxies"], Some(&body), &what).await?;
        match reply.status {
            200..300 => {}
            409 => return self.adopt(name, &body).await,
            _ => return Err(self.line.refused(&reply, &what)),
        }
        let shown = self.line.call(Method::GET, &["proxies", name], None, &what).await?;
        match shown["listen"].as_str() {
            Some(listen) if is_well(&shown, &body) => Ok(Opened { listen: listen.to_owned(), was_there: false }),
            _ => Err(self.line.not_shown(&what, &shown)),
        }
    }

    /// Takes a proxy that stands there already, where it is the one that is wanted.
    async fn adopt(&self, name: &str, wanted: &Value) -> Result<Opened, ControlError> {
        let shown = self.line.call(Method::GET, &["proxies", name], None, &format!("show the proxy `{name}`")).await?;
        let here = wanted["listen"].as_str().is_some_and(|listen| listen.ends_with(":0")) || shown["listen"] == wanted["listen"];
        match shown["listen"].as_str() {
            Some(listen) if here && is_well(&shown, wanted) => Ok(Opened { listen: listen.to_owned(), was_there: true }),
            _ => Err(ControlError::taken(self.line.url(), name, &occupied(&shown, wanted))),
        }
    }

    /// The certificate, in PEM, of the authority that signs for proxies with TLS.
    ///
    /// # Errors
    /// Where the server has none.
    pub async fn authority(&self) -> Result<String, ControlError> {
        let what = "show its authority";
        let response = self.line.send(self.line.request(Method::GET, &["authority"]), what).await?;
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap_or_default());
        if status == 200 && text.contains("BEGIN CERTIFICATE") { Ok(text) } else { Err(self.unsupported("authority".into())) }
    }

    /// Removes a proxy and with it its faults; its connections are closed.
    ///
    /// # Errors
    /// Where the server refuses or still shows it.
    pub async fn remove(&self, name: &str) -> Result<(), ControlError> {
        let what = format!("remove the proxy `{name}`");
        self.line.call(Method::DELETE, &["proxies", name], None, &what).await?;
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
            let mut body = wire(&toxic);
            // A lease of nothing would be over before its read-back.
            body["ttl_ms"] = json!(ttl.as_nanos().div_ceil(1_000_000).max(1));
            self.line.call(Method::POST, &["proxies", proxy, "toxics"], Some(&body), &what).await?;
            let shown = self.read_back(proxy, &toxic, &what).await?;
            let (lo, hi) = self.applied(&shown).ok_or_else(|| self.line.not_shown(&what, &shown))?;
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
                    self.line.call(Method::POST, &["proxies", proxy, "toxics"], Some(&wire(&toxic)), &what).await?;
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
            let body = json!({"ttl_ms": ttl.as_nanos().div_ceil(1_000_000).max(1)});
            let what = format!("renew `{toxic}` on `{proxy}`");
            self.line.call(Method::PATCH, &["proxies", proxy, "toxics", toxic], Some(&body), &what).await?;
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
            return Ok(Healed { lo: before, hi: HostTime::now(), touched: None, expired, unmeasured: None });
        }
        let path = ["proxies", proxy, "toxics", toxic];
        let reply = self.line.ask(Method::DELETE, &path, None, &what).await?;
        let (told, expired) = match reply.status {
            200 => (&reply.body, false),
            404 if !self.is_missing(proxy).await? => (&reply.body["expired"], true),
            _ => return Err(self.line.refused(&reply, &what)),
        };
        self.gone(&path, &what).await?;
        // Of a toxic that ended long ago the server may have forgotten when.
        let after = HostTime::now();
        // Where it cannot be measured now, what was known before must do: the fault is healed all the same.
        let unmeasured = self.measure().await.err().map(|error| error.to_string());
        let (lo, hi) = self.applied(told).unwrap_or((before, after));
        Ok(Healed { lo, hi, touched: told["touched"].as_u64(), expired, unmeasured })
    }

    /// Ends every fault of every proxy and reads back that none is left.
    ///
    /// # Errors
    /// Where the server refuses or still shows one.
    pub async fn heal_all(&self) -> Result<(), ControlError> {
        let what = "heal everything";
        self.line.call(Method::POST, &["reset"], None, what).await?;
        let shown = self.line.call(Method::GET, &["proxies"], None, what).await?;
        let well = |proxy: &Value| proxy["enabled"] == true && proxy["toxics"].as_array().is_none_or(Vec::is_empty);
        match shown.as_object() {
            Some(proxies) if proxies.values().all(well) => {
                self.unhealed.forget_all();
                Ok(())
            }
            _ => Err(self.line.not_shown(what, &shown)),
        }
    }

    /// Every proxy with what is in force on it.
    ///
    /// # Errors
    /// Where the server does not say.
    pub async fn found(&self) -> Result<Vec<Found>, ControlError> {
        let shown = self.line.call(Method::GET, &["proxies"], None, "list its proxies").await?;
        Ok(shown.as_object().into_iter().flatten().map(|(name, proxy)| Found::read(name, proxy)).collect())
    }

    /// Ends every fault of one proxy and reads back that none is left. A proxy that is not there has none.
    ///
    /// # Errors
    /// Where the server refuses or still shows one.
    pub async fn heal_proxy(&self, name: &str) -> Result<(), ControlError> {
        let what = format!("heal `{name}`");
        let reply = self.line.ask(Method::GET, &["proxies", name], None, &what).await?;
        match reply.status {
            200 => {}
            404 => return Ok(()),
            _ => return Err(self.line.refused(&reply, &what)),
        }
        let found = Found::read(name, &reply.body);
        for toxic in &found.toxics {
            let path = ["proxies", name, "toxics", toxic];
            let reply = self.line.ask(Method::DELETE, &path, None, &what).await?;
            if !matches!(reply.status, 200 | 204 | 404) {
                return Err(self.line.refused(&reply, &what));
            }
            self.gone(&path, &what).await?;
        }
        if found.enabled { Ok(()) } else { self.enable(name, true, &what).await }
    }

    /// Subscribes to the proxy's sight. Returns once its first line, handed out beside it, was read: nothing after it is missed silently.
    ///
    /// # Errors
    /// Where the server has none, or does not begin.
    pub async fn events(&self) -> Result<(SightEvent, Events), ControlError> {
        if !self.is_lifeboat() {
            return Err(self.unsupported("sight of exchanges".into()));
        }
        let (events, hello) = Events::subscribe(&self.line).await?;
        Ok((hello, events))
    }

    async fn enable(&self, proxy: &str, enabled: bool, what: &str) -> Result<(), ControlError> {
        self.line.call(Method::POST, &["proxies", proxy], Some(&json!({"enabled": enabled})), what).await?;
        let shown = self.line.call(Method::GET, &["proxies", proxy], None, what).await?;
        if shown["enabled"] == enabled { Ok(()) } else { Err(self.line.not_shown(what, &shown)) }
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
            let reply = self.line.ask(Method::DELETE, &path, None, what).await?;
            match reply.status {
                204 => expired = false,
                404 if !self.is_missing(proxy).await? => {}
                _ => return Err(self.line.refused(&reply, what)),
            }
            self.gone(&path, what).await?;
        }
        Ok(expired)
    }

    async fn is_missing(&self, proxy: &str) -> Result<bool, ControlError> {
        Ok(self.line.ask(Method::GET, &["proxies", proxy], None, "show a proxy").await?.status == 404)
    }

    async fn read_back(&self, proxy: &str, toxic: &Toxic, what: &str) -> Result<Value, ControlError> {
        let shown = self.line.call(Method::GET, &["proxies", proxy, "toxics", &toxic.name], None, what).await?;
        let wanted = wire(toxic);
        let same = ["name", "type", "stream", "toxicity", "attributes"].iter().all(|key| agree(&wanted[key], &shown[key]));
        if same { Ok(shown) } else { Err(self.line.not_shown(what, &shown)) }
    }

    async fn gone(&self, path: &[&str], what: &str) -> Result<(), ControlError> {
        let Reply { status, body, .. } = self.line.ask(Method::GET, path, None, what).await?;
        if status == 404 { Ok(()) } else { Err(self.line.not_shown(what, &body)) }
    }

    /// Between which moments of our clock a change came into force.
    fn applied(&self, shown: &Value) -> Option<(HostTime, HostTime)> {
        let moment = |key: &str| shown["applied"][key].as_u64().map(|theirs| self.offset().ours(HostTime(theirs)));
        Some((moment("lo")?.0, moment("hi")?.1))
    }

    fn unsupported(&self, what: String) -> ControlError {
        ControlError::Unsupported { url: self.line.url(), what }
    }
}

impl Found {
    fn read(name: &str, proxy: &Value) -> Self {
        let toxics = proxy["toxics"].as_array().into_iter().flatten();
        Self {
            name: name.to_owned(),
            enabled: proxy["enabled"] == true,
            toxics: toxics.filter_map(|toxic| toxic["name"].as_str().map(str::to_owned)).collect(),
        }
    }
}

/// Why a proxy that stands there cannot be taken as the one that is wanted.
fn occupied(shown: &Value, wanted: &Value) -> Occupied {
    let toxics: Vec<String> =
        shown["toxics"].as_array().into_iter().flatten().filter_map(|toxic| toxic["name"].as_str()).map(str::to_owned).collect();
    if !toxics.is_empty() {
        return Occupied::Toxics(toxics);
    }
    for key in ["upstream", "listen", "dialect", "tls", "hosts"] {
        let any = wanted[key].is_null() || key == "listen" && wanted[key].as_str().is_some_and(|listen| listen.ends_with(":0"));
        if !any && shown[key] != wanted[key] {
            let told = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            return Occupied::Other { what: key, is: told(&shown[key]), wanted: told(&wanted[key]) };
        }
    }
    Occupied::Disabled
}

/// True where a proxy leads where it shall, and carries everything.
fn is_well(shown: &Value, wanted: &Value) -> bool {
    let same = ["upstream", "dialect", "tls", "hosts"].iter().all(|key| wanted[key].is_null() || shown[key] == wanted[key]);
    same && shown["enabled"] == true && shown["toxics"].as_array().is_none_or(Vec::is_empty)
}

fn wire(toxic: &Toxic) -> Value {
    json!({
        "name": toxic.name,
        "type": toxic.kind(),
        "stream": toxic.stream.word(),
        "toxicity": toxic.toxicity,
        "attributes": toxic.attributes(),
    })
}

/// True where everything that was wanted is shown; numbers by value, because servers write `1` and `1.0` as they like.
fn agree(wanted: &Value, shown: &Value) -> bool {
    match (wanted, shown) {
        (Value::Object(wanted), Value::Object(shown)) => {
            wanted.iter().all(|(key, value)| shown.get(key).is_some_and(|shown| agree(value, shown)))
        }
        (Value::Number(wanted), Value::Number(shown)) => wanted.as_f64() == shown.as_f64(),
        _ => wanted == shown,
    }
}
