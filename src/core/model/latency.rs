//! How probable it is that an answer comes late, by the times that a [`ModelTimes`] describes: a mixture of two log-normal distributions.

use super::ModelTimes;
use crate::units::Duration;

/// The standard normal distribution's 95th percentile.
pub const Z95: f64 = 1.6449;
/// The spread of the tail, as the standard deviation of the logarithm.
pub const TAIL_SIGMA: f64 = 0.35;

impl ModelTimes {
    /// The spread of the body, as the standard deviation of the logarithm. A 95th percentile below the median counts as the median.
    pub fn body_sigma(&self) -> f64 {
        let spread = self.first_token_p95.as_secs_f64() / self.first_token_p50.as_secs_f64();
        if spread.is_finite() && spread > 1.0 { spread.ln() / Z95 } else { 0.0 }
    }

    /// The share of first tokens that take longer than this.
    pub fn later_than(&self, limit: Duration) -> f64 {
        let above = |median: Duration, sigma: f64| {
            let distance = (limit.as_secs_f64() / median.as_secs_f64()).ln();
            // Where there is no spread, and where the median or the limit is zero.
            if sigma > 0.0 && distance.is_finite() { upper_tail(distance / sigma) } else { f64::from(limit < median) }
        };
        let tail = self.tail_share.get();
        tail * above(self.tail_p50, TAIL_SIGMA) + (1.0 - tail) * above(self.first_token_p50, self.body_sigma())
    }
}

/// The probability that a standard normal variable is larger than `z`, to one part in 10⁷ (W. H. Press et al., Numerical Recipes, `erfcc`).
fn upper_tail(z: f64) -> f64 {
    const TERMS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let series = TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term);
    let above = t * (series - x * x).exp() / 2.0;
    if z < 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Simulation;

    #[test]
    fn the_tail_of_the_normal_distribution_is_that_of_the_tables() {
        for (z, wanted) in [(0.0, 0.5), (1.6449, 0.049_995), (2.3263, 0.010_001), (3.0, 0.001_349_9), (-1.0, 0.841_344_7), (7.0, 0.0)] {
            assert!((upper_tail(z) - wanted).abs() < 1e-6, "{z}: {}", upper_tail(z));
        }
    }

    #[test]
    fn what_comes_late_is_the_share_of_both_bodies() {
        let second = |seconds: f64| Duration::from_nanos((seconds * 1e9) as u64);
        let share = |text: &str| text.parse().unwrap();
        let pace = ModelTimes { first_token_p50: second(0.639), first_token_p95: second(1.144), ..Simulation::default().pace() };
        let slow = ModelTimes { tail_share: share("2%"), tail_p50: second(4.5), ..pace };
        assert!((slow.later_than(second(0.639)) - 0.51).abs() < 1e-3 && (slow.later_than(second(4.5)) - 0.01).abs() < 1e-3);
        // Of the 2 % around 4.5 s 95.4 of 100 take longer than 2.5 s.
        assert!((slow.later_than(second(2.5)) - 0.0191).abs() < 2e-4, "{}", slow.later_than(second(2.5)));
        let exact = ModelTimes { first_token_p50: second(1.0), first_token_p95: second(1.0), tail_share: share("0%"), ..pace };
        assert_eq!((exact.later_than(second(0.9)), exact.later_than(second(1.0)), exact.later_than(Duration::ZERO)), (1.0, 0.0, 1.0));
    }
}
