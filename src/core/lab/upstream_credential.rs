//! What the reference gateway's requests to one provider carry: its key as it is, or a token that is minted from the key when one is needed.
//!
//! A token is kept and carried again until a tenth of its time is left, as clients of clouds do. Whether a new key ends it sooner is a setting: a
//! cache that knows nothing of keys carries the old key's token on, and the provider takes it.

use super::tokens::{ENTRA_PATH, are_borne, form_of};
use super::try_failure::{Http, TryFailure, refusal};
use crate::dialect::credential_header;
use crate::model::{CredentialKind, Dialect, TokenCache};
use crate::units::Secret;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Uri};
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How much of the answer to a wish for a token is read. In bytes.
const LONGEST: usize = 64 << 10;

/// A header that carries a credential.
pub(super) type CredentialHeader = (HeaderName, HeaderValue);

/// Credential that requests to one provider carry: a key, or a token that is minted from it.
#[derive(Debug)]
pub(super) struct UpstreamCredential {
    dialect: Dialect,
    key: Mutex<(Secret, CredentialHeader)>,
    /// Where it is not the key itself.
    tokens: Option<UpstreamTokens>,
}

/// Source of the tokens for one provider, with the one that is used now.
#[derive(Debug)]
struct UpstreamTokens {
    /// Where they are minted.
    uri: Uri,
    cache: TokenCache,
    /// Locked while one is minted, so that one is minted for all who wait.
    held: tokio::sync::Mutex<Option<CachedToken>>,
}

/// A minted token, used until it is nearly over.
#[derive(Debug)]
struct CachedToken {
    value: HeaderValue,
    /// When it is minted again.
    until: Instant,
}

impl UpstreamCredential {
    /// A key of this kind for a provider of this dialect at a base URL; `None` where it cannot stand in a header.
    pub(super) fn new(dialect: Dialect, kind: CredentialKind, key: &Secret, base_url: &str, cache: TokenCache) -> Option<Self> {
        let mints = are_borne(dialect, kind);
        let uri = || format!("{}{ENTRA_PATH}", base_url.trim_end_matches('/')).parse().ok();
        let tokens = if mints { Some(UpstreamTokens { uri: uri()?, cache, held: tokio::sync::Mutex::default() }) } else { None };
        Some(Self { dialect, key: Mutex::new((key.clone(), header_of(dialect, key)?)), tokens })
    }

    /// What a request carries now. May ask the provider for a token first, and fail as any request may.
    pub(super) async fn header(&self, http: &Http) -> Result<CredentialHeader, TryFailure> {
        let Some(tokens) = &self.tokens else { return Ok(self.key.lock().expect("nothing panics while it holds the key").1.clone()) };
        let mut held = tokens.held.lock().await;
        if held.as_ref().is_none_or(|token| token.until <= Instant::now()) {
            // Of two keys the newer: it is read once nobody else mints.
            let key = self.key.lock().expect("nothing panics while it holds the key").0.clone();
            *held = Some(tokens.mint(&key, http).await?);
        }
        let value = held.as_ref().map(|token| token.value.clone()).ok_or(TryFailure::Cut)?;
        Ok((header::AUTHORIZATION, value))
    }

    /// Bears another key from now on; false where it cannot stand in a header.
    pub(super) async fn take_up(&self, key: &Secret) -> bool {
        let Some(header) = header_of(self.dialect, key) else { return false };
        *self.key.lock().expect("nothing panics while it holds the key") = (key.clone(), header);
        if let Some(tokens) = self.tokens.as_ref().filter(|tokens| tokens.cache == TokenCache::UntilReload) {
            *tokens.held.lock().await = None;
        }
        true
    }
}

impl UpstreamTokens {
    async fn mint(&self, key: &Secret, http: &Http) -> Result<CachedToken, TryFailure> {
        let asked = Instant::now();
        let request = Request::post(self.uri.clone()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(Full::new(Bytes::from(form_of(key)))).expect("a URI, a method and a header are a request");
        let answer = http.request(request).await.map_err(|error| TryFailure::of(&error))?;
        if !answer.status().is_success() {
            return Err(refusal(answer).await);
        }
        let status = answer.status().as_u16();
        let no_token = || TryFailure::Status(status, Some("no_access_token".to_owned()));
        let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|_| TryFailure::Cut)?.to_bytes();
        let said: Value = serde_json::from_slice(&body).map_err(|_| no_token())?;
        let (token, life) = said["access_token"].as_str().zip(said["expires_in"].as_u64()).ok_or_else(no_token)?;
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| no_token())?;
        value.set_sensitive(true);
        // No life that a provider may say is longer than a clock can tell.
        Ok(CachedToken { value, until: asked + Duration::from_secs(life.min(u64::from(u32::MAX))) * 9 / 10 })
    }
}

fn header_of(dialect: Dialect, key: &Secret) -> Option<CredentialHeader> {
    let (name, value) = credential_header(dialect, key.expose());
    let mut value = HeaderValue::from_str(&value).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::from_static(name), value))
}

#[cfg(test)]
mod tests {
    use super::super::rig::{Got, ask, client, loopback, quick};
    use super::super::{KeyState, MintedToken, ReferenceGateway, Shelf, SimulatedProvider, Upstream};
    use super::*;
    use crate::model::{GatewaySettings, Provider, Simulation};
    use crate::secret::Store;
    use crate::units::{Fingerprint, Seed};
    use std::sync::Arc;
    use tokio::sync::mpsc::Receiver;

    /// A provider of Azure's, the store of its credential, and a gateway that reads it; a standby that works.
    struct Rig {
        provider: SimulatedProvider,
        shelf: Arc<Shelf>,
        gateway: ReferenceGateway,
        minted: Receiver<MintedToken>,
        _standby: SimulatedProvider,
    }

    impl Rig {
        fn start(kind: CredentialKind, token_cache: TokenCache, life: &str) -> Self {
            let start = |name: &str, life: &str| {
                let quick = quick(Dialect::AzureOpenAi);
                let simulation = Simulation { credential_life: life.parse().unwrap(), ..quick.simulation };
                SimulatedProvider::start(name, &Provider { simulation, ..quick }, "one".into(), Seed(1), loopback()).unwrap()
            };
            let (provider, standby) = (start("primary", life), start("standby", "1h"));
            provider.takes(kind);
            let shelf = Arc::new(Shelf::new("k", "one".into()));
            let upstream = |name: &str, of: &SimulatedProvider, kind, store| Upstream {
                name: name.to_owned(),
                dialect: Dialect::AzureOpenAi,
                base_url: of.base_url(),
                key: "one".into(),
                kind,
                store,
                model: "gpt-4o".into(),
                embedding_model: "text-3".into(),
            };
            let store: Arc<dyn Store> = shelf.clone();
            let upstreams =
                vec![upstream("primary", &provider, kind, Some(store)), upstream("standby", &standby, CredentialKind::ApiKey, None)];
            let settings = GatewaySettings { token_cache, ..GatewaySettings::default() };
            let gateway = ReferenceGateway::start(&settings, upstreams, "sk-client".into(), loopback()).unwrap();
            Self { minted: provider.minted_tokens(), provider, shelf, gateway, _standby: standby }
        }

        async fn send(&self, id: u64) -> Got {
            let got = ask(Dialect::OpenAi, &self.gateway.base_url(), "sk-client", id, true).await;
            assert_eq!((got.status, got.judgement()), (200, Ok(())));
            got
        }

        /// A new key is in the store; the old one lives.
        async fn rotate(&self) {
            self.provider.set_key("two", KeyState::Valid);
            self.shelf.write(&"two".into(), None).await.unwrap();
        }

        async fn reload(&self) -> Value {
            let answer = client().post(format!("{}/reload", self.gateway.base_url())).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.json().await.unwrap()
        }

        /// The keys that requests carried, in their order.
        fn bore(&self) -> Vec<Fingerprint> {
            self.provider.attempts().iter().map(|attempt| attempt.key).collect()
        }
    }

    #[tokio::test]
    async fn a_key_is_borne_until_it_is_read_again() {
        let rig = Rig::start(CredentialKind::ApiKey, TokenCache::UntilReload, "1h");
        rig.send(1).await;
        rig.rotate().await;
        rig.send(2).await;
        assert_eq!(rig.reload().await["keys"]["primary"], Fingerprint::of("two").to_string());
        rig.send(3).await;
        assert_eq!(rig.bore(), ["one", "one", "two"].map(Fingerprint::of));
    }

    #[tokio::test]
    async fn a_token_is_minted_once_and_ends_with_its_key_or_outlives_it() {
        for (cache, outlives) in [(TokenCache::UntilReload, false), (TokenCache::UntilExpiry, true)] {
            let mut rig = Rig::start(CredentialKind::OauthToken, cache, "1h");
            rig.send(1).await;
            rig.send(2).await;
            let first = rig.minted.try_recv().unwrap();
            assert_eq!((first.from, first.life), (Fingerprint::of("one"), Duration::from_secs(3600)));
            rig.rotate().await;
            assert_eq!(rig.reload().await["keys"]["primary"], Fingerprint::of("two").to_string(), "the key is named, and no token");
            rig.provider.set_key("one", KeyState::Revoked);
            assert_eq!(rig.send(3).await.provider(), "primary", "{cache}");
            let second = if outlives { first } else { rig.minted.try_recv().unwrap() };
            assert_eq!(second.from, Fingerprint::of(if outlives { "one" } else { "two" }));
            assert_eq!(rig.bore(), [first.token, first.token, second.token], "{cache}");
            assert!(rig.minted.try_recv().is_err(), "one token is enough for all");
        }
    }

    #[tokio::test]
    async fn a_token_is_minted_anew_before_its_time_is_over() {
        let mut rig = Rig::start(CredentialKind::OauthToken, TokenCache::UntilExpiry, "2s");
        rig.send(0).await;
        rig.rotate().await;
        rig.reload().await;
        let first = rig.minted.try_recv().unwrap();
        let begun = Instant::now();
        let mut id = 1;
        let second = loop {
            assert_eq!(rig.send(id).await.provider(), "primary", "no request bore a token whose time was over");
            if let Ok(second) = rig.minted.try_recv() {
                break second;
            }
            // The bound only tells a gateway that never mints from a busy machine.
            assert!(begun.elapsed() < Duration::from_secs(30));
            id += 1;
        };
        assert_eq!((first.from, second.from), (Fingerprint::of("one"), Fingerprint::of("two")), "the key that was read is used by then");
        assert!(rig.provider.attempts().iter().all(|attempt| attempt.status == 200));
    }

    #[tokio::test]
    async fn a_try_that_gets_no_token_has_failed() {
        let rig = Rig::start(CredentialKind::OauthToken, TokenCache::UntilReload, "1h");
        rig.provider.set_key("one", KeyState::Revoked);
        assert_eq!(rig.send(1).await.provider(), "standby");
        assert_eq!(rig.gateway.status()["providers"][0]["consecutive_failures"], 1);
        assert_eq!(rig.bore(), [], "nobody asked for anything without one");
        rig.rotate().await;
        rig.reload().await;
        assert_eq!(rig.send(2).await.provider(), "primary");
    }

    #[tokio::test]
    async fn a_store_that_is_sealed_is_said_and_the_key_stays() {
        let provider = SimulatedProvider::start("primary", &quick(Dialect::OpenAi), "one".into(), Seed(1), loopback()).unwrap();
        let upstream = Upstream {
            name: "primary".into(),
            dialect: Dialect::OpenAi,
            base_url: provider.base_url(),
            key: "one".into(),
            kind: CredentialKind::ApiKey,
            store: Some(Arc::new(Shelf::sealed("k", "one".into()))),
            model: "gpt-4o".into(),
            embedding_model: "text-3".into(),
        };
        let gateway = ReferenceGateway::start(&GatewaySettings::default(), vec![upstream], "sk-client".into(), loopback()).unwrap();
        let answer = client().post(format!("{}/reload", gateway.base_url())).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert!(answer.text().await.unwrap().contains("it is sealed"));
        assert_eq!(ask(Dialect::OpenAi, &gateway.base_url(), "sk-client", 1, false).await.status, 200);
    }
}
