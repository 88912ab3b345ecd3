//! `rotate`: the parts of a rotation, each a step of its own: a key is minted or taken, stored, proved, and the old one revoked.

use super::keyring::Inner;
use super::rotating::{RotatingCredential, RotationState, issuer, new, store};
use super::{Context, Output, StepError};
use crate::history::KeyStanding;
use crate::model::{CredentialSource, Rotate, RotationPart};
use crate::secret::issuer::{KeyId, Minted};
use crate::secret::{SecretContext, Store, open};
use crate::units::Problem;

/// Does one part of a rotation.
pub(super) async fn rotate(rotate: &Rotate, context: &Context) -> Result<Output, StepError> {
    let (inner, entry) = context.keyring.entry(&rotate.credential)?;
    let name = &rotate.credential;
    let mut rotation = entry.rotation.lock().await;
    let rotation = &mut *rotation;
    match rotate.part {
        RotationPart::Mint => mint(inner, name, entry, rotation).await,
        RotationPart::Take => take(inner, name, entry, rotation, rotate.from.as_ref()).await,
        RotationPart::Stage => stage(name, store(entry)?, rotation).await,
        RotationPart::Commit => commit(inner, name, store(entry)?, rotation).await,
        RotationPart::Store => {
            let (store, lo) = (store(entry)?, inner.recorder.clock().now());
            store.write(&new(name, rotation)?.value, rotation.before.as_ref()).await?;
            inner.stored(name, store, lo, rotation.new.as_ref()).await
        }
        RotationPart::Rollback => roll_back(inner, name, store(entry)?, rotation).await,
        RotationPart::Revoke => {
            // A key that the timeline has revoked is revoked.
            if rotation.revoked.is_none() {
                inner.revoke(name, entry, rotation).await?;
            }
            Ok(Output::of(format!("the old key of {name} is revoked")))
        }
        RotationPart::Accepted => {
            let key = new(name, rotation)?.value.clone();
            inner.until(name, entry, &key, KeyStanding::Accepted).await
        }
        RotationPart::Refused => {
            let key = rotation.old.clone().ok_or_else(|| unknown_old(name))?;
            inner.until(name, entry, &key, KeyStanding::Refused).await
        }
    }
}

async fn mint(inner: &Inner, name: &str, entry: &RotatingCredential, rotation: &mut RotationState) -> Result<Output, StepError> {
    inner.hold(name, entry, rotation).await?;
    let lo = inner.recorder.clock().now();
    let minted = issuer(entry)?.mint().await?;
    inner.minted(name, minted, lo, rotation).await
}

/// A spare key, which no issuer has to make.
async fn take(
    inner: &Inner,
    name: &str,
    entry: &RotatingCredential,
    rotation: &mut RotationState,
    from: Option<&CredentialSource>,
) -> Result<Output, StepError> {
    inner.hold(name, entry, rotation).await?;
    let from = from.ok_or_else(|| StepError::failed("it does not say where the spare key is"))?;
    let lo = inner.recorder.clock().now();
    let spare = open(from, SecretContext { stores: &inner.stores, root: &inner.root })?;
    let value = spare.read().await?.value;
    inner.minted(name, Minted { id: KeyId(String::new()), value }, lo, rotation).await
}

async fn stage(name: &str, store: &dyn Store, rotation: &mut RotationState) -> Result<Output, StepError> {
    let staged = store.stage(&new(name, rotation)?.value).await?;
    let shown = format!("{} holds it beside the current one, as {staged}", store.place());
    rotation.staged = Some(staged);
    Ok(Output::of(shown))
}

async fn commit(inner: &Inner, name: &str, store: &dyn Store, rotation: &mut RotationState) -> Result<Output, StepError> {
    let staged = match rotation.staged.take() {
        Some(staged) => staged,
        // Somebody else staged it, or this program before it was interrupted.
        None => store.staged().await?.ok_or_else(|| nothing_staged(store))?.version,
    };
    let lo = inner.recorder.clock().now();
    store.commit(&staged).await?;
    inner.stored(name, store, lo, rotation.new.as_ref()).await
}

async fn roll_back(inner: &Inner, name: &str, store: &dyn Store, rotation: &mut RotationState) -> Result<Output, StepError> {
    let lo = inner.recorder.clock().now();
    let Some(version) = rotation.to_roll_back(store.place())? else {
        return Ok(Output::of(format!("{} was not changed", store.place())));
    };
    store.rollback(version).await?;
    rotation.staged = None;
    inner.stored(name, store, lo, None).await
}

/// Whether a part could be done; for a rehearsal. Says what was seen.
///
/// # Errors
/// Why not.
pub async fn can_rotate(rotate: &Rotate, context: &Context) -> Result<String, StepError> {
    let (_, entry) = context.keyring.entry(&rotate.credential)?;
    if rotate.part.needs_issuer() {
        return issuer(entry).map(|issuer| format!("{} is declared; it was not tried", issuer.place()));
    }
    let store = store(entry)?;
    let held = store.read().await?;
    context.redactor.learn(&rotate.credential, &held.value);
    Ok(format!("{} can be read: {}", store.place(), context.redactor.fingerprint(&held.value)))
}

fn unknown_old(name: &str) -> Problem {
    let why = "the one that read it was interrupted, or no step created or took another";
    Problem::new(format!("this process does not know the old key of {name}: {why}"))
        .hint("ask the provider with the old key by hand; only a 401 or 403 that comes proves that it is dead")
}

fn nothing_staged(store: &dyn Store) -> Problem {
    Problem::new(format!("{} holds nothing beside the current key", store.place())).hint("a step with `rotate: {stage: …}` comes first")
}
