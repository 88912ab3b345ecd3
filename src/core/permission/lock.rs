//! A lock: one drill at a time for a service, a standing proxy, or whatever else several drills must not touch together.
//!
//! Whoever holds one writes who they are, and renews it by writing a higher number. Whether a holder that is not on this kernel still lives is known
//! by that number alone: where it stays the same for the length of a lease, by the clock of whoever waits, the holder is gone. No moment of one host
//! is compared with one of another: their clocks may differ by hours. A holder on this kernel is asked for by its process.

use super::who::{me, now};
use crate::host::{ProcessIdentity, ProcessState, host_name};
use crate::units::{Duration, one_line};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The form that this build writes.
const FORM: u32 = 1;

/// What stands in a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRecord {
    /// The version of this form.
    pub lock: u32,
    /// What is locked, in words.
    pub what: String,
    /// True once its holder gave it back.
    pub free: bool,
    /// Who holds it: `ada@ops-1`.
    pub who: String,
    /// On which host.
    pub host: String,
    /// The holder's process.
    pub process: ProcessIdentity,
    /// What for: the name of a scenario and where it runs.
    pub drill: String,
    /// Since when, RFC 3339, by the holder's clock: for people.
    pub since: String,
    /// How long it stays held that is not renewed, in milliseconds.
    pub lease_ms: u64,
    /// How often it was renewed.
    pub renewed: u64,
    /// The holder, told from every other.
    pub token: String,
}

/// Who holds a lock, for whoever is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderOfLock {
    /// What is locked.
    pub what: String,
    /// The holder, where that can be read.
    pub record: Option<LockRecord>,
    /// Where the lock is.
    pub place: String,
}

/// What is known of a lock that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockState {
    /// Nobody holds it.
    Free,
    /// Its holder's process is gone.
    Left,
    /// Somebody holds it, or held it and cannot be asked.
    Held,
}

impl LockRecord {
    /// One that this process takes now.
    pub(super) fn new(what: &str, drill: &str, lease: Duration, token: String) -> Self {
        Self {
            lock: FORM,
            what: what.to_owned(),
            free: false,
            who: me(),
            host: host_name().unwrap_or_default(),
            process: ProcessIdentity::own(),
            drill: drill.to_owned(),
            since: now(),
            lease_ms: lease.as_nanos() / 1_000_000,
            renewed: 0,
            token,
        }
    }

    pub(super) fn state(&self) -> LockState {
        match (self.free, self.process.state()) {
            (true, _) => LockState::Free,
            (false, ProcessState::Gone) => LockState::Left,
            (false, _) => LockState::Held,
        }
    }

    pub(super) fn lease(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.lease_ms)
    }

    /// Whether its process is known to run.
    pub(super) fn runs(&self) -> bool {
        self.process.state() == ProcessState::Runs
    }
}

impl HolderOfLock {
    /// Of one who is gone, in words.
    pub(super) fn left(&self) -> String {
        match &self.record {
            Some(LockRecord { who, since, drill, process, .. }) => {
                let (who, since, drill) = (one_line(who), one_line(since), one_line(drill));
                format!("{who} held {} since {since}, for {drill} (process {})", self.what, process.pid)
            }
            None => format!("{} was held, and {} does not say by which drill", self.what, self.place),
        }
    }
}

impl fmt::Display for HolderOfLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.record {
            Some(LockRecord { who, since, drill, process, .. }) => {
                let (who, since, drill) = (one_line(who), one_line(since), one_line(drill));
                write!(f, "{} is held by {who} since {since}, for {drill} (process {})", self.what, process.pid)
            }
            None => write!(f, "{} is held, and {} does not say by which drill", self.what, self.place),
        }
    }
}
