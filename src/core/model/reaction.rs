//! How long people take before they do something, where nobody is there to be measured.

use crate::units::{Duration, Seed};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// The standard normal distribution's 95th percentile.
const Z95: f64 = 1.6449;
/// No draw is longer than so many times the 95th percentile: a distribution's far end must not outlive the drill.
const FAR_END: f64 = 4.0;

/// A person's time to react: log-normal, as such times are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Half of all reactions take no longer.
    pub p50: Duration,
    /// 19 of 20 take no longer. As long as the median where all are alike.
    pub p95: Duration,
}

impl Reaction {
    /// One reaction; the same for the same seed.
    pub fn drawn(&self, seed: Seed) -> Duration {
        let (p50, p95) = (self.p50.as_secs_f64(), self.p95.as_secs_f64());
        let spread = p95 / p50;
        if !spread.is_finite() || spread <= 1.0 {
            return self.p50;
        }
        let z: f64 = StandardNormal.sample(&mut ChaCha8Rng::seed_from_u64(seed.0));
        let seconds = (p50 * (spread.ln() / Z95 * z).exp()).min(p95 * FAR_END);
        Duration::from_nanos((seconds * 1e9) as u64)
    }
}

impl std::fmt::Display for Reaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.p95 > self.p50 { write!(f, "p50 {}, p95 {}", self.p50, self.p95) } else { write!(f, "{}", self.p50) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_median_and_the_percentile_that_were_asked_for_and_the_seed_decides() {
        let reaction = Reaction { p50: Duration::from_secs(30), p95: Duration::from_secs(90) };
        let mut drawn: Vec<f64> = (0..20_000).map(|number| reaction.drawn(Seed(7).derive(&number.to_string())).as_secs_f64()).collect();
        drawn.sort_by(f64::total_cmp);
        let (p50, p95, most) = (drawn[10_000], drawn[19_000], drawn[19_999]);
        // 20,000 draws place the median within 2 % and the 95th percentile within 4 %, four standard errors each.
        assert!((29.4..30.6).contains(&p50) && (86.4..93.6).contains(&p95) && most <= 360.0, "{p50} {p95} {most}");
        assert_eq!(reaction.drawn(Seed(7)), reaction.drawn(Seed(7)));
        let alike = Reaction { p50: Duration::from_secs(45), p95: Duration::from_secs(45) };
        assert!((0..100).all(|seed| alike.drawn(Seed(seed)) == Duration::from_secs(45)));
    }
}
