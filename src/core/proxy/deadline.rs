//! Moments at which something is due on a connection, kept to some ten microseconds.
//!
//! The runtime's own timers are kept to a millisecond, and what is late by a millisecond or two is no latency of what was asked for. So each thread
//! that carries connections has a timer of the kernel's (timerfd), which rings at the next of its deadlines and wakes that thread alone; those whose
//! time has come then go on where they are.
//!
//! What this file does not do: timeouts that nobody measures; those are the runtime's.

use super::carrier::Carrier;
use crate::journal::HostTime;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// How often deadlines are looked at where there is no file left for a timer.
const LOOK: Duration = Duration::from_millis(1);

/// A deadline of one task. Dropped, it wakes nobody.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    /// By whom it is kept, where it stands among all, and whom it wakes.
    set: Option<(&'static DeadlineKeeper, DeadlineKey, Waker)>,
}

/// The moment, and a number that tells those of one moment apart.
type DeadlineKey = (u64, u64);

/// The deadlines on one thread that carries connections.
#[derive(Debug, Default)]
struct DeadlineKeeper {
    state: Mutex<KeptDeadlines>,
    /// `None` where it could not be made.
    timer: Option<OwnedFd>,
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
        if self.set.as_ref().is_none_or(|(_, (own, _), waker)| *own != at || !waker.will_wake(cx.waker())) {
            self.clear();
            let keeper = keeper();
            self.set = Some((keeper, keeper.keep(at, cx.waker().clone()), cx.waker().clone()));
        }
        Poll::Pending
    }

    /// Nothing is due any more.
    pub(super) fn clear(&mut self) {
        if let Some((keeper, key, _)) = self.set.take() {
            keeper.state().wakers.remove(&key);
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Who keeps the deadlines of this thread.
fn keeper() -> &'static DeadlineKeeper {
    static KEEPERS: OnceLock<Vec<OnceLock<&'static DeadlineKeeper>>> = OnceLock::new();
    let all = KEEPERS.get_or_init(|| (0..Carrier::count()).map(|_| OnceLock::new()).collect());
    let place = Carrier::here();
    all[place].get_or_init(|| {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC);
        let timer = timer.inspect_err(|error| tracing::warn!(%error, "no timer: what is late may be late by a millisecond more")).ok();
        let keeper: &'static DeadlineKeeper = Box::leak(Box::new(DeadlineKeeper { timer, ..DeadlineKeeper::default() }));
        drop(Carrier::at(place).spawn(keeper.run()));
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
        if is_first {
            self.set(at);
        }
        key
    }

    /// The timer rings at this moment and at no other; at once where that is past.
    fn set(&self, at: u64) {
        let it_value = Timespec { tv_sec: (at / 1_000_000_000) as i64, tv_nsec: (at % 1_000_000_000) as i64 };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        if let Some(timer) = &self.timer {
            // It cannot fail: the timer is there, and these are moments.
            let _ = timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &Itimerspec { it_interval, it_value });
        }
    }

    /// Wakes those whose time has come, on the thread whose deadlines these are.
    #[allow(
        deprecated,
        reason = "what replaces it is unsafe code; this timer is never closed, so that it is always the one that was registered"
    )]
    async fn run(&'static self) {
        let timer = self.timer.as_ref().and_then(|timer| AsyncFd::with_interest(timer.as_raw_fd(), Interest::READABLE).ok());
        loop {
            match &timer {
                Some(timer) => match timer.readable().await {
                    // It is told of each time that the timer rings, so nobody needs to read how often it did.
                    Ok(mut rung) => rung.clear_ready(),
                    // The runtime ends.
                    Err(_) => return,
                },
                None => tokio::time::sleep(LOOK).await,
            }
            self.ring();
        }
    }

    fn ring(&self) {
        let (mut due, mut state, now) = (Vec::new(), self.state(), HostTime::now().0);
        while let Some(entry) = state.wakers.first_entry().filter(|entry| entry.key().0 <= now) {
            due.push(entry.remove());
        }
        if let Some(((next, _), _)) = state.wakers.first_key_value() {
            self.set(*next);
        }
        drop(state);
        due.into_iter().for_each(Waker::wake);
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
