//! What a step saw last, for whoever ends it before it is over: its timeout would say nothing else of why.

use crate::process::EndOrder;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// The last thing that a step saw: the answer to a probe, the last lines of a program's output. And the way to have its program end.
#[derive(Debug, Default)]
pub(super) struct LastSeen {
    seen: Mutex<Option<String>>,
    /// How its program ended when it was asked to.
    ended: Mutex<Option<String>>,
    order: EndOrder,
    /// True once the step is stopped: no further try begins.
    stopped: AtomicBool,
    /// How many programs run.
    programs: watch::Sender<usize>,
}

/// A program of a step runs, for as long as this is held.
pub(super) struct RunningMark<'a>(&'a LastSeen);

impl Drop for RunningMark<'_> {
    fn drop(&mut self) {
        self.0.programs.send_modify(|count| *count -= 1);
    }
}

impl LastSeen {
    /// Keeps it, in place of what was seen before.
    pub(super) fn keep(&self, seen: String) {
        put(&self.seen, seen);
    }

    /// A program of the step runs.
    pub(super) fn running(&self) -> RunningMark<'_> {
        self.programs.send_modify(|count| *count += 1);
        RunningMark(self)
    }

    /// What has its programs end.
    pub(super) const fn order(&self) -> &EndOrder {
        &self.order
    }

    /// Keeps how its program ended that was asked to.
    pub(super) fn ended(&self, how: String) {
        put(&self.ended, how);
    }

    /// Has the step's programs end, and does what the step does until they have: whatever comes next finds nobody at work any more. Those are
    /// killed after their grace, so it ends.
    pub(super) async fn wind_down<T>(&self, doing: impl Future<Output = T>) {
        self.order.give();
        let mut programs = self.programs.subscribe();
        tokio::select! {
            biased;
            _ = programs.wait_for(|count| *count == 0) => {}
            _ = doing => {}
        }
    }

    /// The same for a step that is stopped, whatever it would try next.
    pub(super) async fn stop<T>(&self, doing: impl Future<Output = T>) {
        self.stopped.store(true, Ordering::Relaxed);
        self.wind_down(doing).await;
    }

    /// True once the step is stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Forgets the try before, whose programs have ended.
    pub(super) fn next_try(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.order.take_back();
    }

    /// How its program ended that was asked to; empty where none was.
    pub(super) fn ending(&self) -> String {
        taken(&self.ended).unwrap_or_default()
    }

    /// The end of a sentence; empty where nothing was seen.
    pub(super) fn told(&self) -> String {
        let parts = [taken(&self.ended), taken(&self.seen)];
        parts.into_iter().flatten().map(|part| format!("; {part}")).collect()
    }
}

fn put(place: &Mutex<Option<String>>, text: String) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

fn taken(place: &Mutex<Option<String>>) -> Option<String> {
    place.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
