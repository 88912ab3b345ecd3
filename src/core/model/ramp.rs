//! A rate that changes: straight lines between points in time.

use crate::units::{Duration, Rate};
use serde::{Deserialize, Serialize};

/// The rate at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RampPoint {
    /// From the start of the traffic.
    pub at: Duration,
    /// The rate then.
    pub rate: Rate,
}

/// Points in the order of their moments, the first at zero; two at one moment are a step. Between them the rate changes evenly, after the
/// last it stays. Without points there is no ramp.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ramp(pub Vec<RampPoint>);

/// A stretch between two points: when it begins and how long it is, in seconds, and the rates at its ends.
struct Stretch {
    from: f64,
    length: f64,
    rates: (f64, f64),
}

impl Ramp {
    /// True where the rate does not change.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lowest and the highest rate up to a moment.
    pub fn range(&self, until: Duration) -> Option<(f64, f64)> {
        let end = until.as_secs_f64();
        let ends = self.stretches().take_while(|stretch| stretch.from <= end).flat_map(|stretch| {
            let last = stretch.rate_after((end - stretch.from).min(stretch.length));
            [stretch.rates.0, last]
        });
        ends.fold(None, |range: Option<(f64, f64)>, rate| Some(range.map_or((rate, rate), |(low, high)| (low.min(rate), high.max(rate)))))
    }

    /// How many requests are due before a moment, on average.
    pub fn count(&self, until: Duration) -> f64 {
        let end = until.as_secs_f64();
        let before = self.stretches().take_while(|stretch| stretch.from < end);
        before.map(|stretch| stretch.count((end - stretch.from).min(stretch.length))).sum()
    }

    /// When so many requests are due, in seconds from the start: the inverse of [`Ramp::count`].
    pub fn moment(&self, count: f64) -> f64 {
        let mut left = count;
        for stretch in self.stretches() {
            let whole = stretch.count(stretch.length);
            if left < whole {
                return stretch.from + stretch.time_of(left);
            }
            left -= whole;
        }
        f64::INFINITY
    }

    /// All of them; the last has no end.
    fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let point = |point: &RampPoint| (point.at.as_secs_f64(), point.rate.as_per_second());
        let between = self.0.windows(2).map(move |pair| {
            let ((from, first), (to, last)) = (point(&pair[0]), point(&pair[1]));
            Stretch { from, length: to - from, rates: (first, last) }
        });
        let last = self.0.last().map(point).map(|(from, rate)| Stretch { from, length: f64::INFINITY, rates: (rate, rate) });
        between.chain(last)
    }
}

impl Stretch {
    /// How much the rate changes in a second.
    fn slope(&self) -> f64 {
        if self.length.is_finite() && self.length > 0.0 { (self.rates.1 - self.rates.0) / self.length } else { 0.0 }
    }

    fn rate_after(&self, seconds: f64) -> f64 {
        if seconds.is_finite() { self.slope().mul_add(seconds, self.rates.0) } else { self.rates.1 }
    }

    fn count(&self, seconds: f64) -> f64 {
        if seconds.is_finite() { (self.slope() * seconds / 2.0 + self.rates.0) * seconds } else { f64::INFINITY }
    }

    /// Solves `count` for the time, in the form that loses nothing where the slope is small.
    fn time_of(&self, count: f64) -> f64 {
        let root = (2.0 * self.slope()).mul_add(count, self.rates.0 * self.rates.0).max(0.0).sqrt();
        2.0 * count / (self.rates.0 + root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ramp(points: &[(u64, &str)]) -> Ramp {
        let point = |(at, rate): &(u64, &str)| RampPoint { at: Duration::from_millis(*at), rate: rate.parse().unwrap() };
        Ramp(points.iter().map(point).collect())
    }

    #[test]
    fn a_ramp_up_and_a_step_down() {
        let ramp = ramp(&[(0, "10/s"), (10_000, "50/s"), (10_000, "20/s")]);
        assert_eq!(ramp.count(Duration::from_secs(5)), 100.0, "from 10/s to 30/s");
        assert_eq!(ramp.count(Duration::from_secs(10)), 300.0);
        assert_eq!(ramp.count(Duration::from_secs(11)), 320.0);
        assert_eq!(ramp.range(Duration::from_secs(5)), Some((10.0, 30.0)));
        assert_eq!(ramp.range(Duration::from_secs(60)), Some((10.0, 50.0)));
        assert!((ramp.moment(100.0) - 5.0).abs() < 1e-9);
        assert!((ramp.moment(320.0) - 11.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn moment_undoes_count(steps in proptest::collection::vec((0_u64..20_000, 1_u32..5000), 1..6), until in 1_u64..100_000) {
            let mut at = 0;
            let mut points = Vec::new();
            for (gap, rate) in steps {
                points.push(RampPoint { at: Duration::from_millis(at), rate: Rate::per_second(f64::from(rate) / 10.0).unwrap() });
                at += gap;
            }
            let ramp = Ramp(points);
            let count = ramp.count(Duration::from_millis(until));
            prop_assert!((ramp.moment(count) * 1e3 - until as f64).abs() < 1e-3, "{} ms", ramp.moment(count) * 1e3);
        }
    }
}
