//! What was said on a connection lately, from which follows for how long somebody who ended their direction is waited for where the kernel
//! cannot be asked for them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Before the answer has begun. A peer that ends its direction and waits is rare, and one that gives up must not be taken for it for long.
const UNANSWERED: Duration = Duration::from_millis(1_500);
/// Since the answer was last gone on with. One who has gone answers the next bytes with a reset, so this is for answers that stall.
const STALLED: Duration = Duration::from_secs(10);

/// Record of what was said lately on a connection. It tells whether somebody may still wait for an answer.
#[derive(Debug)]
pub struct Talk {
    origin: Instant,
    /// Nanoseconds from the origin: the last request, and the last bytes of an answer.
    asked: AtomicU64,
    said: AtomicU64,
    is_endless: AtomicBool,
}

impl Default for Talk {
    fn default() -> Self {
        Self { origin: Instant::now(), asked: AtomicU64::new(0), said: AtomicU64::new(0), is_endless: AtomicBool::new(false) }
    }
}

impl Talk {
    /// One in which nobody has anything to wait for: no answer will come, or one that never ends.
    pub fn endless() -> Self {
        let talk = Self::default();
        talk.go_on_forever();
        talk
    }

    /// A request came.
    pub fn asked(&self) {
        self.asked.store(self.now(), Ordering::Relaxed);
    }

    /// Bytes were written to the client.
    pub fn said(&self) {
        self.said.store(self.now(), Ordering::Relaxed);
    }

    /// What is answered now never ends by itself.
    pub fn go_on_forever(&self) {
        self.is_endless.store(true, Ordering::Relaxed);
    }

    /// Whether one may still wait who ended their direction so long ago, where nothing else is known of them.
    pub(super) fn may_wait(&self, ended: Duration) -> bool {
        let (asked, said) = (self.asked.load(Ordering::Relaxed), self.said.load(Ordering::Relaxed));
        let quiet = Duration::from_nanos(self.now().saturating_sub(asked.max(said)));
        let patience = if said > asked { STALLED } else { UNANSWERED };
        !self.is_endless.load(Ordering::Relaxed) && ended.min(quiet) < patience
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
