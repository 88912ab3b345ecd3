//! How many connections are begun in a millisecond.

/// At most so many new connections of HTTP/1.1 are begun in a millisecond. Opening one costs as much as ten requests on one that is there, and
/// a generator that was held up for a moment must not fall behind forever by opening one for every request that has become due since.
const OPENINGS: u32 = 32;
/// A millisecond.
pub(super) const MOMENT: u64 = 1_000_000;

/// The count of connections that were begun in the current millisecond.
#[derive(Debug, Default)]
pub(super) struct Openings {
    since: u64,
    count: u32,
}

impl Openings {
    /// Counts one more, where it may be begun now.
    pub(super) fn may_begin(&mut self, now: u64) -> bool {
        if self.since + MOMENT <= now {
            *self = Self { since: now, count: 0 };
        }
        self.count += 1;
        self.count <= OPENINGS
    }

    /// When the next may be begun, once one may not.
    pub(super) const fn next(&self) -> u64 {
        self.since + MOMENT
    }
}
