//! What a thread waits for that drives many sockets: their readiness, a moment, and somebody who wakes it.
//!
//! Moments are kept to the microsecond by a timer of the kernel's (timerfd), for the timeout of epoll itself counts milliseconds.

use crate::journal::HostTime;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
use std::io::Result;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

/// The most sockets that are told of in one turn.
const MOST: usize = 256;
/// The tokens that are no socket's.
const TIMER: u64 = u64::MAX;
const WAKER: u64 = u64::MAX - 1;

/// A poller of sockets, which tells of each change once (edge-triggered).
pub(super) struct Poller {
    epoll: OwnedFd,
    timer: OwnedFd,
    waker: PollerWaker,
    ready: Vec<Readiness>,
    /// Whether all that was to be told was told in the last turn.
    told_all: bool,
    /// When the timer ends.
    armed: HostTime,
}

/// Wakes a poller from another thread. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct PollerWaker(Arc<OwnedFd>);

impl PollerWaker {
    pub(super) fn wake(&self) {
        // It can only fail where it was woken so often that it is awake.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

/// What a socket is ready for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readiness {
    pub(super) token: u64,
    pub(super) reads: bool,
    pub(super) writes: bool,
    /// The other side has ended it, or it is broken: reading tells which.
    pub(super) ends: bool,
}

impl Poller {
    /// # Errors
    /// Where the operating system gives none.
    pub(super) fn new() -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let waker = PollerWaker(Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?));
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        epoll::add(&epoll, &*waker.0, EventData::new_u64(WAKER), EventFlags::IN | EventFlags::ET)?;
        Ok(Self { epoll, timer, waker, ready: Vec::with_capacity(MOST), told_all: false, armed: HostTime(0) })
    }

    pub(super) fn waker(&self) -> PollerWaker {
        self.waker.clone()
    }

    /// Watches a socket until it is closed.
    ///
    /// # Errors
    /// Where the operating system can watch no more.
    pub(super) fn watch(&self, socket: impl AsFd, token: u64) -> Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token), flags)?)
    }

    /// Waits until something is ready, somebody wakes it, or this moment; where it has passed, only looks. Then [`Poller::ready`] tells.
    pub(super) fn wait(&mut self, until: HostTime, now: HostTime) {
        const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        let only_looks = until <= now || (until != self.armed && self.arm(until).is_err());
        self.ready.clear();
        self.told_all = false;
        let mut space = [const { MaybeUninit::uninit() }; MOST];
        // Whatever interrupts it, the caller looks at the clock again.
        if let Ok((told, _)) = epoll::wait(&self.epoll, &mut space[..], only_looks.then_some(&AT_ONCE)) {
            self.told_all = told.len() < MOST;
            self.ready.extend(told.iter().map(|event| Readiness::of(*event)).filter(|ready| ready.token < WAKER));
        }
    }

    fn arm(&mut self, HostTime(until): HostTime) -> Result<()> {
        let it_value = Timespec { tv_sec: i64::try_from(until / 1_000_000_000).unwrap_or(i64::MAX), tv_nsec: (until % 1_000_000_000) as _ };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &Itimerspec { it_interval, it_value })?;
        self.armed = HostTime(until);
        Ok(())
    }

    /// How many sockets are ready.
    pub(super) const fn count(&self) -> usize {
        self.ready.len()
    }

    /// Whether nothing but those is.
    pub(super) const fn told_all(&self) -> bool {
        self.told_all
    }

    /// What one of them is ready for.
    pub(super) fn ready(&self, place: usize) -> Option<Readiness> {
        self.ready.get(place).copied()
    }
}

impl Readiness {
    fn of(epoll::Event { flags, data }: epoll::Event) -> Self {
        let is = |wanted: EventFlags| flags.intersects(wanted);
        let ends = is(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        let writes = is(EventFlags::OUT | EventFlags::HUP | EventFlags::ERR);
        Self { token: data.u64(), reads: ends || is(EventFlags::IN), writes, ends }
    }
}
