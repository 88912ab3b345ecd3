//! Time since the drill's origin, on a clock that other processes of this host share.

use rustix::thread::{ClockId as ThreadClock, clock_nanosleep_absolute};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// A moment of the host's monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds: comparable between processes on one host, between two boots not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct HostTime(pub u64);

impl HostTime {
    /// Now.
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::Monotonic);
        Self(u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0))
    }

    /// Nanoseconds since an earlier moment; 0 where that is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Nanoseconds since this host's boot, with the time in which it slept (`CLOCK_BOOTTIME`), which [`HostTime`] leaves out.
pub fn since_boot() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// The identifier of this host's boot. Two moments with the same one are on one clock.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// The drill's clock: nanoseconds since the drill's origin. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: HostTime,
    /// What the clock showed at its origin; above 0 where a history goes on that began earlier, maybe before the host's last boot.
    ahead: u64,
}

impl Clock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Self::resume(0)
    }

    /// A clock that shows this many nanoseconds now.
    pub fn resume(ahead: u64) -> Self {
        Self::resume_at(HostTime::now(), ahead)
    }

    /// A clock that showed this many nanoseconds at a moment of this host's clock.
    pub const fn resume_at(origin: HostTime, ahead: u64) -> Self {
        Self { origin, ahead }
    }

    /// Nanoseconds since the origin.
    pub fn now(self) -> u64 {
        self.at(HostTime::now())
    }

    /// A moment of this host's clock in nanoseconds since the origin. For a moment before the origin: what the clock showed at its origin.
    pub const fn at(self, time: HostTime) -> u64 {
        time.since(self.origin) + self.ahead
    }

    /// The host's time at a moment of the drill.
    pub const fn host(self, nanoseconds: u64) -> HostTime {
        HostTime(self.origin.0 + nanoseconds.saturating_sub(self.ahead))
    }

    /// Puts this thread to sleep until a moment of the drill. A signal may end that early.
    pub fn sleep_until(self, nanoseconds: u64) {
        let HostTime(wake) = self.host(nanoseconds);
        let wake = Timespec { tv_sec: i64::try_from(wake / 1_000_000_000).unwrap_or(i64::MAX), tv_nsec: (wake % 1_000_000_000) as _ };
        let _ = clock_nanosleep_absolute(ThreadClock::Monotonic, &wake);
    }

    /// From now until a moment of the drill; zero where it has passed.
    pub fn until(self, nanoseconds: u64) -> std::time::Duration {
        std::time::Duration::from_nanos(nanoseconds.saturating_sub(self.now()))
    }
}
