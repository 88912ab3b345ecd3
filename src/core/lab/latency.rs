//! How long a simulated provider takes: draws from the mixture that [`ModelTimes`] describes. Pure; the caller brings the randomness.
//!
//! One log-normal distribution cannot give both a believable median and a believable 99th percentile of real providers, so a
//! share of requests is drawn from a second one around some seconds. What is not here: load. A simulated provider does not
//! get slower when it is asked more, so that a drill measures the gateway and not the lab, unless it is given a capacity (`crowding`).

use crate::model::{ModelTimes, TAIL_SIGMA};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use std::time::Duration;

/// No draw is longer: a distribution's far end must not outlive the drill.
const LONGEST: Duration = Duration::from_secs(600);

/// The distribution of one model's times.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    body_p50: f64,
    body_sigma: f64,
    tail_share: f64,
    tail_p50: f64,
    gap: Duration,
}

impl Draw {
    /// The distribution that a pace asks for. A 95th percentile below the median counts as the median.
    pub fn new(pace: &ModelTimes) -> Self {
        Self {
            body_p50: pace.first_token_p50.as_secs_f64(),
            body_sigma: pace.body_sigma(),
            tail_share: pace.tail_share.get(),
            tail_p50: pace.tail_p50.as_secs_f64(),
            gap: pace.token_gap.std(),
        }
    }

    /// From the request to the first token. Always takes the same number of values from `rng`.
    pub fn first_token(&self, rng: &mut impl Rng) -> Duration {
        let tail = rng.random::<f64>() < self.tail_share;
        let z: f64 = StandardNormal.sample(rng);
        let seconds = if tail { self.tail_p50 * (TAIL_SIGMA * z).exp() } else { self.body_p50 * (self.body_sigma * z).exp() };
        Duration::try_from_secs_f64(seconds).map_or(LONGEST, |drawn| drawn.min(LONGEST))
    }

    /// Between two tokens.
    pub const fn token_gap(&self) -> Duration {
        self.gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Simulation;
    use crate::units::Ratio;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    fn sorted(simulation: &Simulation) -> Vec<f64> {
        let (draw, mut rng) = (Draw::new(&simulation.pace()), ChaCha8Rng::seed_from_u64(7));
        let mut drawn: Vec<f64> = (0..100_000).map(|_| draw.first_token(&mut rng).as_secs_f64() * 1e3).collect();
        drawn.sort_by(f64::total_cmp);
        drawn
    }

    fn near(drawn: &[f64], share: f64, milliseconds: f64, tolerance: f64) {
        let seen = drawn[(drawn.len() as f64 * share) as usize];
        assert!((seen / milliseconds - 1.0).abs() < tolerance, "p{}: {seen} ms, wanted {milliseconds} ms", share * 100.0);
    }

    #[test]
    fn the_body_has_the_quantiles_that_were_asked_for() {
        // Over 100,000 draws the 95th percentile's standard error is 0.4 %; 2 % leaves five of them.
        let drawn = sorted(&Simulation { tail_share: Ratio::new(0.0).unwrap(), ..Simulation::default() });
        near(&drawn, 0.50, 639.0, 0.02);
        near(&drawn, 0.95, 1144.0, 0.02);
    }

    #[test]
    fn the_tail_that_was_measured_of_gpt_4o_can_be_stated() {
        // Half of a tail of 2 % lies beyond its own median of 4.5 s, so p99 is near that; the probes say 4517 ms.
        let measured = Simulation { tail_share: Ratio::new(0.02).unwrap(), tail_p50: units(4500), ..Simulation::default() };
        let drawn = sorted(&measured);
        near(&drawn, 0.50, 639.0, 0.03);
        near(&drawn, 0.99, 4517.0, 0.05);
    }

    #[test]
    fn what_is_drawn_is_late_as_often_as_is_reckoned() {
        let slow = Simulation { tail_share: Ratio::new(0.02).unwrap(), tail_p50: units(4500), ..Simulation::default() };
        for (simulation, limit) in [(slow.clone(), 2_500), (slow, 900), (Simulation::default(), 1_300)] {
            let late = sorted(&simulation).iter().filter(|drawn| **drawn > limit as f64).count() as f64 / 1e5;
            let wanted = simulation.pace().later_than(units(limit));
            // Five standard errors.
            assert!((late - wanted).abs() < 5.0 * (wanted / 1e5).sqrt(), "{late} {wanted}");
        }
    }

    fn units(milliseconds: u64) -> crate::units::Duration {
        crate::units::Duration::from_millis(milliseconds)
    }

    #[test]
    fn odd_settings_give_no_odd_times() {
        let zero = crate::units::Duration::ZERO;
        let nothing = Simulation { first_token_p50: zero, first_token_p95: zero, tail_p50: zero, ..Simulation::default() };
        assert_eq!(sorted(&nothing).last(), Some(&0.0));
        let inverted = Simulation { first_token_p95: zero, tail_share: Ratio::new(0.0).unwrap(), ..Simulation::default() };
        assert_eq!(sorted(&inverted)[0], 639.0);
    }
}
