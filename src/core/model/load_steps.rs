//! A rate that climbs in steps: to find out how much of its primary's load a standby bears.
//!
//! What this file does not do: send anything (`traffic`), or decide when the climb ends (`drill`).

use super::{Ramp, RampPoint, words};
use crate::units::{Binomial, Duration, Rate, Ratio, Tally};
use serde::{Deserialize, Serialize};

/// A climb while the primary is broken: step after step at a higher rate, each as long as the others. It ends with the first that is not borne.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadSteps {
    /// What the primary carries at its busiest; the shares are of this.
    pub peak: Rate,
    /// What people call that, for example `Tuesday's peak`; empty where nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub called: String,
    /// The rate of each step, ascending. Never empty.
    pub rates: Vec<Rate>,
    /// How long each lasts.
    pub each: Duration,
    /// When the first begins, from when the first fault is in force. Until then the traffic has its own rate, and its cutover is judged.
    pub after: Duration,
    /// The same from the start of the traffic, as planned.
    pub begins: Duration,
}

impl LoadSteps {
    /// When the last step ends, from when the first fault is in force.
    pub fn ends(&self) -> Duration {
        self.after.plus(self.each.times(u32::try_from(self.rates.len()).unwrap_or(u32::MAX)))
    }

    /// The share of the peak that this rate is; more than 1 beyond it.
    pub fn share(&self, rate: Rate) -> f64 {
        rate.as_per_second() / self.peak.as_per_second()
    }

    /// The whole climb as it is planned, and the usual rate before and after it.
    pub fn ramp(&self, usual: Rate) -> Ramp {
        let mut points = vec![RampPoint { at: Duration::ZERO, rate: usual }];
        let mut step = |at: Duration, from: Rate, to: Rate| points.extend([RampPoint { at, rate: from }, RampPoint { at, rate: to }]);
        let (mut at, mut before) = (self.begins, usual);
        for rate in &self.rates {
            step(at, before, *rate);
            (at, before) = (at.plus(self.each), *rate);
        }
        step(at, before, usual);
        Ramp(points)
    }
}

words! {
    /// Whether a step was borne.
    Bearing {
        /// As many requests were well served as was promised.
        Borne = "held",
        /// More were not than was promised, and more than chance explains.
        Broken = "broken",
        /// More than was promised, and no more than chance explains; or too few requests to say anything.
        Unclear = "unclear",
    }
}

/// Requests that a step needs before it says anything: of fewer none is the slowest of twenty.
pub const STEP_MIN: u64 = 20;
/// What comes by chance in one step of a hundred may be chance.
const RARE: f64 = 0.01;
/// The 95th percentile must lie within the service level too, whatever less was promised.
const P95: f64 = 0.95;

impl Bearing {
    /// By how many of a step's requests were not well served: not answered, not whole, or later than the service level.
    pub fn of(bad: Tally, success: Ratio) -> Self {
        let promised = Binomial::beyond(success.get().max(P95), bad.of);
        match bad {
            Tally { of, .. } if of < STEP_MIN => Self::Unclear,
            Tally { hits, .. } if hits <= promised.expected() => Self::Borne,
            Tally { hits, .. } if hits >= promised.fewest(RARE) => Self::Broken,
            _ => Self::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_climb_is_a_ramp_of_steps_between_the_usual_rate() {
        let second = Duration::from_secs(1);
        let steps = LoadSteps {
            peak: rate("40/s"),
            called: String::new(),
            rates: vec![rate("20/s"), rate("40/s")],
            each: second.times(5),
            after: second.times(10),
            begins: second.times(15),
        };
        let ramp = steps.ramp(rate("10/s"));
        assert_eq!(ramp.count(second.times(15)), 150.0);
        assert_eq!(ramp.count(second.times(25)), 150.0 + 100.0 + 200.0);
        assert_eq!(ramp.count(second.times(26)), 460.0);
        assert_eq!((steps.ends(), steps.share(rate("60/s"))), (second.times(20), 1.5));
    }

    #[test]
    fn a_step_is_borne_broken_or_unclear() {
        let says = |hits, of, success: f64| Bearing::of(Tally { hits, of }, Ratio::new(success).unwrap());
        assert_eq!(says(0, 19, 0.99), Bearing::Unclear, "too few");
        assert_eq!([says(1, 50, 0.99), says(2, 50, 0.99), says(4, 50, 0.99)], [Bearing::Borne, Bearing::Unclear, Bearing::Broken]);
        assert_eq!(says(10, 50, 0.5), Bearing::Broken, "one of five was late, so the 95th percentile was");
    }
}
