//! Latency: how late a chunk is, with jitter drawn from a seed.

use crate::units::{Duration, Seed};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Draws the delay of one chunk after another.
#[derive(Debug)]
pub struct Lateness {
    least: u64,
    most: u64,
    random: ChaCha8Rng,
}

impl Lateness {
    /// `latency` ± `jitter`, uniform. A jitter beyond the latency is cut to it: no chunk is early.
    pub fn new(latency: Duration, jitter: Duration, seed: Seed) -> Self {
        let (latency, jitter) = (latency.as_nanos(), jitter.as_nanos().min(latency.as_nanos()));
        Self { least: latency - jitter, most: latency.saturating_add(jitter), random: ChaCha8Rng::seed_from_u64(seed.0) }
    }

    /// The next chunk's delay in nanoseconds.
    pub fn draw(&mut self) -> u64 {
        if self.least == self.most { self.least } else { self.random.random_range(self.least..=self.most) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_within_the_jitter_and_repeat_with_the_seed() {
        let draw = |jitter, seed| {
            let mut lateness = Lateness::new(Duration::from_millis(10), Duration::from_millis(jitter), Seed(seed));
            (0..200).map(|_| lateness.draw()).collect::<Vec<_>>()
        };
        assert!(draw(0, 1).iter().all(|delay| *delay == 10_000_000));
        assert!(draw(4, 1).iter().all(|delay| (6_000_000..=14_000_000).contains(delay)));
        assert!(draw(99, 1).iter().all(|delay| *delay <= 20_000_000));
        assert_eq!(draw(4, 1), draw(4, 1));
        assert_ne!(draw(4, 1), draw(4, 2));
    }
}
