//! Secret stores: where credentials' values are read and written, behind one small trait.
//!
//! ```text
//!  open        from what an inventory says to a store
//!  local       the environment, files and .env files      rewrite   one file of them, read and replaced
//!  command     what other programs keep                   dotenv    the form of .env files (pure)
//!  vault       HashiCorp Vault, OpenBao                    login     who is asking them
//!  aws         AWS Secrets Manager, its four steps         signer    signatures of AWS
//!  kubernetes  Secrets, and rollouts that take them up     call      one bounded HTTP request
//!  object      other objects of a cluster: one value read and changed
//!  known       what an inventory and a runbook name, told to who takes secrets out of texts
//!  restoring   a store that is put back as it was found
//!  issuer      who mints and revokes keys, and whether a key is taken
//! ```
//!
//! A value goes in and out as a [`Secret`] and stands in no error: what a server or a program said of a failure is shown only in part, with
//! every secret that is known here taken out. Each operation is bounded in time. A write that is known not to have happened and one of
//! which nobody can tell are different errors.
//!
//! **White space around a value is no part of it**, wherever it is kept ([`VersionedSecret::new`], [`variable`]): a line end that an editor
//! or `echo` left behind a key works alike in the environment, a file, a .env file, a command's output, Vault, AWS and Kubernetes. A value that is
//! put back into Vault, AWS or Kubernetes is put back with it; into a file or a command it goes without.
//!
//! What this room does not do: decide when to rotate, or keep anything between two drills.

mod aws;
mod call;
mod command;
mod dotenv;
mod error;
pub mod issuer;
mod known;
mod kubernetes;
mod local;
mod login;
mod object;
mod once;
mod open;
mod restoring;
mod rewrite;
mod secret_name;
mod signer;
#[cfg(test)]
mod tests;
mod vault;

pub use error::SecretError;
pub use known::{Unread, learn};
pub use kubernetes::{Cluster, KubernetesWorkload};
pub use local::variable;
pub use object::Patch;
pub use open::{SecretContext, cluster, current, held, key, open};
pub use restoring::{RestoringStore, left_in, put_back};
pub use signer::signed_headers;

use crate::units::Secret;
use std::fmt;
use std::pin::Pin;

/// What an operation of a store comes to.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, SecretError>> + Send + 'a>>;

/// One version of a value, as its store names it: a number, an identifier, or the value's fingerprint where the store has no versions. Not a
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret's value with the version that it is, so that a write can be refused where somebody else wrote meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedSecret {
    /// The value, without white space around it.
    pub value: Secret,
    /// Its version.
    pub version: Version,
    /// The value as it stands in the store, for whoever puts it back.
    stored: Secret,
}

impl VersionedSecret {
    /// A value as its store gives it. White space around it is no part of a key, wherever the key is kept: editors, `echo` and files that are
    /// uploaded whole leave a line end behind it, which no request could bear.
    pub fn new(stored: Secret, version: Version) -> Self {
        Self { value: stored.clone().trimmed(), version, stored }
    }

    /// The value as it stands in the store, with white space around it where there is some.
    pub const fn stored(&self) -> &Secret {
        &self.stored
    }

    /// Of a store that has no versions of its own.
    fn unnumbered(value: Secret) -> Self {
        let version = Version(value.clone().trimmed().fingerprint().to_string());
        Self::new(value, version)
    }
}

/// What a store can do besides reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// Take a new value.
    Write,
    /// Refuse, in one step, to write over a version that is no longer current. Where this is absent, it is looked just before writing.
    Compare,
    /// Hold a new value beside the current one until it is committed.
    Stage,
    /// Make an older version current again.
    Rollback,
}

/// The one place that holds one credential.
pub trait Store: Send + Sync + fmt::Debug {
    /// Where it is, for messages: what stands after `from:` in the inventory.
    fn place(&self) -> &str;

    /// What it can do.
    fn abilities(&self) -> &'static [Ability];

    /// The current value.
    ///
    /// # Errors
    /// See [`SecretError`].
    fn read(&self) -> Pending<'_, VersionedSecret>;

    /// Makes a value current; where `over` is given, only if that is still the current version.
    ///
    /// # Errors
    /// See [`SecretError`].
    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version>;

    /// Holds a value beside the current one.
    ///
    /// # Errors
    /// See [`SecretError`]; another value that is staged already is [`SecretError::Staged`].
    fn stage<'a>(&'a self, _value: &'a Secret) -> Pending<'a, Version> {
        cannot(self.place(), NO_STAGES.0, NO_STAGES.1)
    }

    /// What is staged and not committed.
    ///
    /// # Errors
    /// See [`SecretError`].
    fn staged(&self) -> Pending<'_, Option<VersionedSecret>> {
        cannot(self.place(), NO_STAGES.0, NO_STAGES.1)
    }

    /// Makes the staged version current.
    ///
    /// # Errors
    /// See [`SecretError`].
    fn commit<'a>(&'a self, _version: &'a Version) -> Pending<'a, ()> {
        cannot(self.place(), NO_STAGES.0, NO_STAGES.1)
    }

    /// Takes a staged version away, or makes an older version current again. Returns the version that is current then.
    ///
    /// # Errors
    /// See [`SecretError`].
    fn rollback<'a>(&'a self, _version: &'a Version) -> Pending<'a, Version> {
        cannot(self.place(), "go back to an older version", NO_STAGES.1)
    }
}

/// The answer of a store to what it cannot do.
fn cannot<'a, T: Send + 'a>(place: &str, what: &'static str, hint: &'static str) -> Pending<'a, T> {
    let error = SecretError::Cannot { place: place.to_owned(), what, hint };
    Box::pin(async { Err(error) })
}

const NO_STAGES: (&str, &str) = ("hold a value beside the current one", "write the new value, and the old one again to go back");

/// An error where the current version is another than was expected. For stores that cannot compare by themselves.
async fn still(store: &(impl Store + ?Sized), over: Option<&Version>) -> Result<(), SecretError> {
    let Some(expected) = over else { return Ok(()) };
    let found = store.read().await?.version;
    if found == *expected {
        return Ok(());
    }
    Err(SecretError::Changed { place: store.place().to_owned(), expected: expected.clone(), found: Some(found) })
}
