//! The credentials that a runbook may rotate: of each the old key, the new one, its store and its issuer.
//!
//! What is done to a key is recorded here, bracketed by the clock and named by fingerprint, so that a verdict need not believe the runbook:
//! stored is what was read back, refused is what the provider itself refused. Keys live in memory only. Who goes on after a crash finds
//! the new key again where a store holds it, by its fingerprint in the history; one that was stored nowhere is lost, and is named so that it
//! can be revoked. A second one is never minted unasked.
//!
//! What this file does not do: decide when a key is rotated (the runbook), or watch who bears it (the proxies).

use super::{Context, Output, StepError};
use crate::history::{Event, KeyHeld, KeyMinted, KeyProbed, KeyRevoked, KeyStanding, KeyStored, Stamped};
use crate::journal::Recorder;
use crate::model::{Rotate, RotationPart, SecretStore};
use crate::redact::Redactor;
use crate::secret::issuer::{KeyId, KeyIssuer, Minted, Standing};
use crate::secret::{Ability, SecretContext, SecretError, Store, Version, VersionedSecret, open};
use crate::units::{Duration, Fingerprint, Secret};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Between two questions whether a provider takes a key.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(500);
/// How long the drill itself waits for an answer of that kind.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The store and the issuer of one credential; where one of them is not there, why.
#[derive(Debug)]
pub struct CredentialBackend {
    /// Where it is kept.
    pub store: Result<Arc<dyn Store>, String>,
    /// Who mints and revokes it.
    pub issuer: Result<Box<dyn KeyIssuer>, String>,
    /// The key in use, where it is already known; else the store is asked when it is needed.
    pub held: Option<Secret>,
    /// How the issuer names that key.
    pub key_id: Option<String>,
}

/// The credentials that may be rotated, by their names. Cheap to clone; the default knows none.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    credentials: BTreeMap<String, RotatingCredential>,
    stores: BTreeMap<String, SecretStore>,
    root: PathBuf,
    recorder: Recorder,
    redactor: Redactor,
}

#[derive(Debug)]
struct RotatingCredential {
    keeping: CredentialBackend,
    rotation: Mutex<RotationState>,
    /// The key that the timeline revoked, as proxies name it.
    revoked: std::sync::Mutex<Option<Fingerprint>>,
    touched: AtomicU64,
}

/// The state of one credential's rotation.
#[derive(Debug, Default)]
struct RotationState {
    old: Option<Secret>,
    old_id: Option<KeyId>,
    new: Option<Minted>,
    /// The key that an interrupted process minted and that was not found again.
    lost: Option<LostKey>,
    staged: Option<Version>,
    /// The version that was current before.
    before: Option<Version>,
    /// An interrupted process wrote the store; which version was current before that is not known here.
    stored: bool,
    /// When the old key's revocation was confirmed.
    revoked: Option<u64>,
}

/// A key that was minted and is not found again.
#[derive(Debug)]
struct LostKey {
    /// How the issuer names it.
    id: KeyId,
    /// Why the store, which may hold it, could not be asked; `None` where it does not hold it.
    unread: Option<String>,
}

impl RotationState {
    /// The version that a rollback names; `None` where nothing was changed.
    fn to_roll_back(&self, place: &str) -> Result<Option<&Version>, StepError> {
        let version = self.staged.as_ref().or(self.before.as_ref());
        if version.is_none() && self.stored {
            return Err(StepError::Failed(format!(
                "{place} was written by a process that was interrupted, and it is not known which version it held before\n\nhint: see its \
                 versions, and make the old one current by hand"
            )));
        }
        Ok(version)
    }
}

impl RotatingCredential {
    fn revoked(&self) -> std::sync::MutexGuard<'_, Option<Fingerprint>> {
        self.revoked.lock().expect("nothing panics while it holds it")
    }
}

impl CredentialBackend {
    /// The key that the history names so, where the store holds it as the current one or beside it. An error where it may hold it, and cannot
    /// be asked.
    async fn holds(&self, key: Fingerprint, redactor: &Redactor) -> Result<Option<Secret>, String> {
        let store = self.store.as_ref().map_err(Clone::clone)?;
        let known = |held: Result<Option<VersionedSecret>, SecretError>| match held {
            Err(SecretError::Absent { .. }) => Ok(None),
            other => other.map_err(|error| error.to_string()),
        };
        let current = known(store.read().await.map(Some))?;
        let staged = if store.abilities().contains(&Ability::Stage) { known(store.staged().await)? } else { None };
        Ok(current.into_iter().chain(staged).map(|held| held.value).find(|value| redactor.fingerprint(value) == key))
    }
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
                        rotation.old_id = Some(KeyId(id.clone()))
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
    /// In words.
    pub async fn revoke_now(&self, credential: &str) -> Result<(u64, u64), String> {
        let (inner, entry) = self.lane(credential).map_err(|error| error.to_string())?;
        let mut rotation = entry.rotation.lock().await;
        inner.hold(credential, entry, &mut rotation).await.map_err(|error| error.to_string())?;
        let bounds = inner.revoke(credential, entry, &mut rotation).await.map_err(|error| error.to_string())?;
        if let Some(old) = &rotation.old {
            *entry.revoked() = Some(old.fingerprint());
        }
        Ok(bounds)
    }

    /// Whether an exchange was refused because the timeline revoked its key; counts it.
    pub fn refused(&self, credential: &str, key: Option<Fingerprint>, status: u16) -> bool {
        let Ok((_, entry)) = self.lane(credential) else { return false };
        let refused = key.is_some() && key == *entry.revoked() && matches!(status, 401 | 403);
        entry.touched.fetch_add(u64::from(refused), Ordering::Relaxed);
        refused
    }

    /// How many exchanges that were.
    pub fn touched(&self, credential: &str) -> u64 {
        self.lane(credential).map_or(0, |(_, entry)| entry.touched.load(Ordering::Relaxed))
    }

    /// Asks the provider directly whether it takes the new key and refuses the old one, once the old one's revocation has had its time to
    /// spread. What is learnt is recorded.
    pub async fn prove(&self, credential: &str, propagation: Duration) {
        let Ok((inner, entry)) = self.lane(credential) else { return };
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
        Some(self.lane(credential).ok()?.1.rotation.try_lock().ok()?.new.as_ref()?.value.clone())
    }

    /// Where a credential is kept; `None` for one that is not known, or whose store cannot be opened.
    pub fn store(&self, credential: &str) -> Option<Arc<dyn Store>> {
        self.lane(credential).ok()?.1.keeping.store.as_ref().ok().cloned()
    }

    fn lane(&self, credential: &str) -> Result<(&Inner, &RotatingCredential), StepError> {
        let inner = self.0.as_ref();
        inner
            .and_then(|inner| Some((&**inner, inner.credentials.get(credential)?)))
            .ok_or_else(|| StepError::Failed(format!("the credential `{credential}` is not known here: a service's provider must use it")))
    }
}

/// Does one part of a rotation.
pub(super) async fn rotate(rotate: &Rotate, context: &Context) -> Result<Output, StepError> {
    let (inner, entry) = context.keyring.lane(&rotate.credential)?;
    let name = &rotate.credential;
    let mut rotation = entry.rotation.lock().await;
    let clock = inner.recorder.clock();
    match rotate.part {
        RotationPart::Mint => {
            inner.hold(name, entry, &mut rotation).await?;
            let lo = clock.now();
            let minted = issuer(entry)?.mint().await.map_err(failed)?;
            inner.minted(name, minted, lo, &mut rotation).await
        }
        RotationPart::Take => {
            inner.hold(name, entry, &mut rotation).await?;
            let Some(from) = &rotate.from else { return Err(StepError::Failed("it does not say where the spare key is".into())) };
            let lo = clock.now();
            let spare = open(from, SecretContext { stores: &inner.stores, root: &inner.root }).map_err(failed)?;
            let value = spare.read().await.map_err(failed)?.value;
            let id = KeyId(String::new());
            inner.minted(name, Minted { id, value }, lo, &mut rotation).await
        }
        RotationPart::Stage => {
            let store = store(entry)?;
            let staged = store.stage(&new(name, &rotation)?.value).await.map_err(failed)?;
            let shown = format!("{} holds it beside the current one, as {staged}", store.place());
            rotation.staged = Some(staged);
            Ok(Output::of(shown))
        }
        RotationPart::Commit => {
            let store = store(entry)?;
            let staged = match rotation.staged.take() {
                Some(staged) => staged,
                // Somebody else staged it, or this program before it was interrupted.
                None => store.staged().await.map_err(failed)?.ok_or_else(|| nothing_staged(store))?.version,
            };
            let lo = clock.now();
            store.commit(&staged).await.map_err(failed)?;
            inner.stored(name, store, lo, rotation.new.as_ref()).await
        }
        RotationPart::Store => {
            let store = store(entry)?;
            let lo = clock.now();
            store.write(&new(name, &rotation)?.value, rotation.before.as_ref()).await.map_err(failed)?;
            inner.stored(name, store, lo, rotation.new.as_ref()).await
        }
        RotationPart::Rollback => {
            let store = store(entry)?;
            let lo = clock.now();
            let Some(version) = rotation.to_roll_back(store.place())? else {
                return Ok(Output::of(format!("{} was not changed", store.place())));
            };
            store.rollback(version).await.map_err(failed)?;
            rotation.staged = None;
            inner.stored(name, store, lo, None).await
        }
        RotationPart::Revoke => {
            // A key that the timeline has revoked is revoked.
            if rotation.revoked.is_none() {
                inner.revoke(name, entry, &mut rotation).await?;
            }
            Ok(Output::of(format!("the old key of {name} is revoked")))
        }
        RotationPart::Accepted => {
            let key = new(name, &rotation)?.value.clone();
            inner.until(name, entry, &key, KeyStanding::Accepted).await
        }
        RotationPart::Refused => {
            let key = rotation.old.clone().ok_or_else(|| unknown_old(name))?;
            inner.until(name, entry, &key, KeyStanding::Refused).await
        }
    }
}

/// Whether a part could be done; for a rehearsal. Says what was seen.
///
/// # Errors
/// Why not.
pub async fn can_rotate(rotate: &Rotate, context: &Context) -> Result<String, StepError> {
    let (_, entry) = context.keyring.lane(&rotate.credential)?;
    if rotate.part.needs_issuer() {
        return issuer(entry).map(|issuer| format!("{} is declared; it was not tried", issuer.place()));
    }
    let store = store(entry)?;
    let held = store.read().await.map_err(failed)?;
    context.redactor.learn(&rotate.credential, &held.value);
    Ok(format!("{} can be read: {}", store.place(), context.redactor.fingerprint(&held.value)))
}

impl Inner {
    /// Learns which key is in use, and which version of it.
    async fn hold(&self, name: &str, entry: &RotatingCredential, rotation: &mut RotationState) -> Result<(), StepError> {
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
                Err(error) if rotation.old.is_none() => return Err(failed(error)),
                Err(_) => {}
            }
        }
        Ok(())
    }

    async fn minted(&self, name: &str, minted: Minted, lo: u64, rotation: &mut RotationState) -> Result<Output, StepError> {
        let (key, id, hi) = (minted.value.fingerprint(), minted.id.0.clone(), self.recorder.clock().now());
        self.redactor.learn(&format!("{name}, new"), &minted.value);
        // Where the issuer names keys by their fingerprints, the history does so by its own.
        let event = KeyMinted { credential: name.to_owned(), key, id: self.redactor.redact(&id), lo, hi };
        rotation.new = Some(minted);
        self.recorder.record_durably(Event::KeyMinted(event)).await.map_err(|error| StepError::Failed(error.to_string()))?;
        Ok(Output { shown: format!("the new key of {name} is {key}"), value: id.into() })
    }

    /// What the store holds now, whatever was meant to be written. An error where that is another key than this.
    async fn stored(&self, name: &str, store: &dyn Store, lo: u64, wanted: Option<&Minted>) -> Result<Output, StepError> {
        let held = store.read().await.map_err(failed)?;
        let (key, hi) = (held.value.fingerprint(), self.recorder.clock().now());
        self.redactor.learn(&format!("{name}, stored"), &held.value);
        let (place, version) = (store.place().to_owned(), self.redactor.redact(&held.version.0));
        let shown = format!("{place} holds {key} as {version}");
        let event = KeyStored { credential: name.to_owned(), key, place, version: version.clone(), lo, hi };
        self.recorder.record(Event::KeyStored(event)).await;
        if wanted.is_some_and(|wanted| wanted.value != held.value) {
            let hint = "find out who else writes there, and what changes a key on its way";
            return Err(StepError::Failed(format!("{shown}, which is not the new key\n\nhint: {hint}")));
        }
        Ok(Output { shown, value: version.into() })
    }

    async fn revoke(&self, name: &str, entry: &RotatingCredential, rotation: &mut RotationState) -> Result<(u64, u64), StepError> {
        let issuer = issuer(entry)?;
        // What the key itself says is surer than what somebody wrote down.
        let id = rotation.old.as_ref().and_then(|old| issuer.id_of(old)).or_else(|| rotation.old_id.clone());
        let id = id.ok_or_else(|| {
            StepError::Failed(format!("the issuer's name for the old key of {name} is not known\n\nhint: add `key_id:` to the credential"))
        })?;
        let lo = self.recorder.clock().now();
        issuer.revoke(&id).await.map_err(failed)?;
        let hi = self.recorder.clock().now();
        rotation.revoked = Some(hi);
        if let Some(old) = &rotation.old {
            let event = KeyRevoked { credential: name.to_owned(), key: old.fingerprint(), lo, hi };
            self.recorder.record(Event::KeyRevoked(event)).await;
        }
        Ok((lo, hi))
    }

    /// Asks until the provider says this. It ends with its step's timeout at the latest.
    async fn until(&self, name: &str, entry: &RotatingCredential, key: &Secret, wanted: KeyStanding) -> Result<Output, StepError> {
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
            Ok(Err(error)) => (KeyStanding::Unknown, 0, error.to_string()),
            Err(_) => (KeyStanding::Unknown, 0, format!("no answer within {}", Duration::from(PATIENCE))),
        };
        let (credential, key, hi) = (name.to_owned(), key.fingerprint(), self.recorder.clock().now());
        self.recorder.record(Event::KeyProbed(KeyProbed { credential, key, standing, status, lo, hi, last, why })).await;
        Ok(standing)
    }
}

fn store(entry: &RotatingCredential) -> Result<&dyn Store, StepError> {
    entry.keeping.store.as_deref().map_err(|problem| StepError::Failed(problem.clone()))
}

fn issuer(entry: &RotatingCredential) -> Result<&dyn KeyIssuer, StepError> {
    entry.keeping.issuer.as_deref().map_err(|problem| StepError::Failed(problem.clone()))
}

fn new<'t>(name: &str, rotation: &'t RotationState) -> Result<&'t Minted, StepError> {
    rotation.new.as_ref().ok_or_else(|| match &rotation.lost {
        Some(LostKey { unread: Some(why), .. }) => StepError::Failed(format!(
            "this process does not know the new key of {name}, and the store that may hold it cannot be read: {why}"
        )),
        Some(LostKey { id, .. }) => lost(name, id),
        None => StepError::Failed(format!(
            "no step before this one created or took a new key of {name}\n\n\
             hint: if a step was interrupted while it created one, look for an unknown key at the issuer, revoke it, and start again without `--resume`"
        )),
    })
}

/// Nobody can read it again: its issuer showed it once.
fn lost(name: &str, id: &KeyId) -> StepError {
    let (named, which) = if id.0.is_empty() { (String::new(), "it".to_owned()) } else { (format!(", `{id}`,"), format!("`{id}`")) };
    StepError::Failed(format!(
        "the new key of {name}{named} is lost: the process that created it was interrupted, and the store does not hold it\n\n\
         hint: revoke {which} at the issuer, then start again without `--resume`; no second one was created"
    ))
}

fn unknown_old(name: &str) -> StepError {
    StepError::Failed(format!(
        "this process does not know the old key of {name}: the one that read it was interrupted, or no step created or took another\n\n\
         hint: ask the provider with the old key by hand; only a 401 or 403 that comes proves that it is dead"
    ))
}

fn nothing_staged(store: &dyn Store) -> StepError {
    StepError::Failed(format!(
        "{} holds nothing beside the current key\n\nhint: a step with `rotate: {{stage: …}}` comes first",
        store.place()
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn failed(error: SecretError) -> StepError {
    StepError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Clock, Journal};

    #[tokio::test]
    async fn what_an_interrupted_process_stored_is_not_called_unchanged() {
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let nobody = || CredentialBackend { store: Err(String::new()), issuer: Err(String::new()), held: None, key_id: None };
        let keepings = ["azure", "other"].map(|name| (name.to_owned(), nobody())).into();
        let keyring = Keyring::new(keepings, BTreeMap::new(), PathBuf::new(), journal.recorder(), Redactor::default());
        let key = Secret::from("sk-new").fingerprint();
        let (credential, place, version) = ("azure".to_owned(), "vault:azure".to_owned(), "7".to_owned());
        let stored = Event::KeyStored(KeyStored { credential, key, place, version, lo: 1, hi: 2 });
        keyring.recall(&[Stamped { t: 3, event: stored }]).await;
        let refused = keyring.lane("azure").unwrap().1.rotation.lock().await.to_roll_back("vault:azure").unwrap_err().to_string();
        assert!(
            refused.starts_with("vault:azure was written by a process that was interrupted") && refused.contains("hint: "),
            "{refused}"
        );
        assert_eq!(keyring.lane("other").unwrap().1.rotation.lock().await.to_roll_back("vault:other").unwrap(), None);
        // The journal is over when the last who may record has gone.
        drop(keyring);
        journal.close().await.unwrap();
    }
}
