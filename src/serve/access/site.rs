//! What the gate knows of the server: where it listens, by which names it is called, whether anybody has to say who they are.

use super::rates::Rates;
use super::token::random;
use crate::listen::Callers;
use crate::model::{Inventory, OidcProvider, SecretStore};
use crate::store::{DrillStore, StoreError};
use crate::units::Secret;
use axum::http::uri::Uri;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// As long as nobody has made a token, it is looked this often whether somebody has.
const LOOK: Duration = Duration::from_secs(1);

/// An address by which people reach the server: scheme, host and port, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    host: String,
    is_https: bool,
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as https://lifeboat.example, without a path".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        if !matches!(scheme, "http" | "https") || !is_bare {
            return Err(wrong());
        }
        let origin = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        Ok(Self { origin, host: authority.host().to_owned(), is_https: scheme == "https" })
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.origin)
    }
}

impl PublicUrl {
    /// True where it names this host alone.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// True where what is sent there is encrypted.
    pub const fn is_https(&self) -> bool {
        self.is_https
    }
}

/// How a server is reached, as its owner says it.
#[derive(Debug, Clone, Default)]
pub struct SiteSettings {
    /// How people reach it, where that is another address than the one it listens on.
    pub public_url: Option<PublicUrl>,
    /// True where a proxy before it says in `X-Forwarded-For` who calls.
    pub behind_proxy: bool,
}

/// What the gate knows of the server, once it listens.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) callers: Callers,
    pub(super) settings: SiteSettings,
    /// Who says who people are.
    pub(super) oidc: Option<OidcProvider>,
    /// Where our secret there may be kept.
    pub(super) stores: BTreeMap<String, SecretStore>,
    listen: SocketAddr,
}

impl Site {
    /// True where browsers reach it by https.
    pub(super) fn is_https(&self) -> bool {
        self.settings.public_url.as_ref().is_some_and(PublicUrl::is_https)
    }

    /// How the server is called by people: scheme, host and port.
    pub(super) fn origin(&self) -> String {
        self.settings.public_url.as_ref().map_or_else(|| format!("http://{}", self.listen), |url| url.origin.clone())
    }

    /// True where a page of this origin, in a browser that reached the server by this host, is one of ours.
    pub(super) fn is_ours(&self, origin: &str, host: &str) -> bool {
        let of_public = self.settings.public_url.as_ref().is_some_and(|url| url.origin == origin);
        of_public || origin.strip_prefix("http://").is_some_and(|rest| rest.eq_ignore_ascii_case(host))
    }
}

/// Who may call, and how often.
#[derive(Debug)]
pub(in crate::serve) struct AccessState {
    site: OnceLock<Site>,
    /// Known to this process alone: what forms repeat where nobody signs in.
    pub(super) key: Secret,
    pub(super) rates: Rates,
    /// True once somebody has to say who they are; that never ends.
    is_closed: AtomicBool,
    looked: Mutex<Option<Instant>>,
}

impl Default for AccessState {
    fn default() -> Self {
        Self {
            site: OnceLock::new(),
            key: random("").unwrap_or_default(),
            rates: Rates::default(),
            is_closed: AtomicBool::new(false),
            looked: Mutex::default(),
        }
    }
}

impl AccessState {
    /// Learns where the server listens; once.
    pub(in crate::serve) fn settle(&self, listen: SocketAddr, settings: SiteSettings, inventory: &Inventory) {
        let (oidc, stores) = (inventory.serve.oidc.clone(), inventory.stores.clone());
        let names = settings.public_url.iter().map(|url| url.host.clone());
        let callers = Callers::of(listen, names, "`--public-url https://NAME`");
        let is_closed = oidc.is_some() || !listen.ip().to_canonical().is_loopback();
        self.is_closed.store(is_closed, Ordering::Relaxed);
        // A second time changes nothing.
        let _ = self.site.set(Site { callers, settings, oidc, stores, listen });
    }

    /// What is known of the server; `None` before it listens.
    pub(super) fn site(&self) -> Option<&Site> {
        self.site.get()
    }

    /// True where everybody has to say who they are.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) async fn is_closed(&self, store: &DrillStore) -> Result<bool, StoreError> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let now = Instant::now();
        if self.looked.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|looked| now - looked < LOOK) {
            return Ok(false);
        }
        let is_closed = store.has_tokens().await?;
        if is_closed {
            self.is_closed.store(true, Ordering::Relaxed);
        } else {
            *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        Ok(is_closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin() {
        let url: PublicUrl = "https://Lifeboat.Example:8443/".parse().unwrap();
        assert_eq!((url.origin.as_str(), url.is_https), ("https://lifeboat.example:8443", true));
        for wrong in ["lifeboat.example", "https://a/b", "ftp://a", "https://u@a", "https://a?b", ""] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_is_ours_by_the_name_that_its_browser_used() {
        let listen: SocketAddr = "127.0.0.1:8480".parse().unwrap();
        let settings = SiteSettings { public_url: Some("https://lb.example".parse().unwrap()), behind_proxy: false };
        let site = Site { callers: Callers::of(listen, [], ""), settings, oidc: None, stores: BTreeMap::new(), listen };
        for (origin, host) in [("https://lb.example", "lb.example"), ("http://localhost:9000", "localhost:9000")] {
            assert!(site.is_ours(origin, host), "{origin}");
        }
        for (origin, host) in [
            ("null", "lb.example"),
            ("http://evil.example", "127.0.0.1:8480"),
            ("http://localhost:1", "localhost:9000"),
            ("https://localhost:9000", "localhost:9000"),
        ] {
            assert!(!site.is_ours(origin, host), "{origin}");
        }
    }
}
