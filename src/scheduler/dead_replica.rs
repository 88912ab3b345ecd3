//! A claim whose holder is gone, taken over: what its drills left is healed, and the occurrence is recorded as interrupted. It is never begun a second
//! time.
//!
//! Where its drills had ended well and only their end was not recorded any more, that is recorded instead.

use super::healing::{HealOrder, stray_faults};
use super::replica::{BusyWith, SchedulerReplica, named, reason_of};
use crate::execution::{LeftHistory, Leftover, leftovers};
use crate::history::{Event, Reader};
use crate::host::regular;
use crate::model::DrillSchedule;
use crate::project::Project;
use crate::run_folder::{HistoryInput, RunFile, history_in, is_running};
use crate::schedule::{Occurrence, OccurrenceEnd};
use crate::store::{ClaimClose, OccurrenceClaim, StoreError};
use crate::units::{Duration, explained, one_line};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How long it is waited for the lock of a drill that is gone, whose lease runs out.
const LOCKS: Duration = Duration::from_secs(90);
/// How long a drill that still runs may take to end, after its replica has lost the claim.
const ENDS: std::time::Duration = std::time::Duration::from_secs(60);

/// A claim that ran out.
pub(super) struct DeadClaim {
    pub(super) replica: SchedulerReplica,
    pub(super) old: OccurrenceClaim,
    pub(super) occurrence: Occurrence,
    /// The schedule as it was last read.
    pub(super) schedule: Option<DrillSchedule>,
    pub(super) _busy: BusyWith,
}

impl DeadClaim {
    /// Takes it over, deals with what is left, and ends the occurrence.
    pub(super) async fn recover(self) {
        if let Err(error) = self.recovered().await {
            // Another does it, or this one again.
            self.tell(&format!("is not dealt with yet: {}", explained(&error).replace("\n\n", "; ")));
        }
    }

    async fn recovered(&self) -> Result<(), StoreError> {
        let SchedulerReplica { store, name, lease, .. } = &self.replica;
        let Some(claim) = store.take_over(&self.old, name, *lease).await? else { return Ok(()) };
        if self.old.holder == *name && self.drills(self.replica.running.root()).is_empty() {
            // The store was away while this process claimed it, and it was not known that it had it: nothing was begun.
            store.give_back(&claim, self.occurrence.end == Some(OccurrenceEnd::Late)).await?;
            return Ok(());
        }
        self.tell(&format!("the replica {} is gone, and {name} deals with what it left", self.old.holder));
        let dealing = self.deal();
        tokio::pin!(dealing);
        let mut renewal = tokio::time::interval(*lease / 3);
        let close = loop {
            tokio::select! {
                biased;
                close = &mut dealing => break close,
                // Who loses it in turn leaves it to whoever has it.
                _ = renewal.tick() => if !store.renew(&claim, *lease).await.unwrap_or(true) { return Ok(()) },
            }
        };
        if store.close_claimed(&claim, &close).await? {
            self.tell(&close.told);
        }
        Ok(())
    }

    /// What became of its drills, and what was done about it.
    async fn deal(&self) -> ClaimClose {
        let root = self.replica.running.root().to_owned();
        let drills = self.drills(&root);
        let folders: Vec<PathBuf> = drills.iter().map(|drill| root.join("drills").join(drill)).collect();
        let began = Instant::now();
        while began.elapsed() < ENDS && folders.iter().any(|folder| is_running(folder)) {
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        let mut told = self.heal(&root).await;
        let planned = self.schedule.as_ref().map_or(1, |schedule| schedule.scenarios.len());
        let is_whole =
            |folder: &PathBuf| RunFile::Verdict.within(folder).is_file() && matches!(LeftHistory::of(folder), LeftHistory::Whole(_));
        let whole = folders.iter().filter(|folder| is_whole(folder)).count();
        let interrupted = whole < planned;
        told.insert(
            0,
            match (interrupted, drills.is_empty()) {
                (false, _) => format!("its drills ended, and {} recorded it after {} was gone", self.replica.name, self.old.holder),
                (true, true) => format!("interrupted: {} was gone before a drill had a folder", self.old.holder),
                (true, false) => format!("interrupted: {} was gone while it ran", self.old.holder),
            },
        );
        ClaimClose { drills, told: told.join("; "), interrupted }
    }

    /// Those that were noted, and those that say that they were begun for this occurrence.
    fn drills(&self, root: &Path) -> Vec<String> {
        let mut found = self.occurrence.drills.clone();
        let reason = reason_of(&self.old.schedule, self.old.due);
        let since = self.occurrence.began.map_or(0, |began| began.timestamp()) - 3_600;
        for entry in std::fs::read_dir(root.join("drills")).into_iter().flatten().flatten() {
            let changed = entry.metadata().and_then(|about| about.modified()).ok();
            let changed = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |at| at.as_secs());
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if i64::try_from(changed).unwrap_or(0) < since || found.contains(&name) {
                continue;
            }
            if reason_in(&entry.path()).is_some_and(|found| found == reason) {
                found.push(name);
            }
        }
        found.sort();
        found
    }

    /// Heals what killed drills of this project left, and faults at the environment's standing proxy that no drill renews.
    async fn heal(&self, root: &Path) -> Vec<String> {
        let order = HealOrder { roots: vec![root.to_owned()], wait: Some(LOCKS), locks: self.replica.running.locks() };
        let mut told = Vec::new();
        for left in leftovers(&[root.join("drills")], &[root.to_owned()]) {
            told.extend(self.healed(&order, &left).await);
        }
        let Some(schedule) = &self.schedule else { return told };
        let (project, _) = Project::open(root);
        let names: Vec<String> = project.inventory.providers.keys().cloned().collect();
        let Some(environment) = project.inventory.environments.get(&schedule.environment) else { return told };
        let Some(binding) = &environment.control else { return told };
        let strays = stray_faults(binding, environment, root, &names).await;
        if !strays.is_empty() {
            match order.strays(binding, environment, strays.keys(), |line| self.tell(&line)).await {
                Ok(done) => told.extend(done),
                Err(error) => told.push(explained(&error).replace("\n\n", "; ")),
            }
        }
        told
    }

    async fn healed(&self, order: &HealOrder, left: &Leftover) -> Vec<String> {
        let mut told = Vec::new();
        for process in left.processes.iter().filter(|process| process.end()) {
            told.push(format!("ended process {} ({})", process.process.pid, one_line(&process.command)));
        }
        let healed = order.leftover(left, |line| self.tell(&line)).await;
        let is_healed = healed.is_ok();
        match healed {
            Ok(done) => told.extend(done.iter().map(|done| one_line(done))),
            Err(error) => told.push(explained(&error).replace("\n\n", "; ")),
        }
        if left.undo {
            let name = left.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            told.push(format!("what its runbook did is not undone: `lifeboat run --undo drills/{name}`"));
        } else if is_healed && left.unread.is_none() {
            left.forget();
        }
        told
    }

    fn tell(&self, what: &str) {
        self.replica.tell(format!("{}: {what}", named(&self.old.schedule, self.old.due)));
    }
}

/// Why the drill in a folder was begun, by its first line.
fn reason_in(folder: &Path) -> Option<String> {
    let file = regular(&history_in(folder)).ok()?;
    let first = Reader::new(BufReader::new(HistoryInput::new(file))).next_event().ok()??;
    match first.event {
        Event::Started(started) => started.origin.reason,
        _ => None,
    }
}
