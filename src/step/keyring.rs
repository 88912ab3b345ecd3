//! The credentials that a runbook may rotate: of each the old key, the new one, its store and its issuer.
//!
//! What is done to a key is recorded here, bracketed by the clock and named by fingerprint, so that a verdict need not believe the runbook:
//! stored is what was read back, refused is what the provider itself refused. Keys live in memory only. Who goes on after a crash finds
//! the new key again where a store holds it, by its fingerprint in the history; one that was stored nowhere is lost, and is named so that it
//! can be revoked. A second one is never minted unasked.
//!
//! What this file does not do: decide when a key is rotated (the runbook), or watch who bears it (the proxies).

use super::rotating::{CredentialBackend, LostKey, RotatingCredential, RotationState, issuer};
use super::{Output, StepError};
use crate::history::{Event, KeyHeld, KeyMinted, KeyProbed, KeyRevoked, KeyStanding, KeyStored, Stamped};
use crate::journal::Recorder;
use crate::model::SecretStore;
use crate::redact::Redactor;
use crate::secret::Store;
use crate::secret::issuer::{KeyId, Minted, Standing};
use crate::units::{Duration, Fingerprint, Problem, Secret, explained};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Between two questions whether a provider takes a key.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(500);
/// How long the drill itself waits for an answer of that kind.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The credentials that may be rotated, by their names. Cheap to clone; the default knows none.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Option<Arc<Inner>>);

#[derive(Debug)]
pub(super) struct Inner {
    credentials: BTreeMap<String, RotatingCredential>,
    pub(super) stores: BTreeMap<String, SecretStore>,
    pub(super) root: PathBuf,
    pub(super) recorder: Recorder,
    redactor: Redactor,
}

impl Keyring {
    /// Of these credentials. Paths of spare keys are read from `root`; keys that are learnt on the way are told to the redactor.
    pub fn new(
        keepings: BTreeMap<String, CredentialBackend>,
        stores: BTreeMap<String, SecretStore>,
        root: PathBuf,
        recorder: Recorder,
        redactor: Redactor,
    ) -> Self {
        let entry = |(name, mut keeping): (String, CredentialBackend)| {
            let rotation =
                RotationState { old: keeping.held.take(), old_id: keeping.key_id.clone().map(KeyId), ..RotationState::default() };
            (
                name,
                RotatingCredential {
                    keeping,
                    rotation: Mutex::new(rotation),
                    revoked: std::sync::Mutex::default(),
                    touched: AtomicU64::new(0),
                },
            )
        };
        Self(Some(Arc::new(Inner { credentials: keepings.into_iter().map(entry).collect(), stores, root, recorder, redactor })))
    }

    /// Records which key each credential has, as far as that is known.
    pub async fn record_held(&self) {
        let Some(inner) = &self.0 else { return };
        for (credential, entry) in &inner.credentials {
            if let Some(old) = &entry.rotation.lock().await.old {
                let held = KeyHeld { credential: credential.clone(), key: old.fingerprint(), id: None };
                inner.recorder.record(Event::KeyHeld(held)).await;
            }
        }
    }

    /// Learns from the history of a process that was interrupted what it had done, and finds its new key where the store holds it.
    pub async fn recall(&self, past: &[Stamped]) {
        let Some(inner) = &self.0 else { return };
        for (name, entry) in &inner.credentials {
            let mut rotation = entry.rotation.lock().await;
            let mut minted = None;
            for stamped in past {
                match &stamped.event {
                    Event::KeyHeld(KeyHeld { credential, id: Some(id), .. }) if credential == name => {
                        rotation.old_id = Some(KeyId(id.clone()));
                    }
                    Event::KeyMinted(event) if event.credential == *name => minted = Some(event),
                    Event::KeyRevoked(event) if event.credential == *name => rotation.revoked = Some(event.hi),
                    Event::KeyStored(event) if event.credential == *name => rotation.stored = true,
                    _ => {}
                }
            }
            let Some(minted) = minted else { continue };
            let id = KeyId(minted.id.clone());
            match entry.keeping.holds(minted.key, &inner.redactor).await {
                Ok(Some(value)) => {
                    inner.redactor.learn(&format!("{name}, new"), &value);
                    rotation.new = Some(Minted { id, value });
                }
                Ok(None) => rotation.lost = Some(LostKey { id, unread: None }),
                Err(why) => rotation.lost = Some(LostKey { id, unread: Some(why) }),
            }
        }
    }

    /// The issuer revokes the key in use, because the timeline says so; when that happened.
    ///
    /// # Errors
    /// Where it is not known which key is in use, or its issuer does not revoke it.
    pub async fn revoke_now(&self, credential: &str) -> Result<(u64, u64), StepError> {
        let (inner, entry) = self.entry(credential)?;
        let mut rotation = entry.rotation.lock().await;
        inner.hold(credential, entry, &mut rotation).await?;
        let bounds = inner.revoke(credential, entry, &mut rotation).await?;
        if let Some(old) = &rotation.old {
            *entry.revoked() = Some(old.fingerprint());
        }
        Ok(bounds)
    }

    /// Whether an exchange was refused because the timeline revoked its key; counts it.
    pub fn refused(&self, credential: &str, key: Option<Fingerprint>, status: u16) -> bool {
        let Ok((_, entry)) = self.entry(credential) else { return false };
        let refused = key.is_some() && key == *entry.revoked() && matches!(status, 401 | 403);
        entry.touched.fetch_add(u64::from(refused), Ordering::Relaxed);
        refused
    }

    /// How many exchanges that were.
    pub fn touched(&self, credential: &str) -> u64 {
        self.entry(credential).map_or(0, |(_, entry)| entry.touched.load(Ordering::Relaxed))
    }

    /// Asks the provider directly whether it takes the new key and refuses the old one, once the old one's revocation has had its time to
    /// spread. What is learnt is recorded.
    pub async fn prove(&self, credential: &str, propagation: Duration) {
        let Ok((inner, entry)) = self.entry(credential) else { return };
        let rotation = entry.rotation.lock().await;
        if let Some(revoked) = rotation.revoked {
            tokio::time::sleep(inner.recorder.clock().until(revoked + propagation.as_nanos())).await;
        }
        let new = rotation.new.as_ref().map(|new| &new.value);
        for key in new.into_iter().chain(&rotation.old) {
            let _ = inner.probe(credential, entry, key, true).await;
        }
    }

    /// The key that a step of this process has minted or taken.
    pub fn new_key(&self, credential: &str) -> Option<Secret> {
        // While a step of this credential holds it, no other step can need it.
        Some(self.entry(credential).ok()?.1.rotation.try_lock().ok()?.new.as_ref()?.value.clone())
    }

    /// Where a credential is kept; `None` for one that is not known, or whose store cannot be opened.
    pub fn store(&self, credential: &str) -> Option<Arc<dyn Store>> {
        self.entry(credential).ok()?.1.keeping.store.as_ref().ok().cloned()
    }

    pub(super) fn entry(&self, credential: &str) -> Result<(&Inner, &RotatingCredential), StepError> {
        let inner = self.0.as_ref();
        inner
            .and_then(|inner| Some((&**inner, inner.credentials.get(credential)?)))
            .ok_or_else(|| StepError::failed(format!("the credential `{credential}` is not known here: a service's provider must use it")))
    }
}

impl Inner {
    /// Learns which key is in use, and which version of it.
    pub(super) async fn hold(&self, name: &str, entry: &RotatingCredential, rotation: &mut RotationState) -> Result<(), StepError> {
        if let Ok(store) = &entry.keeping.store {
            // A store that is down is no reason not to mint: the key in use may be known all the same.
            match store.read().await {
                Ok(held) => {
                    rotation.before = Some(held.version);
                    if rotation.old.is_none() {
                        self.redactor.learn(name, &held.value);
                        let id = entry.keeping.issuer.as_ref().ok().and_then(|issuer| issuer.id_of(&held.value));
                        let id = id.map(|id| self.redactor.redact(&id.0));
                        let event = KeyHeld { credential: name.to_owned(), key: held.value.fingerprint(), id };
                        self.recorder.record(Event::KeyHeld(event)).await;
                        rotation.old = Some(held.value);
                    }
                }
                Err(error) if rotation.old.is_none() => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(())
    }

    pub(super) async fn minted(&self, name: &str, minted: Minted, lo: u64, rotation: &mut RotationState) -> Result<Output, StepError> {
        // White space around a key is no part of it, as in stores.
        let minted = Minted { value: minted.value.trimmed(), ..minted };
        let (key, id, hi) = (minted.value.fingerprint(), minted.id.0.clone(), self.recorder.clock().now());
        self.redactor.learn(&format!("{name}, new"), &minted.value);
        // Where the issuer names keys by their fingerprints, the history does so by its own.
        let event = KeyMinted { credential: name.to_owned(), key, id: self.redactor.redact(&id), lo, hi };
        rotation.new = Some(minted);
        self.recorder.record_durably(Event::KeyMinted(event)).await.map_err(|error| StepError::failed(error.to_string()))?;
        Ok(Output { shown: format!("the new key of {name} is {key}"), value: id.into() })
    }

    /// What the store holds now, whatever was meant to be written. An error where that is another key than this.
    pub(super) async fn stored(&self, name: &str, store: &dyn Store, lo: u64, wanted: Option<&Minted>) -> Result<Output, StepError> {
        let held = store.read().await?;
        let (key, hi) = (held.value.fingerprint(), self.recorder.clock().now());
        self.redactor.learn(&format!("{name}, stored"), &held.value);
        let (place, version) = (store.place().to_owned(), self.redactor.redact(&held.version.0));
        let shown = format!("{place} holds {key} as {version}");
        let event = KeyStored { credential: name.to_owned(), key, place, version: version.clone(), lo, hi };
        self.recorder.record(Event::KeyStored(event)).await;
        if wanted.is_some_and(|wanted| wanted.value != held.value) {
            let hint = "find out who else writes there, and what changes a key on its way";
            return Err(Problem::new(format!("{shown}, which is not the new key")).hint(hint).into());
        }
        Ok(Output { shown, value: version.into() })
    }

    pub(super) async fn revoke(
        &self,
        name: &str,
        entry: &RotatingCredential,
        rotation: &mut RotationState,
    ) -> Result<(u64, u64), StepError> {
        let issuer = issuer(entry)?;
        // What the key itself says is surer than what somebody wrote down.
        let id = rotation.old.as_ref().and_then(|old| issuer.id_of(old)).or_else(|| rotation.old_id.clone());
        let id = id.ok_or_else(|| {
            Problem::new(format!("the issuer's name for the old key of {name} is not known")).hint("add `key_id:` to the credential")
        })?;
        let lo = self.recorder.clock().now();
        issuer.revoke(&id).await?;
        let hi = self.recorder.clock().now();
        rotation.revoked = Some(hi);
        if let Some(old) = &rotation.old {
            let event = KeyRevoked { credential: name.to_owned(), key: old.fingerprint(), lo, hi };
            self.recorder.record(Event::KeyRevoked(event)).await;
        }
        Ok((lo, hi))
    }

    /// Asks until the provider says this. It ends with its step's timeout at the latest.
    pub(super) async fn until(
        &self,
        name: &str,
        entry: &RotatingCredential,
        key: &Secret,
        wanted: KeyStanding,
    ) -> Result<Output, StepError> {
        loop {
            if self.probe(name, entry, key, false).await? == wanted {
                return Ok(Output::of(format!("the provider says that {} is {wanted}", key.fingerprint())));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn probe(&self, name: &str, entry: &RotatingCredential, key: &Secret, last: bool) -> Result<KeyStanding, StepError> {
        let lo = self.recorder.clock().now();
        let said = tokio::time::timeout(PATIENCE, issuer(entry)?.probe(key)).await;
        let (standing, status, why) = match said {
            Ok(Ok(Standing::Accepted)) => (KeyStanding::Accepted, 200, String::new()),
            Ok(Ok(Standing::Refused(status))) => (KeyStanding::Refused, status, String::new()),
            Ok(Ok(Standing::Unknown(why))) => (KeyStanding::Unknown, 0, why),
            Ok(Err(error)) => (KeyStanding::Unknown, 0, explained(&error)),
            Err(_) => (KeyStanding::Unknown, 0, format!("no answer within {}", Duration::from(PATIENCE))),
        };
        let (credential, key, hi) = (name.to_owned(), key.fingerprint(), self.recorder.clock().now());
        self.recorder.record(Event::KeyProbed(KeyProbed { credential, key, standing, status, lo, hi, last, why })).await;
        Ok(standing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Clock, Journal};

    #[tokio::test]
    async fn what_an_interrupted_process_stored_is_not_called_unchanged() {
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let nobody = || CredentialBackend { store: Err(Problem::new("")), issuer: Err(Problem::new("")), held: None, key_id: None };
        let keepings = ["azure", "other"].map(|name| (name.to_owned(), nobody())).into();
        let keyring = Keyring::new(keepings, BTreeMap::new(), PathBuf::new(), journal.recorder(), Redactor::default());
        let key = Secret::from("sk-new").fingerprint();
        let (credential, place, version) = ("azure".to_owned(), "vault:azure".to_owned(), "7".to_owned());
        let stored = Event::KeyStored(KeyStored { credential, key, place, version, lo: 1, hi: 2 });
        keyring.recall(&[Stamped { t: 3, event: stored }]).await;
        let refused = keyring.entry("azure").unwrap().1.rotation.lock().await.to_roll_back("vault:azure").unwrap_err();
        let refused = explained(&refused);
        assert!(
            refused.starts_with("vault:azure was written by a process that was interrupted") && refused.contains("hint: "),
            "{refused}"
        );
        assert_eq!(keyring.entry("other").unwrap().1.rotation.lock().await.to_roll_back("vault:other").unwrap(), None);
        // The journal is over when the last who may record has gone.
        drop(keyring);
        journal.close().await.unwrap();
    }
}
