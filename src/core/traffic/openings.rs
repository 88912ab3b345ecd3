//! How many connections may be begun now.
//!
//! Opening a connection costs as much as ten requests on one that is there, and the server as much again. Where a server or this process was
//! held up for a moment, a connection for every request that has become due since would keep both from ever catching up, for answers bring
//! back enough connections for all of them. Where no answers come, as in an outage, every request needs one of its own. So a few may be begun
//! at once; more, if that was not enough for a while; and as many as were, as long as they are.

/// So many may be begun in a millisecond at least, and at most.
const FEW: u32 = 8;
const MOST: u32 = 32;
/// At most so many before the sockets are looked at again: a connection that has come back meanwhile is taken first.
const BETWEEN_LOOKS: u32 = 4;
/// After so many milliseconds in which they were not enough, twice as many may be.
const PATIENCE: u32 = 4;
/// So many milliseconds are looked back on.
const WINDOW: u32 = 100;
/// A millisecond.
pub(super) const MOMENT: u64 = 1_000_000;

/// The count of connections that were begun.
#[derive(Debug)]
pub(super) struct Openings {
    since: u64,
    count: u32,
    since_look: u32,
    /// How many may be begun in a millisecond.
    limit: u32,
    /// So many milliseconds one after the other they were not enough.
    short: u32,
    /// When the window began that is looked back on next, and how many were begun in it.
    window: (u64, u32),
}

impl Default for Openings {
    fn default() -> Self {
        Self { since: 0, count: 0, since_look: 0, limit: FEW, short: 0, window: (0, 0) }
    }
}

impl Openings {
    /// Counts one more, where it may be begun now.
    pub(super) const fn may_begin(&mut self, now: u64) -> bool {
        if self.since + MOMENT <= now {
            self.begin_moment(now);
        }
        let may = self.count < self.limit && self.since_look < BETWEEN_LOOKS;
        if may {
            self.count += 1;
            self.since_look += 1;
            self.window.1 += 1;
        }
        may
    }

    const fn begin_moment(&mut self, now: u64) {
        // Whoever waits may be woken a little late.
        let is_next = now < self.since + 4 * MOMENT;
        self.short = if self.count >= self.limit && is_next { self.short + 1 } else { 0 };
        if self.short >= PATIENCE && self.limit < MOST {
            (self.limit, self.short) = (least(2 * self.limit, MOST), 0);
            self.window = (now, 0);
        }
        if self.window.0 + WINDOW as u64 * MOMENT <= now {
            // Where they are not enough, they are not made fewer.
            if self.short == 0 {
                let enough = 2 * self.window.1 / WINDOW;
                self.limit = if enough < FEW { FEW } else { least(enough, self.limit) };
            }
            self.window = (now, 0);
        }
        (self.since, self.count) = (now, 0);
    }

    /// The sockets were looked at.
    pub(super) const fn was_looked(&mut self) {
        self.since_look = 0;
    }

    /// When the next may be begun, once one may not: after the next look, or in another millisecond.
    pub(super) const fn next(&self) -> u64 {
        if self.count < self.limit { 0 } else { self.since + MOMENT }
    }
}

const fn least(left: u32, right: u32) -> u32 {
    if left < right { left } else { right }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as may be begun in a millisecond, of so many that want to be.
    fn begun(openings: &mut Openings, moment: u64, wanted: u32) -> u32 {
        let mut begun = 0;
        for _ in 0..MOST {
            openings.was_looked();
            while begun < wanted && openings.may_begin(moment * MOMENT) {
                begun += 1;
            }
        }
        begun
    }

    #[test]
    fn a_few_are_begun_and_more_once_they_are_not_enough() {
        let mut openings = Openings::default();
        assert!((0..BETWEEN_LOOKS).all(|_| openings.may_begin(5 * MOMENT)) && !openings.may_begin(5 * MOMENT));
        assert_eq!(openings.next(), 0, "a look is enough");
        assert_eq!(begun(&mut openings, 5, 100), FEW - BETWEEN_LOOKS);
        assert_eq!(openings.next(), 6 * MOMENT);
        let counts: Vec<u32> = (6..20).map(|moment| begun(&mut openings, moment, 100)).collect();
        assert_eq!(counts, [8, 8, 8, 16, 16, 16, 16, 32, 32, 32, 32, 32, 32, 32]);
        // In an outage that lasts they are enough from then on, and afterwards a few are again.
        assert!((20..500).all(|moment| begun(&mut openings, moment, 14) == 14));
        assert!((500..800).all(|moment| begun(&mut openings, moment, 1) == 1));
        assert_eq!(begun(&mut openings, 800, 100), FEW);
    }

    /// The limit that so many wanted in each millisecond lead to, whatever it was before.
    #[test]
    fn no_more_than_the_most_are_begun_and_an_outage_that_begins_late_in_a_window_keeps_what_it_has() {
        for (wanted, begins) in (1..40).flat_map(|wanted| (0..150).map(move |begins| (wanted, begins))) {
            let mut openings = Openings::default();
            (0..begins).for_each(|moment| _ = begun(&mut openings, moment, 1));
            let counts: Vec<u32> = (begins..begins + 150).map(|moment| begun(&mut openings, moment, wanted)).collect();
            assert!(counts.iter().all(|count| *count <= MOST), "{wanted} from {begins}: {counts:?}");
            assert!(counts[20..].iter().all(|count| *count == wanted.min(MOST)), "{wanted} from {begins}: {counts:?}");
        }
    }

    #[test]
    fn a_moment_of_want_changes_nothing() {
        let mut openings = Openings::default();
        for round in 0..50 {
            assert!((0..3).all(|moment| begun(&mut openings, 10 * round + moment, 100) == FEW), "{round}");
        }
    }
}
