//! One process that looks at the schedules: its name, what it works with, and the lines that it tells.

use super::running::RunningDrills;
use crate::host::host_name;
use crate::store::DrillStore;
use chrono::{DateTime, SecondsFormat, Utc};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// Occurrences: schedules by name, and when they were due.
type DueSet = BTreeSet<(String, DateTime<Utc>)>;

/// So many lines wait for whoever shows them.
const LINES: usize = 256;

/// One process that looks at the schedules. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct SchedulerReplica {
    /// By which the others know it.
    pub(super) name: String,
    pub(super) store: DrillStore,
    pub(super) running: RunningDrills,
    /// For how long it holds an occurrence without renewing it.
    pub(super) lease: Duration,
    /// Becomes true when it is to end.
    pub(super) stop: watch::Receiver<bool>,
    lines: broadcast::Sender<String>,
    /// The occurrences that this process runs or deals with.
    busy: Arc<Mutex<DueSet>>,
}

/// Says that this process runs an occurrence or deals with it, until it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct BusyWith {
    replica: SchedulerReplica,
    occurrence: (String, DateTime<Utc>),
}

impl Drop for BusyWith {
    fn drop(&mut self) {
        self.replica.busy().remove(&self.occurrence);
    }
}

impl SchedulerReplica {
    pub(super) fn new(store: DrillStore, running: RunningDrills, lease: Duration, stop: watch::Receiver<bool>) -> Self {
        let host = host_name().unwrap_or_else(|| "here".to_owned());
        let drawn = crate::exercise::drawn_seed().to_string();
        let name = format!("{host}-{}-{}", std::process::id(), &drawn[drawn.len().saturating_sub(4)..]);
        Self { name, store, running, lease, stop, lines: broadcast::channel(LINES).0, busy: Arc::default() }
    }

    /// Tells a line to whoever listens; without anybody it is in the log alone.
    pub(super) fn tell(&self, line: String) {
        tracing::info!("{line}");
        let _ = self.lines.send(line);
    }

    /// The lines from now on.
    pub(super) fn lines(&self) -> broadcast::Receiver<String> {
        self.lines.subscribe()
    }

    /// From now on this process is busy with an occurrence; `None` where it is already.
    pub(super) fn busy_with(&self, schedule: &str, due: DateTime<Utc>) -> Option<BusyWith> {
        let occurrence = (schedule.to_owned(), due);
        let is_new = self.busy().insert(occurrence.clone());
        is_new.then(|| BusyWith { replica: self.clone(), occurrence })
    }

    fn busy(&self) -> MutexGuard<'_, BTreeSet<(String, DateTime<Utc>)>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow() || self.running.are_stopping()
    }
}

/// An occurrence for people: `support-chat, due 2026-02-10T09:00:00Z`.
pub(super) fn named(schedule: &str, due: DateTime<Utc>) -> String {
    format!("{schedule}, due {}", due.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Why its drills run, as their histories say it; by this they are found where nobody noted them.
pub(super) fn reason_of(schedule: &str, due: DateTime<Utc>) -> String {
    format!("schedule {}", named(schedule, due))
}
