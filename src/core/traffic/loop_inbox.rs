//! What is handed to the thread of an event loop from other threads; it is woken for it once.

use super::poller::PollerWaker;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is handed to an event loop from other threads.
#[derive(Debug)]
pub(super) struct LoopInbox {
    letters: Mutex<LoopLetters>,
    has_some: AtomicBool,
    waker: PollerWaker,
}

/// Requests that are due, and addresses that were looked up for a connection.
#[derive(Debug, Default)]
pub(super) struct LoopLetters {
    pub(super) due: Vec<(u64, u64)>,
    pub(super) found: Vec<((u32, u32), Vec<SocketAddr>)>,
}

impl LoopInbox {
    pub(super) fn new(waker: PollerWaker) -> Self {
        Self { letters: Mutex::default(), has_some: AtomicBool::new(false), waker }
    }

    fn put(&self, write: impl FnOnce(&mut LoopLetters)) {
        write(&mut self.letters.lock().unwrap_or_else(PoisonError::into_inner));
        if !self.has_some.swap(true, Ordering::Release) {
            self.waker.wake();
        }
    }

    /// Hands requests over that are due: their identifiers, and when. They are taken out of the list.
    pub(super) fn give(&self, due: &mut Vec<(u64, u64)>) {
        self.put(|letters| letters.due.append(due));
    }

    /// Tells what was found out about the address of a connection.
    pub(super) fn tell(&self, whom: (u32, u32), found: Vec<SocketAddr>) {
        self.put(|letters| letters.found.push((whom, found)));
    }

    /// True where nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_some.load(Ordering::Acquire)
    }

    /// Makes its thread look at whatever has changed.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// What is in it.
    pub(super) fn take(&self) -> Option<LoopLetters> {
        let has_some = self.has_some.swap(false, Ordering::Acquire);
        has_some.then(|| std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
