//! How many requests a workload plans, and how they lie: everything about its arrivals that can be told without a seed.

use super::{Arrivals, Ramp, Workload};
use crate::units::{Duration, Rate};
use std::borrow::Cow;
use std::fmt;

impl Workload {
    /// How many requests are due before a moment of the traffic, on average.
    pub fn requests(&self, until: Duration) -> f64 {
        let bursts = self.bursts.map_or(0.0, |bursts| (bursts.before(until) * u64::from(bursts.of)) as f64);
        match &self.trace {
            Some(trace) if trace.rows.is_empty() => (until.as_secs_f64() * self.rate.as_per_second()).round(),
            Some(trace) => (0..).map_while(|place| trace.due(place)).take_while(|due| *due < until.as_nanos()).count() as f64,
            None if self.planned_ramp().is_empty() => until.as_secs_f64() * self.rate.as_per_second() + bursts,
            None => self.planned_ramp().count(until) + bursts,
        }
    }

    /// How many requests are due before a moment at the least, whatever the seed: of Poisson arrivals so many that fewer come once in a hundred
    /// times.
    pub fn requests_least(&self, until: Duration) -> u64 {
        let bursts = self.bursts.map_or(0, |bursts| (0..).take_while(|place| bursts.due(*place) < until.as_nanos()).count() as u64);
        if self.trace.is_some() {
            return self.requests(until) as u64;
        }
        let steady = Self { bursts: None, ..self.clone() }.requests(until);
        bursts + if self.arrivals == Arrivals::Poisson { poisson_least(steady) } else { steady as u64 }
    }

    /// The mean rate from the start to a moment.
    pub fn mean(&self, until: Duration) -> Rate {
        // A trace's rate is its mean already, and what does not change is left exact.
        let told = self.trace.is_some() || self.is_steady();
        let mean = Rate::per_second(self.requests(until) / until.as_secs_f64()).filter(|_| !told);
        mean.unwrap_or(self.rate)
    }

    /// True where the rate is the same at every moment.
    pub const fn is_steady(&self) -> bool {
        self.ramp.is_empty() && self.bursts.is_none() && self.trace.is_none() && self.steps.is_none()
    }

    /// How the rate changes, with the whole of a climb in steps.
    fn planned_ramp(&self) -> Cow<'_, Ramp> {
        self.steps.as_ref().map_or(Cow::Borrowed(&self.ramp), |steps| Cow::Owned(steps.ramp(self.rate)))
    }

    /// Requests in the busiest second up to a moment, on average.
    pub fn busiest(&self, until: Duration) -> f64 {
        let second = Duration::from_secs(1);
        let bursts = self.bursts.filter(|bursts| bursts.before(until) > 0).map_or(0.0, |bursts| {
            let (of, every) = (f64::from(bursts.of), bursts.every.as_secs_f64());
            // Within one second there is a part of one burst, or more than one of them.
            if bursts.every >= second { of / bursts.within.as_secs_f64().max(1.0) } else { of * (1.0 / every).ceil() }
        });
        let base = match &self.trace {
            Some(trace) => trace.busiest as f64,
            None => self.planned_ramp().range(until).map_or(self.rate.as_per_second(), |(_, most)| most),
        };
        base + bursts
    }

    /// The largest gap between two requests that the arrivals plan over a time, as far as it is known without a seed: 1/λ of the lowest
    /// rate, one and a half of it for jittered slots, for Poisson the length that no gap exceeds with a probability of 95 %, and of a trace
    /// its own.
    pub fn gap_expected(&self, over: Duration) -> Duration {
        if let Some(trace) = &self.trace {
            return trace.gap_max;
        }
        let gap = self.ramp.range(over).and_then(|(least, _)| Rate::per_second(least)).unwrap_or(self.rate).gap();
        match self.arrivals {
            Arrivals::Constant | Arrivals::Trace => gap,
            Arrivals::Jittered => Duration::from_nanos(gap.as_nanos() / 2 * 3),
            Arrivals::Poisson => {
                let requests = (over.as_secs_f64() / gap.as_secs_f64()).max(1.0);
                std::time::Duration::from_secs_f64(gap.as_secs_f64() * (requests / 0.05).ln()).into()
            }
        }
    }

    /// The same workload with so much of its rate. A trace is played as it is.
    #[must_use]
    pub fn thinned(&self, share: f64) -> Self {
        let thin = |rate: Rate| Rate::per_second(rate.as_per_second() * share).unwrap_or(rate);
        let mut workload = self.clone();
        if self.trace.is_none() {
            workload.rate = thin(self.rate);
            workload.ramp.0.iter_mut().for_each(|point| point.rate = thin(point.rate));
            // The peak stays what it is: what is tried is a smaller share of it.
            workload.steps.iter_mut().flat_map(|steps| &mut steps.rates).for_each(|rate| *rate = thin(*rate));
            workload.bursts.iter_mut().for_each(|bursts| bursts.of = ((f64::from(bursts.of) * share) as u32).max(1));
        }
        workload
    }

    /// How fast requests come, in words: `50/s`, `10/s to 50/s, 20/s with 200 more every 10s`.
    pub fn pace(&self) -> impl fmt::Display + '_ {
        PaceText(self)
    }
}

/// The largest count that a Poisson count of this mean falls short of with a probability of at most one percent.
fn poisson_least(mean: f64) -> u64 {
    // Beyond this the normal distribution tells it as well, and its powers fit into no float.
    if mean > 500.0 {
        return 2.33_f64.mul_add(-mean.sqrt(), mean) as u64;
    }
    let (mut count, mut chance, mut below) = (0_u64, (-mean).exp(), 0.0);
    while below + chance <= 0.01 {
        below += chance;
        count += 1;
        chance *= mean / count as f64;
    }
    count
}

struct PaceText<'w>(&'w Workload);

impl fmt::Display for PaceText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Workload { rate, ramp, bursts, trace, steps, .. } = self.0;
        if let Some(trace) = trace {
            let speed = if trace.speed == 1.0 { String::new() } else { format!(" at {}x", trace.speed) };
            return write!(f, "{:.1}/s on average, as in {}{speed}", rate.as_per_second(), trace.file);
        }
        match ramp {
            Ramp(points) if points.is_empty() => write!(f, "{rate}")?,
            Ramp(points) => {
                for (place, point) in points.iter().enumerate() {
                    write!(f, "{}{}", if place == 0 { "" } else { " to " }, point.rate)?;
                }
            }
        }
        if let Some((steps, (first, last))) = steps.as_ref().and_then(|steps| Some((steps, steps.rates.first().zip(steps.rates.last())?))) {
            write!(f, ", then {first} to {last} in {} steps", steps.rates.len())?;
        }
        bursts.iter().try_for_each(|bursts| write!(f, " with {} more every {}", bursts.of, bursts.every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bursts;

    /// From tables of the Poisson distribution: fewer come with at most one percent, and one more would be too many to count on.
    #[test]
    fn of_poisson_arrivals_so_many_come_in_99_of_100_draws() {
        for (mean, least) in [(0.0, 0), (1.0, 0), (10.0, 3), (20.0, 10), (31.84, 19), (31.85, 20), (500.0, 449)] {
            assert_eq!(poisson_least(mean), least, "{mean}");
        }
        let (exact, normal) = (poisson_least(500.0), poisson_least(500.1));
        assert!(exact.abs_diff(normal) <= 2, "the two ways of counting meet: {exact} and {normal}");
    }

    #[test]
    fn what_is_due_at_the_least_counts_bursts_one_by_one_and_no_part_of_a_request() {
        let steady = Workload::steady("2.49/s".parse().unwrap());
        let least = |workload: &Workload, millis: u64| workload.requests_least(Duration::from_millis(millis));
        assert_eq!((least(&steady, 8_000), least(&steady, 8_033)), (19, 20));
        let second = Duration::from_secs(1);
        let bursts = Bursts { every: second.times(2), of: 10, within: second };
        let with = Workload { bursts: Some(bursts), ..steady };
        // Half of the second burst, and the first: one request each tenth of a second.
        assert_eq!(least(&with, 4_500), 11 + 15);
        let drawn = Workload { arrivals: Arrivals::Poisson, ..with };
        assert_eq!(least(&drawn, 4_500), poisson_least(11.205) + 15, "bursts come whatever is drawn");
    }
}
