//! Who mints and revokes keys, behind one small trait, and whether a key is taken.
//!
//! Minting, storing and revoking are three things: destroying a version in a store revokes nothing at the issuer. That a key is dead is only
//! known from the provider's own refusal: [`Standing::Refused`] is a 401 or 403 that came, a timeout is [`Standing::Unknown`]. How long to
//! wait for a revocation to spread is the caller's business.

mod access_key;
mod azure;
mod bedrock;
mod command;
mod google;
mod iam;
mod open;
mod openai;
mod probe;
#[cfg(test)]
mod tests;

pub use access_key::AccessKeys;
pub use azure::{AzureKeys, Slot};
pub use bedrock::BedrockKeys;
pub use command::IssuerCommands;
pub use google::{GoogleKeys, google_token};
pub use open::open_issuer;
pub use openai::OpenAiKeys;
pub use probe::KeyProbe;

use super::Pending;
use crate::units::Secret;
use std::fmt;

/// A key as its issuer names it. Not a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A new key.
#[derive(Debug)]
pub struct Minted {
    /// By which it is revoked.
    pub id: KeyId,
    /// The key itself; most issuers show it this once.
    pub value: Secret,
}

/// What a provider says to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A request with it was answered.
    Accepted,
    /// A request with it was refused because of the key: the status, 401 or 403; of Google, who is asked for a token, 400 as well.
    Refused(u16),
    /// Neither came; proves nothing.
    Unknown(String),
}

/// Who mints and revokes the keys of one account at one provider.
pub trait KeyIssuer: Send + Sync + fmt::Debug {
    /// Who it is, for messages.
    fn place(&self) -> &str;

    /// Makes a new key.
    ///
    /// # Errors
    /// See [`super::SecretError`].
    fn mint(&self) -> Pending<'_, Minted>;

    /// Takes a key back. That it is refused everywhere may take a while.
    ///
    /// # Errors
    /// See [`super::SecretError`].
    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()>;

    /// Whether the provider takes a key, asked at the provider itself.
    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing>;

    /// How it names a key, where the key itself says so; else the inventory must.
    fn id_of(&self, _value: &Secret) -> Option<KeyId> {
        None
    }
}
