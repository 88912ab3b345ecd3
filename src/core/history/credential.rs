//! What is recorded of a credential that is replaced, besides the steps that do it and the proxies' sight of which request carries which key.
//!
//! A key is named by its fingerprint. `lo` and `hi` bracket what happened: a stamp from before it was asked for, and one from after it was
//! confirmed.

use crate::model::words;
use crate::units::Fingerprint;

/// The key that a credential had when the drill began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHeld {
    /// The credential's name.
    pub credential: String,
    /// Its key.
    pub key: Fingerprint,
    /// How its issuer names that key, where only the key itself says so: who goes on after a crash has no other way to know.
    pub id: Option<String>,
}

/// The issuer made a new key, or a spare one was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMinted {
    /// The credential's name.
    pub credential: String,
    /// The new key.
    pub key: Fingerprint,
    /// How its issuer names it; empty where that is not known.
    pub id: String,
    /// Before it was asked for.
    pub lo: u64,
    /// After it had come.
    pub hi: u64,
}

/// A store was read back, and this key is the current one there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStored {
    /// The credential's name.
    pub credential: String,
    /// The key that was read back.
    pub key: Fingerprint,
    /// Where, as the inventory says it.
    pub place: String,
    /// The version, as the store names it.
    pub version: String,
    /// Before it was written.
    pub lo: u64,
    /// After it was read back.
    pub hi: u64,
}

/// The issuer took a key back, by its own answer. Whether the key is dead only a refusal proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRevoked {
    /// The credential's name.
    pub credential: String,
    /// The key.
    pub key: Fingerprint,
    /// Before it was asked for.
    pub lo: u64,
    /// After the issuer said so.
    pub hi: u64,
}

words! {
    /// What a provider says to a key.
    KeyStanding {
        /// A request with it was answered.
        Accepted = "accepted",
        /// A request with it was refused because of it, with 401 or 403.
        Refused = "refused",
        /// Neither came, which proves nothing.
        Unknown = "unknown",
    }
}

/// A provider was asked directly, past proxies and gateways, whether it takes a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProbed {
    /// The credential's name.
    pub credential: String,
    /// The key.
    pub key: Fingerprint,
    /// What was said.
    pub standing: KeyStanding,
    /// The status that said so; 0 where none came.
    pub status: u16,
    /// Before it was asked.
    pub lo: u64,
    /// After the answer.
    pub hi: u64,
    /// True where the drill asked by itself, after everything else; false for a step of the runbook.
    pub last: bool,
    /// Why nothing is known.
    pub why: String,
}

/// A short-lived token was minted from a key, by the issuer's own record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenMinted {
    /// The credential's name.
    pub credential: String,
    /// The token.
    pub token: Fingerprint,
    /// The key that it was minted from.
    pub from: Fingerprint,
    /// When.
    pub at: u64,
    /// From `at` until it is refused.
    pub life: u64,
}
