//! One credential that may be rotated: its store and its issuer, and how far its rotation has come.

use super::StepError;
use super::error::problem_of;
use crate::redact::Redactor;
use crate::secret::issuer::{KeyId, KeyIssuer, Minted};
use crate::secret::{Ability, SecretError, Store, Version, VersionedSecret};
use crate::units::{Fingerprint, Problem, Secret};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::Mutex;

/// The store and the issuer of one credential; where one of them is not there, why.
#[derive(Debug)]
pub struct CredentialBackend {
    /// Where it is kept.
    pub store: Result<Arc<dyn Store>, Problem>,
    /// Who mints and revokes it.
    pub issuer: Result<Box<dyn KeyIssuer>, Problem>,
    /// The key in use, where it is already known; else the store is asked when it is needed.
    pub held: Option<Secret>,
    /// How the issuer names that key.
    pub key_id: Option<String>,
}

/// One credential that may be rotated: who keeps and makes it, and how far its rotation has come.
#[derive(Debug)]
pub(super) struct RotatingCredential {
    pub(super) keeping: CredentialBackend,
    pub(super) rotation: Mutex<RotationState>,
    /// The key that the timeline revoked, as proxies name it.
    pub(super) revoked: std::sync::Mutex<Option<Fingerprint>>,
    pub(super) touched: AtomicU64,
}

/// The state of one credential's rotation.
#[derive(Debug, Default)]
pub(super) struct RotationState {
    pub(super) old: Option<Secret>,
    pub(super) old_id: Option<KeyId>,
    pub(super) new: Option<Minted>,
    /// The key that an interrupted process minted and that was not found again.
    pub(super) lost: Option<LostKey>,
    pub(super) staged: Option<Version>,
    /// The version that was current before.
    pub(super) before: Option<Version>,
    /// An interrupted process wrote the store; which version was current before that is not known here.
    pub(super) stored: bool,
    /// When the old key's revocation was confirmed.
    pub(super) revoked: Option<u64>,
}

/// A key that was minted and is not found again.
#[derive(Debug)]
pub(super) struct LostKey {
    /// How the issuer names it.
    pub(super) id: KeyId,
    /// Why the store, which may hold it, could not be asked; `None` where it does not hold it.
    pub(super) unread: Option<Problem>,
}

impl RotationState {
    /// The version that a rollback names; `None` where nothing was changed.
    pub(super) fn to_roll_back(&self, place: &str) -> Result<Option<&Version>, StepError> {
        let version = self.staged.as_ref().or(self.before.as_ref());
        if version.is_none() && self.stored {
            let unknown = "was written by a process that was interrupted, and it is not known which version it held before";
            let hint = "see its versions, and make the old one current by hand";
            return Err(Problem::new(format!("{place} {unknown}")).hint(hint).into());
        }
        Ok(version)
    }
}

impl RotatingCredential {
    pub(super) fn revoked(&self) -> std::sync::MutexGuard<'_, Option<Fingerprint>> {
        self.revoked.lock().expect("nothing panics while it holds it")
    }
}

impl CredentialBackend {
    /// The key that the history names so, where the store holds it as the current one or beside it. An error where it may hold it, and cannot
    /// be asked.
    pub(super) async fn holds(&self, key: Fingerprint, redactor: &Redactor) -> Result<Option<Secret>, Problem> {
        let store = self.store.as_ref().map_err(problem_of)?;
        let known = |held: Result<Option<VersionedSecret>, SecretError>| match held {
            Err(SecretError::Absent { .. }) => Ok(None),
            other => other.map_err(|error| problem_of(&error)),
        };
        let current = known(store.read().await.map(Some))?;
        let staged = if store.abilities().contains(&Ability::Stage) { known(store.staged().await)? } else { None };
        Ok(current.into_iter().chain(staged).map(|held| held.value).find(|value| redactor.fingerprint(value) == key))
    }
}

pub(super) fn store(entry: &RotatingCredential) -> Result<&dyn Store, StepError> {
    entry.keeping.store.as_deref().map_err(|problem| problem_of(problem).into())
}

pub(super) fn issuer(entry: &RotatingCredential) -> Result<&dyn KeyIssuer, StepError> {
    entry.keeping.issuer.as_deref().map_err(|problem| problem_of(problem).into())
}

pub(super) fn new<'t>(name: &str, rotation: &'t RotationState) -> Result<&'t Minted, StepError> {
    let problem = || {
        match &rotation.lost {
        Some(LostKey { unread: Some(why), .. }) => {
            let unread = "and the store that may hold it cannot be read";
            let mut problem = problem_of(why);
            problem.message = format!("this process does not know the new key of {name}, {unread}: {}", problem.message);
            problem
        }
        Some(LostKey { id, .. }) => lost(name, id),
        None => Problem::new(format!("no step before this one created or took a new key of {name}")).hint(
            "if a step was interrupted while it created one, look for an unknown key at the issuer, revoke it, and start again without `--resume`",
        ),
    }
    };
    Ok(rotation.new.as_ref().ok_or_else(problem)?)
}

/// Nobody can read it again: its issuer showed it once.
fn lost(name: &str, id: &KeyId) -> Problem {
    let (named, which) = if id.0.is_empty() { (String::new(), "it".to_owned()) } else { (format!(", `{id}`,"), format!("`{id}`")) };
    let why = "the process that created it was interrupted, and the store does not hold it";
    Problem::new(format!("the new key of {name}{named} is lost: {why}"))
        .hint(format!("revoke {which} at the issuer, then start again without `--resume`; no second one was created"))
}
