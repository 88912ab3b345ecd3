//! Seats for connections: as many as the limit on open files allows, for all proxies of this process.

use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Files that are kept for everything else: listeners, the control API, standing readers of events.
const KEPT: u64 = 128;

/// Where there is no seat for so long, anyone who comes is taken to have waited: who waits in the operating system's queue is not seen.
pub(super) const NO_SEAT: Duration = Duration::from_millis(500);

/// The place of one connection among all that this process can have open. Dropping it frees it.
pub(super) type Seat = SemaphorePermit<'static>;

/// As many as the limit on open files allows. It is read once, so anyone who wants to raise it does that first.
pub(super) fn seats() -> &'static Semaphore {
    static SEATS: OnceLock<Semaphore> = OnceLock::new();
    SEATS.get_or_init(|| {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let count = usize::try_from(limit.saturating_sub(KEPT) / 2).unwrap_or(usize::MAX);
        Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS))
    })
}

/// Connections that waited for a seat or a file. All proxies of this process have one limit, so it counts for all.
pub(super) fn waited() -> &'static watch::Sender<u64> {
    static WAITED: OnceLock<watch::Sender<u64>> = OnceLock::new();
    WAITED.get_or_init(|| watch::Sender::new(0))
}
