//! Tells tests of every simulated key that there was, in the manner of `SSLKEYLOGFILE`: a search for leaks must know what really existed, and not
//! what somebody thinks that the lab should have made.
//!
//! Only keys that the lab makes itself are written, which nobody else takes; a key of a team's own store is never one. Without the
//! environment variable nothing is.

use crate::units::Secret;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names the file; it is for its owner alone.
const VARIABLE: &str = "LIFEBOAT_LAB_KEYLOG";
/// How the keys and tokens begin that the lab makes.
const SIMULATED: [&str; 3] = ["sk-lab-", "ya29.lab-", "eyJ0eXAiOiJKV1QifQ.lab-"];

/// Event in the life of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyFate {
    /// A server takes it.
    Taken,
    /// It was made beside the first.
    Minted,
    /// It is a token that was made from a key.
    Lent,
    /// No request may carry it any more.
    Revoked,
}

impl KeyFate {
    const fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Minted => "minted",
            Self::Lent => "lent",
            Self::Revoked => "revoked",
        }
    }
}

/// Log file of simulated keys, and what stands in it already.
struct KeyLog {
    file: File,
    told: BTreeSet<String>,
}

/// A key of `whose` that the lab made for somebody who is told of it otherwise.
pub fn made(whose: &str, key: &Secret) {
    tell(KeyFate::Taken, whose, key);
}

/// Writes a line, `FATE KEY WHOSE`, once.
pub(super) fn tell(fate: KeyFate, whose: &str, key: &Secret) {
    static LOG: OnceLock<Option<Mutex<KeyLog>>> = OnceLock::new();
    let Some(log) = LOG.get_or_init(open) else { return };
    if !SIMULATED.iter().any(|start| key.expose().starts_with(start)) {
        return;
    }
    let line = format!("{} {} {whose}\n", fate.word(), key.expose());
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.told.insert(line.clone())
        && let Err(error) = log.file.write_all(line.as_bytes())
    {
        tracing::error!(%error, "a simulated key could not be written to {VARIABLE}");
    }
}

fn open() -> Option<Mutex<KeyLog>> {
    let path = std::env::var_os(VARIABLE)?;
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    file.inspect_err(|error| tracing::error!(%error, "the file that {VARIABLE} names cannot be opened"))
        .ok()
        .map(|file| Mutex::new(KeyLog { file, told: BTreeSet::new() }))
}
