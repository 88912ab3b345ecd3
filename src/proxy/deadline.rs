//! Moments at which something is due on a connection, kept to some ten microseconds.
//!
//! The runtime's own timers are kept to a millisecond, and what is late by a millisecond or two is no latency of what was asked for. So one
//! thread owns all deadlines of this process: it sleeps until the next one and wakes those whose time has come.
//!
//! What this file does not do: timeouts that nobody measures; those are the runtime's.

use crate::journal::HostTime;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A deadline of one task. Dropped, it wakes nobody.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    /// Where it stands among all, and whom it wakes.
    set: Option<(DeadlineKey, Waker)>,
}

/// The moment, and a number that tells those of one moment apart.
type DeadlineKey = (u64, u64);

/// All deadlines of this process, for the thread that keeps them.
#[derive(Debug, Default)]
struct DeadlineKeeper {
    state: Mutex<KeptDeadlines>,
    /// Told where one is to be kept that comes before all others.
    sooner: Condvar,
}

/// Those that are kept, the next one first.
#[derive(Debug, Default)]
struct KeptDeadlines {
    wakers: BTreeMap<DeadlineKey, Waker>,
    made: u64,
}

impl Deadline {
    /// Ready once it is `at` that moment of the host's clock, in nanoseconds.
    pub(super) fn poll(&mut self, at: u64, cx: &Context<'_>) -> Poll<()> {
        if HostTime::now().0 >= at {
            self.clear();
            return Poll::Ready(());
        }
        if self.set.as_ref().is_none_or(|((own, _), waker)| *own != at || !waker.will_wake(cx.waker())) {
            self.clear();
            self.set = Some((keeper().keep(at, cx.waker().clone()), cx.waker().clone()));
        }
        Poll::Pending
    }

    /// Nothing is due any more.
    pub(super) fn clear(&mut self) {
        if let Some((key, _)) = self.set.take() {
            keeper().state().wakers.remove(&key);
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.clear();
    }
}

fn keeper() -> &'static DeadlineKeeper {
    static KEEPER: OnceLock<&'static DeadlineKeeper> = OnceLock::new();
    KEEPER.get_or_init(|| {
        let keeper: &'static DeadlineKeeper = Box::leak(Box::default());
        std::thread::Builder::new().name("deadlines".into()).spawn(|| keeper.run()).expect("a thread can be started");
        keeper
    })
}

impl DeadlineKeeper {
    fn state(&self) -> MutexGuard<'_, KeptDeadlines> {
        // A panic while the lock was held leaves deadlines that are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, at: u64, waker: Waker) -> DeadlineKey {
        let mut state = self.state();
        state.made += 1;
        let key = (at, state.made);
        let is_first = state.wakers.first_key_value().is_none_or(|(first, _)| key < *first);
        state.wakers.insert(key, waker);
        drop(state);
        if is_first {
            self.sooner.notify_one();
        }
        key
    }

    fn run(&self) {
        // Where it cannot be set, deadlines are kept to the kernel's 50 microseconds.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let mut state = self.state();
        loop {
            let now = HostTime::now().0;
            let mut due = Vec::new();
            while let Some(entry) = state.wakers.first_entry().filter(|entry| entry.key().0 <= now) {
                due.push(entry.remove());
            }
            if !due.is_empty() {
                drop(state);
                due.into_iter().for_each(Waker::wake);
                state = self.state();
                continue;
            }
            state = match state.wakers.first_key_value().map(|((at, _), _)| at - now) {
                Some(left) => self.sooner.wait_timeout(state, Duration::from_nanos(left)).unwrap_or_else(PoisonError::into_inner).0,
                None => self.sooner.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test]
    async fn deadlines_come_in_their_order_never_early_and_not_where_they_were_given_up() {
        let began = HostTime::now().0;
        let after = |millis: u64| began + millis * 1_000_000;
        let wait = async |at: u64| {
            let mut deadline = Deadline::default();
            poll_fn(|cx| deadline.poll(at, cx)).await;
            HostTime::now().0
        };
        let mut given_up = Deadline::default();
        assert!(poll_fn(|cx| Poll::Ready(given_up.poll(after(1), cx))).await.is_pending());
        drop(given_up);
        let mut moved = Deadline::default();
        assert!(poll_fn(|cx| Poll::Ready(moved.poll(after(3_600_000), cx))).await.is_pending());
        let (late, soon, ()) = tokio::join!(wait(after(30)), wait(after(20)), poll_fn(|cx| moved.poll(after(10), cx)));
        assert!(late >= after(30) && soon >= after(20));
        assert!(soon <= late && keeper().state().wakers.keys().all(|(at, _)| *at != after(1) && *at != after(3_600_000)));
        assert!(wait(began).await >= began, "what is past is due at once");
    }
}
