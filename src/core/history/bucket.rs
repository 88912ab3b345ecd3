//! What happened in a while: counts of requests, by how they ended and who answered.

/// Length of a slice: 100 ms in nanoseconds.
pub(super) const SLICE: u64 = 100_000_000;

/// What happened in a slice of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its number since the origin, in slices of 100 ms. Not used in totals.
    pub slice: u64,
    /// How late the latest request was sent, in nanoseconds.
    pub lag: u64,
    /// Requests that ended well: answered, whole, within the service level.
    pub good: u64,
    /// Requests that were answered, but too late to be good.
    pub slow: u64,
    /// Requests that were not answered.
    pub failed: u64,
    /// Requests that could not be sent.
    pub shed: u64,
    /// Answers below each latency of [`Live::limits`](super::Live::limits).
    pub below: Vec<u64>,
    /// At the service level, and at each latency of [`Live::limits`](super::Live::limits): requests that have passed it while they were open,
    /// less those that have ended and had passed it before. With it each request counts once, at the first moment at which it was known to be
    /// beyond.
    pub overdue: Vec<i64>,
    /// Whole answers by provider, by place in [`Live::providers`](super::Live::providers).
    pub served: Vec<u64>,
}

impl Bucket {
    /// Requests that ended or were shed.
    pub const fn requests(&self) -> u64 {
        self.good + self.slow + self.failed + self.shed
    }

    /// Requests of which it is known whether they are beyond the service level (0) or the latency after it, open ones among them.
    pub fn known(&self, level: usize) -> u64 {
        self.requests().saturating_add_signed(self.overdue.get(level).copied().unwrap_or(0))
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.lag = self.lag.max(other.lag);
        self.good += other.good;
        self.slow += other.slow;
        self.failed += other.failed;
        self.shed += other.shed;
        for (sums, more) in [(&mut self.served, &other.served), (&mut self.below, &other.below)] {
            if sums.len() < more.len() {
                sums.resize(more.len(), 0);
            }
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        other.overdue.iter().enumerate().for_each(|(level, more)| self.shift(level, *more));
    }

    pub(super) fn shift(&mut self, level: usize, by: i64) {
        if self.overdue.len() <= level {
            self.overdue.resize(level + 1, 0);
        }
        self.overdue[level] += by;
    }

    /// One more answer of the provider at this place.
    pub(super) fn serve(&mut self, place: usize) {
        if self.served.len() <= place {
            self.served.resize(place + 1, 0);
        }
        self.served[place] += 1;
    }
}
