//! Requests of which a primary and its standby must decide alike: what the one refuses, the other refuses too.
//!
//! What this file does not do: ask them (`drill`), or judge what came of it (`verdict`).

use super::words;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

words! {
    /// What becomes of a request that asks for a right.
    ProbeDecision {
        /// It is turned away: by a status from 400 on that is no failure, or by an answer that says so.
        Refused = "refused",
        /// It is answered.
        Answered = "answered",
    }
}

impl ProbeDecision {
    /// What an HTTP status decides; `None` for one that says that nothing was: a failure, a limit, a time that ran out.
    pub const fn of_status(status: u16) -> Option<Self> {
        match status {
            200..=299 => Some(Self::Answered),
            408 | 425 | 429 => None,
            400..=499 => Some(Self::Refused),
            _ => None,
        }
    }
}

/// A request of which primary and standby must decide alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParityProbe {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub asks: ProbeText,
    /// What the primary is known to decide; `None` takes whatever it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<ProbeDecision>,
    /// The user whom it names in its body (`user`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Headers beside those of every client. Values may contain variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The environment variable that holds its key; `None` takes that of every client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_from: Option<String>,
    /// Parameters that are merged into its body.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Value>,
}

/// What a probe asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeText {
    /// This.
    Prompt(String),
    /// Some text of so many tokens, at four letters each.
    Tokens(u64),
}

impl ParityProbe {
    /// How often each is asked of the primary, and again while the standby serves.
    pub const TIMES: u32 = 3;
    /// The most tokens that one may ask with.
    pub const TOKENS_MAX: u64 = 2_000_000;
}

/// What a simulated provider refuses, though key and model are right, with 400. Exactly one of the four is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RefusalRule {
    /// Requests that name this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Requests whose text holds this, whatever the case of its letters: as by a filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Requests with more tokens than this: as too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_above: Option<u64>,
    /// Requests that name any tenant but this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}
