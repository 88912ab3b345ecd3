//! The queue between those who record events and the thread that writes them. Events are stamped as they come in, so their order is that of
//! their stamps.
//!
//! Recording costs a stamp and a lock that is held for as long as a push takes. The writer is woken where it sleeps for want of
//! events, and takes all that wait at once.

use super::Clock;
use super::error::JournalError;
use crate::history::{Event, Stamped};
use crate::units::Salt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Events that may wait to be written: a second of the fastest traffic.
const MOST: usize = 65_536;

/// A caller that waits until everything recorded before is as safe as it can be.
pub(super) type FlushWaiter = oneshot::Sender<Result<(), JournalError>>;

/// The events that wait to be written, and who waits for them.
#[derive(Debug, Default)]
struct QueueState {
    events: Vec<Stamped>,
    /// Those who wait until everything that they put in is on disk.
    waiters: Vec<FlushWaiter>,
    /// How many recorders there still are.
    recorders: usize,
    /// True while the writer sleeps until somebody records.
    asleep: bool,
}

/// The bounded queue of events between those who record and the thread that writes. It stamps them as they come in.
#[derive(Debug)]
pub(super) struct EventQueue {
    clock: Clock,
    salt: Salt,
    waiting: Mutex<QueueState>,
    fresh: Condvar,
    room: Notify,
}

impl EventQueue {
    pub(super) fn new(clock: Clock, salt: Salt) -> Self {
        Self { clock, salt, waiting: Mutex::default(), fresh: Condvar::new(), room: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The drill's clock.
    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// What makes the fingerprints of this history its own.
    pub(super) const fn salt(&self) -> Salt {
        self.salt
    }

    pub(super) fn enter(&self) {
        self.lock().recorders += 1;
    }

    pub(super) fn leave(&self) {
        let mut waiting = self.lock();
        waiting.recorders -= 1;
        if waiting.recorders == 0 {
            self.fresh.notify_one();
        }
    }

    /// Stamps an event and appends it; gives it back where the queue is full.
    fn push(&self, event: Event) -> Option<Event> {
        let mut waiting = self.lock();
        if waiting.events.len() >= MOST {
            return Some(event);
        }
        // Under the lock, so that no stamp is before the one in front of it.
        let t = self.clock.now();
        waiting.events.push(Stamped { t, event });
        if std::mem::take(&mut waiting.asleep) {
            drop(waiting);
            self.fresh.notify_one();
        }
        None
    }

    /// Stamps events and appends them, as many from the front as there is room for, and takes them out of the list. One stamp is for all: they
    /// came in together.
    pub(super) fn put_all(&self, events: &mut Vec<Event>) {
        let mut waiting = self.lock();
        let room = MOST.saturating_sub(waiting.events.len()).min(events.len());
        if room == 0 {
            return;
        }
        let t = self.clock.now();
        waiting.events.extend(events.drain(..room).map(|event| Stamped { t, event }));
        if std::mem::take(&mut waiting.asleep) {
            drop(waiting);
            self.fresh.notify_one();
        }
    }

    /// Appends an event; waits while the queue is full.
    pub(super) async fn put(&self, mut event: Event) {
        loop {
            let Some(back) = self.push(event) else { return };
            let room = self.room.notified();
            let mut room = std::pin::pin!(room);
            room.as_mut().enable();
            // Room may have come before this waited for it.
            let Some(back) = self.push(back) else { return };
            event = back;
            room.await;
        }
    }

    /// The same on a thread of its own, which sleeps meanwhile.
    pub(super) fn put_blocking(&self, mut event: Event) {
        while let Some(back) = self.push(event) {
            event = back;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Somebody waits until everything that was put in so far is on disk.
    pub(super) fn wait(&self, waiter: FlushWaiter) {
        self.lock().waiters.push(waiter);
        self.fresh.notify_one();
    }

    /// Takes all events that wait, in exchange for an empty list, and those who wait for them to be on disk. Waits for events at most as long as
    /// `patience`; without one, until there are some. False once nothing more can come.
    pub(super) fn take(&self, into: &mut Vec<Stamped>, waiters: &mut Vec<FlushWaiter>, patience: Option<Duration>) -> bool {
        let mut waiting = self.lock();
        let idle = |waiting: &mut QueueState| waiting.events.is_empty() && waiting.waiters.is_empty() && waiting.recorders > 0;
        if idle(&mut waiting) {
            waiting.asleep = true;
            waiting = match patience {
                Some(patience) => self.fresh.wait_timeout_while(waiting, patience, idle).unwrap_or_else(PoisonError::into_inner).0,
                None => self.fresh.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner),
            };
            waiting.asleep = false;
        }
        std::mem::swap(&mut waiting.events, into);
        waiters.append(&mut waiting.waiters);
        let goes_on = waiting.recorders > 0 || !into.is_empty();
        drop(waiting);
        if into.len() >= MOST {
            self.room.notify_waiters();
        }
        goes_on
    }
}
