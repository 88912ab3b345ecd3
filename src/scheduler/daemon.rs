//! The loop that looks at the schedules, from its start to its end.
//!
//! It looks when the next is due, when a drill has ended, when somebody asks it to, and else twice a minute; never more often than once a second. Where
//! the store cannot be reached nothing begins, what runs goes on, and it tries again, less and less often.

use super::look::{LONGEST, Looked, Looker};
use super::replica::SchedulerReplica;
use super::running::RunningDrills;
use crate::store::DrillStore;
use crate::units::explained;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinHandle;

/// The shortest between two looks.
const SHORTEST: Duration = Duration::from_secs(1);
/// So long the end of a replica waits for the store.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a scheduler works.
#[derive(Debug, Clone)]
pub struct SchedulerSettings {
    /// For how long it holds an occurrence that it does not renew: so long after it is gone another deals with what it left.
    pub lease: crate::units::Duration,
    /// How many occurrences it runs at once.
    pub at_once: usize,
}

impl SchedulerSettings {
    /// How many run at once where nothing is said: drills in one process measure each other's noise.
    pub const AT_ONCE: usize = 2;
}

/// How the scheduler is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchedulerPulse {
    /// The process, as the others know it.
    pub replica: String,
    /// When it last looked at all schedules, by the store's clock; `None` before the first time.
    pub looked: Option<DateTime<Utc>>,
    /// Why it cannot look at present.
    pub failing: Option<String>,
    /// What is wrong in the files of schedules.
    pub problems: Vec<String>,
    /// What begins next, and when.
    pub next: Option<(String, DateTime<Utc>)>,
}

/// A scheduler that runs.
#[derive(Debug)]
pub struct Scheduler {
    replica: SchedulerReplica,
    stop: watch::Sender<bool>,
    pulse: watch::Receiver<SchedulerPulse>,
    poked: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Scheduler {
    /// Begins to look at the schedules of the project whose drills these are.
    pub fn begin(settings: &SchedulerSettings, store: DrillStore, running: RunningDrills) -> Self {
        let (stop, stopped) = watch::channel(false);
        let replica = SchedulerReplica::new(store, running, settings.lease.std(), stopped);
        let (sender, pulse) = watch::channel(SchedulerPulse { replica: replica.name.clone(), ..SchedulerPulse::default() });
        let poked = Arc::new(Notify::new());
        let looker = Looker::new(replica.clone(), settings.at_once.max(1));
        let task = tokio::spawn(keep_looking(looker, sender, poked.clone()));
        Self { replica, stop, pulse, poked, task }
    }

    /// How it is.
    pub fn pulse(&self) -> watch::Receiver<SchedulerPulse> {
        self.pulse.clone()
    }

    /// What it does, a line each, from now on.
    pub fn lines(&self) -> broadcast::Receiver<String> {
        self.replica.lines()
    }

    /// Looks again soon: somebody has answered, or changed a file.
    pub fn look_again(&self) {
        self.poked.notify_one();
    }

    /// Looks no more, and returns once what it ran is recorded. Its drills are stopped by [`RunningDrills::stop_all`], before or meanwhile.
    pub async fn end(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

/// Looks once at the schedules, runs what is due to its end, and says what it did: for those who let another program look again and again.
///
/// # Errors
/// Where the store cannot be used.
pub async fn look_once(
    settings: &SchedulerSettings,
    store: DrillStore,
    running: RunningDrills,
    mut stop: watch::Receiver<bool>,
    mut tell: impl FnMut(String),
) -> Result<(), crate::store::StoreError> {
    let replica = SchedulerReplica::new(store, running.clone(), settings.lease.std(), stop.clone());
    let mut lines = replica.lines();
    let mut looker = Looker::new(replica.clone(), settings.at_once.max(1));
    looker.patience = Duration::ZERO;
    loop {
        let looked = looker.look().await;
        let mut more = looker.attending.len() + looker.recovering.len() > 0;
        tokio::select! {
            _ = looker.attending.join_next(), if !looker.attending.is_empty() => {}
            _ = looker.recovering.join_next(), if !looker.recovering.is_empty() => {}
            _ = stop.wait_for(|stop| *stop), if more => {
                running.stop_all().await;
                while looker.attending.join_next().await.is_some() {}
                more = false;
            }
            else => {}
        }
        while let Ok(line) = lines.try_recv() {
            tell(line);
        }
        looked?;
        if !more {
            let _ = tokio::time::timeout(LAST_WORDS, replica.store.leaves(&replica.name)).await;
            return Ok(());
        }
    }
}

async fn keep_looking(mut looker: Looker, pulse: watch::Sender<SchedulerPulse>, poked: Arc<Notify>) {
    let mut stop = looker.replica.stop.clone();
    let mut pause = SHORTEST;
    while !*stop.borrow() {
        let began = Instant::now();
        let looked = looker.look().await;
        let wait = match &looked {
            Ok(looked) => {
                pause = SHORTEST;
                looked.again
            }
            Err(error) => {
                if pulse.borrow().failing.is_none() {
                    looker
                        .replica
                        .tell(format!("the store cannot be used, and nothing begins: {}", explained(error).replace("\n\n", "; ")));
                }
                pause = (pause * 2).min(LONGEST.min(looker.replica.lease));
                pause
            }
        };
        if pulse.borrow().failing.is_some() && looked.is_ok() {
            looker.replica.tell("the store can be used again".to_owned());
        }
        pulse.send_modify(|pulse| shown(pulse, looked.map_err(|error| error.to_string())));
        // As long as a lease at the most, so that whoever looks notices when the store was away.
        let wait = wait.clamp(SHORTEST, LONGEST.min(looker.replica.lease).max(SHORTEST));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = poked.notified() => {}
            _ = looker.attending.join_next(), if !looker.attending.is_empty() => {}
            _ = looker.recovering.join_next(), if !looker.recovering.is_empty() => {}
            () = tokio::time::sleep(wait) => {}
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(SHORTEST.saturating_sub(began.elapsed())) => {}
        }
    }
    while looker.attending.join_next().await.is_some() {}
    // What it healed for others is another's to go on with.
    looker.recovering.shutdown().await;
    let _ = tokio::time::timeout(LAST_WORDS, looker.replica.store.leaves(&looker.replica.name)).await;
}

fn shown(pulse: &mut SchedulerPulse, looked: Result<Looked, String>) {
    match looked {
        Ok(looked) => {
            pulse.failing = None;
            if looked.at.is_some() {
                pulse.looked = looked.at;
                pulse.problems = looked.problems;
                pulse.next = looked.next;
            }
        }
        Err(error) => pulse.failing = Some(error),
    }
}
