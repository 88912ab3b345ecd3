//! When requests are due: a pure function of a workload and a seed.

use crate::model::{Arrivals, Workload};
use crate::units::{Duration, Seed};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1};

/// Due times in nanoseconds from the start of the traffic, ascending, without end. Two schedules of one workload and seed are the same.
#[derive(Debug)]
pub struct Schedule {
    workload: Workload,
    seed: Seed,
    /// Nanoseconds between two requests, on average.
    gap: f64,
    random: ChaCha8Rng,
    slot: u64,
    /// The Poisson process's last arrival.
    last: f64,
}

impl Schedule {
    /// The schedule of a workload.
    pub fn new(workload: &Workload, seed: Seed) -> Self {
        let gap = 1e9 / workload.rate.as_per_second();
        let random = ChaCha8Rng::seed_from_u64(seed.derive("schedule").0);
        Self { workload: workload.clone(), seed, gap, random, slot: 0, last: 0.0 }
    }

    /// The largest gap between two due times, the start counted as one, up to `horizon`.
    pub fn gap_max(&self, horizon: Duration) -> Duration {
        let mut previous = 0;
        let mut longest = 0;
        for due in Self::new(&self.workload, self.seed) {
            longest = longest.max(due - previous);
            if due >= horizon.as_nanos() {
                break;
            }
            previous = due;
        }
        Duration::from_nanos(longest)
    }
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let slot = self.slot as f64 * self.gap;
        self.slot += 1;
        Some(match self.workload.arrivals {
            Arrivals::Constant => slot as u64,
            Arrivals::Jittered => (slot + self.random.random::<f64>() * self.gap / 2.0) as u64,
            Arrivals::Poisson => {
                let step: f64 = Exp1.sample(&mut self.random);
                self.last += step * self.gap;
                self.last as u64
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RequestKind;

    fn workload(arrivals: Arrivals) -> Workload {
        Workload { rate: "50/s".parse().unwrap(), arrivals, request: RequestKind::Chat, script: None, max_in_flight: 100 }
    }

    #[test]
    fn every_arrival_process_keeps_its_rate_and_its_seed() {
        for arrivals in [Arrivals::Constant, Arrivals::Jittered, Arrivals::Poisson] {
            let schedule = Schedule::new(&workload(arrivals), Seed(7));
            let minute: Vec<u64> = schedule.take_while(|due| *due < 600_000_000_000).collect();
            assert!(minute.is_sorted(), "{arrivals}");
            // 30,000 arrivals; a Poisson count has a standard deviation of 173, and six of them bound it for any seed worth having.
            assert!(minute.len().abs_diff(30_000) <= 1040, "{arrivals}: {}", minute.len());
            assert!(minute.iter().copied().eq(Schedule::new(&workload(arrivals), Seed(7)).take(minute.len())), "{arrivals}");
        }
    }

    #[test]
    fn the_largest_gap_is_what_the_plan_promises() {
        let horizon = Duration::from_secs(60);
        let gap = |arrivals| Schedule::new(&workload(arrivals), Seed(7)).gap_max(horizon).as_millis_f64();
        assert!((gap(Arrivals::Constant) - 20.0).abs() < 0.001);
        assert!((20.0..=30.0).contains(&gap(Arrivals::Jittered)));
        assert!(gap(Arrivals::Poisson) > 60.0, "3,000 exponential gaps of 20 ms without one of 60 ms have a probability of 10⁻⁶⁵");
    }
}
