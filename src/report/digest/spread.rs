//! How long things took, as counts in buckets that grow with the length: small, merged without loss, good for a picture.
//!
//! What this file does not do: serve a verdict. A bucket is about 6 % wide.

/// Buckets of each doubling.
const FINE: u64 = 16;
/// Its logarithm to the base of 2.
const FINE_BITS: u32 = 4;

/// Counts of lengths of time.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Spread {
    /// Buckets that hold something, in order. A bucket holds whole microseconds.
    buckets: Vec<(u16, u32)>,
}

impl Spread {
    /// Counts a length of so many nanoseconds.
    pub(in crate::report) fn record(&mut self, ns: u64) {
        self.add(bucket(ns / 1000), 1);
    }

    /// Counts all that the other did.
    pub(in crate::report) fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            self.add(*bucket, *count);
        }
    }

    fn add(&mut self, bucket: u16, count: u32) {
        match self.buckets.binary_search_by_key(&bucket, |(place, _)| *place) {
            Ok(place) => self.buckets[place].1 = self.buckets[place].1.saturating_add(count),
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }

    /// How many were counted.
    pub(in crate::report) fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The nanoseconds that this share of them did not exceed; `None` where there is none.
    pub(in crate::report) fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let reached = self.buckets.iter().find(|(_, count)| {
            seen += u64::from(*count);
            seen >= rank
        });
        reached.map(|(bucket, _)| middle(*bucket) * 1000)
    }
}

fn bucket(micros: u64) -> u16 {
    if micros < FINE {
        return micros as u16;
    }
    let doubling = micros.ilog2() - FINE_BITS;
    (FINE * (u64::from(doubling) + 1) + ((micros >> doubling) - FINE)) as u16
}

fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < FINE {
        return bucket;
    }
    let doubling = bucket / FINE - 1;
    let below = (FINE + bucket % FINE) << doubling;
    below + ((1 << doubling) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_within_a_bucket_of_the_truth_and_merging_changes_nothing() {
        let (mut whole, mut left, mut right) = (Spread::default(), Spread::default(), Spread::default());
        for length in 1..=10_000_u64 {
            whole.record(length * 1_000_000);
            if length % 3 == 0 { &mut left } else { &mut right }.record(length * 1_000_000);
        }
        left.merge(&right);
        assert_eq!((left.buckets.clone(), left.count()), (whole.buckets.clone(), 10_000));
        for (share, truth) in [(0.5, 5_000.0), (0.95, 9_500.0), (0.99, 9_900.0)] {
            let shown = whole.quantile(share).unwrap() as f64 / 1e6;
            assert!((shown / truth - 1.0).abs() < 0.04, "{share}: {shown} for {truth}");
        }
        assert!(whole.buckets.len() < 250, "{}", whole.buckets.len());
        assert_eq!(Spread::default().quantile(0.5), None);
    }

    #[test]
    fn every_length_has_a_bucket_that_gives_it_back() {
        for micros in (0..64).flat_map(|bit| [0, 1, 7].map(|more| (1_u64 << bit).saturating_add(more))) {
            let shown = middle(bucket(micros));
            assert!(shown.abs_diff(micros) <= micros / 30 + 1, "{micros} is shown as {shown}");
        }
    }
}
