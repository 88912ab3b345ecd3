//! When requests are due: a pure function of a workload and a seed.

use crate::model::{Arrivals, Ramp, Workload};
use crate::units::{Duration, Rate, Seed};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1};

/// The schedule of a workload: due times in nanoseconds from the start of the traffic, ascending; without end, unless a trace ends. Two schedules of one workload and seed are the same.
#[derive(Debug)]
pub struct Schedule {
    workload: Workload,
    seed: Seed,
    /// Nanoseconds between two requests, on average.
    gap: f64,
    /// Where in its gap the first of constant arrivals lies: several workloads of one rate would else come together all the time.
    phase: f64,
    random: ChaCha8Rng,
    slot: u64,
    /// The Poisson process's last arrival: in nanoseconds, on a ramp in requests.
    last: f64,
    /// The next request of those that do not come in bursts, where it was drawn already.
    waiting: Option<u64>,
    /// Requests of bursts so far.
    burst: u64,
}

impl Schedule {
    /// The schedule of a workload.
    pub fn new(workload: &Workload, seed: Seed) -> Self {
        let gap = 1e9 / workload.rate.as_per_second();
        let random = ChaCha8Rng::seed_from_u64(seed.derive("schedule").0);
        let phase = ChaCha8Rng::seed_from_u64(seed.derive("phase").0).random::<f64>();
        Self { workload: workload.clone(), seed, gap, phase, random, slot: 0, last: 0.0, waiting: None, burst: 0 }
    }

    /// Due times at another rate, from its own beginning on. `place` sets them apart from those of other rates of this schedule.
    pub fn at_rate(&self, rate: Rate, place: &str) -> Self {
        Self::new(&Workload { rate, ramp: Ramp::default(), ..self.workload.clone() }, self.seed.derive(place))
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

impl Schedule {
    /// The next one that does not come in a burst.
    fn steady(&mut self) -> Option<u64> {
        let number = self.slot;
        self.slot += 1;
        if let Some(trace) = &self.workload.trace {
            return trace.due(number);
        }
        if !self.workload.ramp.is_empty() {
            // On an axis of requests a ramp is steady; its moments follow from the rates.
            let count = match self.workload.arrivals {
                Arrivals::Constant | Arrivals::Trace => number as f64 + self.phase,
                Arrivals::Jittered => number as f64 + self.random.random::<f64>() / 2.0,
                Arrivals::Poisson => {
                    let step: f64 = Exp1.sample(&mut self.random);
                    self.last += step;
                    self.last
                }
            };
            return Some((self.workload.ramp.moment(count) * 1e9) as u64);
        }
        let slot = number as f64 * self.gap;
        Some(match self.workload.arrivals {
            Arrivals::Constant | Arrivals::Trace => (slot + self.phase * self.gap) as u64,
            Arrivals::Jittered => (slot + self.random.random::<f64>() * self.gap / 2.0) as u64,
            Arrivals::Poisson => {
                let step: f64 = Exp1.sample(&mut self.random);
                self.last += step * self.gap;
                self.last as u64
            }
        })
    }
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let Some(bursts) = self.workload.bursts else { return self.steady() };
        let steady = self.waiting.take().or_else(|| self.steady());
        let burst = bursts.due(self.burst);
        match steady {
            Some(due) if due <= burst => Some(due),
            _ => {
                self.waiting = steady;
                self.burst += 1;
                Some(burst)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bursts, RampPoint, Trace, TraceRow};
    use proptest::prelude::*;

    const ALL: [Arrivals; 3] = [Arrivals::Constant, Arrivals::Jittered, Arrivals::Poisson];

    fn workload(arrivals: Arrivals) -> Workload {
        Workload { arrivals, max_in_flight: 100, ..Workload::steady("50/s".parse().unwrap()) }
    }

    fn ramp(points: &[(u64, f64)]) -> Ramp {
        let point =
            |(at, rate): &(u64, f64)| RampPoint { at: Duration::from_secs(*at), rate: crate::units::Rate::per_second(*rate).unwrap() };
        Ramp(points.iter().map(point).collect())
    }

    fn due(workload: &Workload, seed: u64, seconds: u64) -> Vec<u64> {
        Schedule::new(workload, Seed(seed)).take_while(|due| *due < seconds * 1_000_000_000).collect()
    }

    /// Six standard deviations of a Poisson count bound it for any seed worth having.
    fn near(count: usize, wanted: f64) -> bool {
        (count as f64 - wanted).abs() <= 6.0 * wanted.sqrt() + 1.0
    }

    #[test]
    fn every_arrival_process_keeps_its_rate_and_its_seed() {
        for arrivals in ALL {
            let ten_minutes = due(&workload(arrivals), 7, 600);
            assert!(ten_minutes.is_sorted(), "{arrivals}");
            assert!(near(ten_minutes.len(), 30_000.0), "{arrivals}: {}", ten_minutes.len());
            assert_eq!(ten_minutes, due(&workload(arrivals), 7, 600), "{arrivals}");
        }
    }

    #[test]
    fn constant_workloads_of_one_drill_come_apart_and_each_as_its_seed_says() {
        let first = |seed: Seed| Schedule::new(&workload(Arrivals::Constant), seed).next().unwrap();
        let firsts: Vec<u64> = (0..16).map(|index| first(Seed(7).derive(&format!("workload {index}")))).collect();
        assert!(firsts.iter().all(|due| *due < 20_000_000), "within the first gap: {firsts:?}");
        let mut sorted = firsts.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 16);
        assert_eq!(first(Seed(7)), first(Seed(7)));
        let due = due(&workload(Arrivals::Constant), 7, 1);
        assert!(due.len() == 50 && due.windows(2).all(|pair| (pair[1] - pair[0]).abs_diff(20_000_000) <= 1));
    }

    #[test]
    fn the_largest_gap_is_what_the_plan_promises() {
        let horizon = Duration::from_secs(60);
        let gap = |arrivals| Schedule::new(&workload(arrivals), Seed(7)).gap_max(horizon).as_millis_f64();
        assert!((gap(Arrivals::Constant) - 20.0).abs() < 0.001);
        assert!((20.0..=30.0).contains(&gap(Arrivals::Jittered)));
        assert!(gap(Arrivals::Poisson) > 60.0, "3,000 exponential gaps of 20 ms without one of 60 ms have a probability of 10⁻⁶⁵");
    }

    #[test]
    fn a_ramp_keeps_its_rate_at_every_moment() {
        for arrivals in ALL {
            let rising = Workload { ramp: ramp(&[(0, 10.0), (100, 110.0), (100, 5.0)]), ..workload(arrivals) };
            let due = due(&rising, 7, 200);
            assert!(due.is_sorted(), "{arrivals}");
            for second in (0..200).step_by(20) {
                let (from, to) = (Duration::from_secs(second), Duration::from_secs(second + 20));
                let seen = due.iter().filter(|due| (from.as_nanos()..to.as_nanos()).contains(due)).count();
                let wanted = rising.requests(to) - rising.requests(from);
                assert!(near(seen, wanted), "{arrivals}: {seen} from {from} on, not {wanted}");
            }
        }
        let falling = Workload { ramp: ramp(&[(0, 50.0), (60, 5.0)]), ..workload(Arrivals::Constant) };
        let gap = Schedule::new(&falling, Seed(7)).gap_max(Duration::from_secs(120)).as_millis_f64();
        assert!((gap - 200.0).abs() < 0.001, "the gap at its lowest rate: {gap}");
    }

    #[test]
    fn bursts_come_on_top_and_close_no_gap_elsewhere() {
        let bursts = Some(Bursts { every: Duration::from_secs(10), of: 200, within: Duration::from_millis(500) });
        for arrivals in ALL {
            let (plain, with) = (due(&workload(arrivals), 7, 35), due(&Workload { bursts, ..workload(arrivals) }, 7, 35));
            assert!(with.is_sorted(), "{arrivals}");
            assert_eq!(with.len(), plain.len() + 600, "{arrivals}: after 10, 20 and 30 seconds");
            let second = |from: u64| with.iter().filter(|due| *due / 1_000_000_000 == from).count();
            assert!(second(10) >= 200 && second(9) < 100, "{arrivals}");
        }
        let gap = |bursts| Schedule::new(&Workload { bursts, ..workload(Arrivals::Constant) }, Seed(7)).gap_max(Duration::from_secs(35));
        assert_eq!(gap(bursts), gap(None));
        assert_eq!(Workload { bursts, ..workload(Arrivals::Constant) }.busiest(Duration::from_secs(35)), 250.0);
    }

    #[test]
    fn a_trace_is_played_as_it_was_and_begins_anew_only_where_it_may() {
        let row = |at: u64| TraceRow { at: at * 1_000_000, input: 1, output: 1 };
        let trace = |repeat| Trace {
            file: "trace.csv".into(),
            rows_sha256: String::new(),
            speed: 1.0,
            repeat,
            length: Duration::from_millis(900),
            requests: 4,
            busiest: 4,
            gap_max: Duration::from_millis(700),
            rows: vec![row(0), row(100), row(800), row(900)].into(),
        };
        let play = |repeat| -> Vec<u64> {
            let workload = Workload { trace: Some(trace(repeat)), ..workload(Arrivals::Trace) };
            Schedule::new(&workload, Seed(7)).take(6).map(|due| due / 1_000_000).collect()
        };
        assert_eq!(play(false), [0, 100, 800, 900]);
        assert_eq!(play(true), [0, 100, 800, 900, 1200, 1300]);
        let workload = Workload { trace: Some(trace(true)), ..workload(Arrivals::Trace) };
        assert_eq!(Schedule::new(&workload, Seed(7)).gap_max(Duration::from_secs(9)), Duration::from_millis(700));
    }

    proptest! {
        #[test]
        fn whatever_is_planned_comes_in_order_and_no_gap_is_wider_than_told(
            seed: u64, lowest in 1_u32..100, highest in 1_u32..400, every in 2_u64..20, of in 1_u32..300, index in 0_usize..3,
        ) {
            let (low, high) = (f64::from(lowest), f64::from(highest));
            let planned = Workload {
                ramp: ramp(&[(0, low), (20, high), (40, low)]),
                bursts: Some(Bursts { every: Duration::from_secs(every), of, within: Duration::from_millis(500) }),
                ..workload(ALL[index])
            };
            let seconds = 60;
            let all = due(&planned, seed, seconds);
            let horizon = Duration::from_secs(seconds);
            prop_assert!(all.is_sorted());
            let wanted = planned.requests(horizon);
            prop_assert!(if index == 2 { near(all.len(), wanted) } else { (all.len() as f64 - wanted).abs() <= 2.0 }, "{} of {wanted}", all.len());
            let widest = all.windows(2).map(|pair| pair[1] - pair[0]).chain(all.first().copied()).max().unwrap_or(0);
            let told = Schedule::new(&planned, Seed(seed)).gap_max(horizon).as_nanos();
            prop_assert!(widest <= told, "{widest} within, {told} told");
            if index < 2 {
                // A nanosecond is lost to rounding.
                prop_assert!(told <= planned.gap_expected(horizon).as_nanos() + 2, "{told} told, {} expected", planned.gap_expected(horizon));
            }
        }
    }
}
