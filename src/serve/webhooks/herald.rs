//! Follows the drills of this process, and enters into the outbox that they began, that a guard stopped them, and how they ended.

use crate::schedule::Notice;
use crate::scheduler::occasion_of;
use crate::scheduler::{RunningDrill, RunningDrills};
use crate::serve::traces;
use crate::store::DrillStore;
use chrono::Utc;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// So often it is looked whether a guard has tripped.
const LOOK: Duration = Duration::from_secs(1);
/// So long it may take until it is noted for which schedule a drill was begun.
const NOTED: Duration = Duration::from_millis(500);
/// The pause before the store is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// Follows drills. Made before the first of them begins.
#[derive(Debug)]
pub(super) struct DrillHerald {
    running: RunningDrills,
    begun: broadcast::Receiver<Arc<RunningDrill>>,
    store: DrillStore,
}

impl DrillHerald {
    pub(super) fn new(running: RunningDrills, store: DrillStore) -> Self {
        Self { begun: running.begun(), running, store }
    }

    /// Follows until it is stopped; returns once the end of each drill is entered. It is stopped after the drills.
    pub(super) async fn run(mut self, stop: watch::Receiver<bool>) {
        let (mut tasks, mut known) = (JoinSet::new(), BTreeSet::new());
        let mut follow = |tasks: &mut JoinSet<()>, drill: Arc<RunningDrill>| {
            if known.insert(drill.id.clone()) {
                tasks.spawn(follow(drill, self.running.root().to_owned(), self.store.clone(), stop.clone()));
            }
        };
        let mut stopping = stop.clone();
        loop {
            tokio::select! {
                begun = self.begun.recv() => match begun {
                    Ok(drill) => follow(&mut tasks, drill),
                    Err(RecvError::Lagged(_)) => self.running.all().into_iter().for_each(|drill| follow(&mut tasks, drill)),
                    Err(RecvError::Closed) => break,
                },
                Some(_) = tasks.join_next() => {}
                _ = stopping.wait_for(|stop| *stop) => break,
            }
        }
        loop {
            match self.begun.try_recv() {
                Ok(drill) => follow(&mut tasks, drill),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// One drill from its beginning to its end.
async fn follow(drill: Arc<RunningDrill>, root: PathBuf, store: DrillStore, stop: watch::Receiver<bool>) {
    let started = drill.started_notice(Utc::now());
    // Whoever began it for a schedule notes that right after.
    sleep(NOTED).await;
    enter(&store, &of_its_schedule(started, &store).await, &stop).await;
    let mut told = 0;
    let ended = loop {
        let ended = tokio::select! {
            ended = drill.ended() => Some(ended),
            () = sleep(LOOK) => None,
        };
        let guards = drill.guard_notices(Utc::now());
        for notice in &guards[told.min(guards.len())..] {
            enter(&store, &of_its_schedule(notice.clone(), &store).await, &stop).await;
        }
        told = guards.len();
        if let Some(ended) = ended {
            break ended;
        }
    };
    if let Some(ended) = ended {
        enter(&store, &of_its_schedule(drill.verdict_notice(&ended, Utc::now()), &store).await, &stop).await;
        traces::send(&root, &ended, &stop).await;
    }
}

/// With the schedule for which the drill was begun.
async fn of_its_schedule(mut notice: Notice, store: &DrillStore) -> Notice {
    if let Some(drill) = notice.about.drill.as_deref()
        && let Some((schedule, due)) = occasion_of(store, drill).await
    {
        (notice.about.schedule, notice.about.due) = (Some(schedule), Some(due));
    }
    notice
}

/// Enters it; a store that is away is waited for, unless this process is about to end.
async fn enter(store: &DrillStore, notice: &Notice, stop: &watch::Receiver<bool>) {
    let mut tries_left = 3;
    while let Err(error) = store.enqueue(notice).await {
        tracing::warn!("{} of {} cannot be entered at present: {error}", notice.kind, notice.key);
        if *stop.borrow() {
            tries_left -= 1;
        }
        if tries_left == 0 {
            return;
        }
        sleep(PAUSE).await;
    }
}
