//! How many requests a simulated provider works on at once, and what becomes of the others: they wait in line, and beyond that they are refused.
//!
//! One that takes 200 ms with `concurrent: 8` answers 40 a second. Asked for more, its line grows: every answer takes longer by what is before it, up to
//! `queue` requests, which is (8 + queue) × 200 ms / 8. What comes then is refused at once. When less is asked of it the line is worked off, and
//! it is as quick as before. What this file does not do: say how long an answer takes (`latency`), or refuse a key its quota (`key_limits`).

use crate::model::ProviderCapacity;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A request's turn: the next may work once it is dropped. Of a provider without an end there is always one.
#[derive(Debug, Default)]
pub(super) struct Turn {
    _held: Option<OwnedSemaphorePermit>,
}

/// The requests at one provider.
#[derive(Debug)]
pub(super) struct Crowding {
    /// `None` where there is no end.
    turns: Option<Arc<Semaphore>>,
    queue: usize,
    waiting: AtomicUsize,
}

/// One who waits; who hangs up leaves the line.
struct Waiting<'c>(&'c AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Crowding {
    pub(super) fn new(capacity: Option<ProviderCapacity>) -> Self {
        let turns = capacity.map(|capacity| Arc::new(Semaphore::new(capacity.concurrent as usize)));
        Self { turns, queue: capacity.map_or(0, |capacity| capacity.queue as usize), waiting: AtomicUsize::new(0) }
    }

    /// Waits for a turn, in the order of arrival; `None` where too many wait already.
    pub(super) async fn turn(&self) -> Option<Turn> {
        let Some(turns) = &self.turns else { return Some(Turn::default()) };
        if let Ok(turn) = Arc::clone(turns).try_acquire_owned() {
            return Some(Turn { _held: Some(turn) });
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let _waiting = Waiting(&self.waiting);
        // The semaphore is never closed.
        Arc::clone(turns).acquire_owned().await.ok().map(|turn| Turn { _held: Some(turn) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn some_work_some_wait_and_the_next_is_refused() {
        let crowding = Arc::new(Crowding::new(Some(ProviderCapacity { concurrent: 2, queue: 1 })));
        let (first, _second) = (crowding.turn().await.unwrap(), crowding.turn().await.unwrap());
        let third = tokio::spawn({
            let crowding = crowding.clone();
            async move { crowding.turn().await.is_some() }
        });
        while crowding.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(crowding.turn().await.is_none(), "two work and one waits");
        drop(first);
        assert!(third.await.unwrap());
        // Who hangs up leaves the line to others.
        let (kept, gone) = (crowding.turn().await, tokio::time::timeout(std::time::Duration::from_millis(5), crowding.turn()).await);
        assert!(kept.is_some() && gone.is_err(), "the third is through and has given its turn back, so one works beside the second");
        assert_eq!(crowding.waiting.load(Ordering::Relaxed), 0);
        assert!(Crowding::new(None).turn().await.is_some());
    }
}
