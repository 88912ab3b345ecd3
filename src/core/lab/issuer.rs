//! Who mints and revokes the keys of a simulated provider, as a credential drill asks for it.
//!
//! A key is named by its fingerprint. A revoked key is refused at once, as OpenAI's and Azure's are; tokens that were minted from it live on,
//! as Google's and Entra ID's do. Whether a key is taken is asked by a request of its own, at the provider.

use super::keys::{KeyState, Keys};
use crate::secret::issuer::{KeyId, KeyIssuer, KeyProbe, Minted, Standing};
use crate::secret::{Pending, SecretError};
use crate::units::{Secret, Seed};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The issuer of one simulated provider.
#[derive(Debug)]
pub struct LabIssuer {
    place: String,
    keys: Arc<Keys>,
    seed: Seed,
    minted: AtomicU64,
    probe: KeyProbe,
}

impl LabIssuer {
    pub(super) fn new(name: &str, keys: Arc<Keys>, seed: Seed, probe: KeyProbe) -> Self {
        Self { place: format!("the lab's {name}"), keys, seed, minted: AtomicU64::new(0), probe }
    }
}

impl KeyIssuer for LabIssuer {
    fn place(&self) -> &str {
        &self.place
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let number = self.minted.fetch_add(1, Ordering::Relaxed);
            let value = Secret::new(format!("sk-lab-{}", self.seed.derive(&format!("minted key {number}"))));
            self.keys.set(value.clone(), KeyState::Valid);
            Ok(Minted { id: KeyId(value.fingerprint().to_string()), value })
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move {
            let revoked = id.0.parse().is_ok_and(|fingerprint| self.keys.revoke(fingerprint));
            revoked.then_some(()).ok_or_else(|| SecretError::Absent {
                place: self.place.clone(),
                problem: format!("there is no key with the fingerprint `{id}`"),
                hint: "write a fingerprint as `lifeboat fingerprint env:NAME` prints it".to_owned(),
            })
        })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move { Ok(self.probe.ask(value, &self.place).await) })
    }

    fn id_of(&self, value: &Secret) -> Option<KeyId> {
        Some(KeyId(value.fingerprint().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::SimulatedProvider;
    use super::super::rig::{ask, loopback, quick};
    use super::*;
    use crate::model::{CredentialKind, Dialect};

    #[tokio::test]
    async fn a_secret_that_mints_tokens_is_asked_by_one_of_them() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let provider = SimulatedProvider::start("primary", &quick(Dialect::AzureOpenAi), "one".into(), Seed(0x2a), loopback()).unwrap();
        provider.takes(CredentialKind::OauthToken);
        let (issuer, old) = (provider.issuer("primary").unwrap(), Secret::new("one".to_owned()));
        let new = issuer.mint().await.unwrap().value;
        for secret in [&old, &new] {
            assert_eq!(issuer.probe(secret).await.unwrap(), Standing::Accepted);
        }
        assert_eq!(ask(Dialect::AzureOpenAi, &provider.base_url(), "one", 1, false).await.status, 401, "a client's secret is no key");
        issuer.revoke(&KeyId(old.fingerprint().to_string())).await.unwrap();
        assert_eq!(issuer.probe(&old).await.unwrap(), Standing::Refused(401));
        assert_eq!(issuer.probe(&new).await.unwrap(), Standing::Accepted);
        provider.stop().await;
        assert!(matches!(issuer.probe(&old).await.unwrap(), Standing::Unknown(_)));
    }

    #[tokio::test]
    async fn a_minted_key_is_taken_and_a_revoked_one_is_refused_in_every_dialect() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex] {
            let provider = SimulatedProvider::start("primary", &quick(dialect), "sk-one".into(), Seed(0x2a), loopback()).unwrap();
            let (issuer, old) = (provider.issuer("primary").unwrap(), Secret::new("sk-one".to_owned()));
            let minted = issuer.mint().await.unwrap();
            assert_ne!(minted.value, issuer.mint().await.unwrap().value);
            for key in [&old, &minted.value] {
                assert_eq!(issuer.probe(key).await.unwrap(), Standing::Accepted, "{dialect}");
            }
            issuer.revoke(&KeyId(old.fingerprint().to_string())).await.unwrap();
            assert!(matches!(issuer.probe(&old).await.unwrap(), Standing::Refused(401 | 403)), "{dialect}");
            assert_eq!(issuer.probe(&minted.value).await.unwrap(), Standing::Accepted, "{dialect}");
            assert!(issuer.revoke(&KeyId("00000000".into())).await.is_err());
            // A provider that is gone says nothing of its keys.
            provider.stop().await;
            assert!(matches!(issuer.probe(&old).await.unwrap(), Standing::Unknown(_)), "{dialect}");
        }
    }
}
