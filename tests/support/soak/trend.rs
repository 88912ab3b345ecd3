//! Whether something grows: the line through its values, and how much that line may be off.
//!
//! What this file does not do: know what the values are.

use statrs::distribution::{ContinuousCDF, StudentsT};
use std::fmt;

/// A bound that the true growth exceeds in one of twenty such runs.
const SURE: f64 = 0.95;

/// How something changed from the first window of a run to the last.
#[derive(Debug, Clone)]
pub(crate) struct Trend {
    what: &'static str,
    unit: &'static str,
    /// The median of its windows.
    level: f64,
    /// By the line of least squares, over all windows together.
    growth: f64,
    /// The least and the most that the growth may be, each as sure as [`SURE`].
    least: f64,
    most: f64,
    /// As much growth as counts as none: a share of the level, or what one window may differ by.
    allowed: f64,
}

impl Trend {
    /// Of values that follow each other in equal steps; `None` where there are too few to say anything. `share` of the level, and at least
    /// `least`, counts as no growth.
    pub(crate) fn of(what: &'static str, unit: &'static str, values: &[f64], share: f64, least: f64) -> Option<Self> {
        let count = values.len();
        if count < 5 {
            return None;
        }
        let n = count as f64;
        let (middle, mean) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
        let places = || (0..count).map(|place| place as f64 - middle);
        let square: f64 = places().map(|place| place * place).sum();
        let slope = places().zip(values).map(|(place, value)| place * (value - mean)).sum::<f64>() / square;
        let rests: Vec<f64> = places().zip(values).map(|(place, value)| value - mean - slope * place).collect();
        let of_squares: f64 = rests.iter().map(|rest| rest * rest).sum();
        // Neighbours are alike, so that there is less to go by than there are windows.
        let alike = rests.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / of_squares.max(f64::MIN_POSITIVE);
        let alike = alike.clamp(0.0, 0.9);
        let off = (of_squares / (n - 2.0) / square * (1.0 + alike) / (1.0 - alike)).sqrt();
        let quantile = StudentsT::new(0.0, 1.0, n - 2.0).map_or(2.0, |student| student.inverse_cdf(SURE));
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (level, whole) = (sorted[count / 2], n - 1.0);
        let (growth, bound) = (slope * whole, quantile * off * whole);
        Some(Self { what, unit, level, growth, least: growth - bound, most: growth + bound, allowed: least.max(level * share) })
    }

    /// Whether as much growth as there may be is no growth.
    pub(crate) fn is_flat(&self) -> bool {
        self.most <= self.allowed
    }

    /// Whether as little growth as there may be is too much.
    pub(crate) fn grows(&self) -> bool {
        self.least > self.allowed
    }
}

impl fmt::Display for Trend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, unit, level, growth, least, most, allowed } = self;
        let verdict = match (self.is_flat(), self.grows()) {
            (true, _) => "flat",
            (_, true) => "GROWS",
            _ => "not shown to be flat, nor to grow",
        };
        write!(
            f,
            "{what}: {verdict}. At {level:.2} {unit} it grew by {growth:+.2} ({least:+.2} to {most:+.2}); up to {allowed:.2} counts as flat"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(values: impl Fn(usize) -> f64) -> Trend {
        Trend::of("it", "MB", &(0..20).map(values).collect::<Vec<_>>(), 0.04, 2.0).unwrap()
    }

    #[test]
    fn what_grows_is_not_flat_and_neither_is_what_nobody_can_tell() {
        let noise = |place: usize| [0.3, -0.2, 0.1, -0.4, 0.2][place % 5];
        assert!(trend(|place| 50.0 + noise(place)).is_flat());
        assert!(trend(|place| 50.0 - place as f64 + noise(place)).is_flat(), "what shrinks is no leak");
        let grown = trend(|place| 50.0 + 0.3 * place as f64 + noise(place));
        assert!(grown.grows() && !grown.is_flat() && (5.0..6.5).contains(&grown.growth) && grown.most > grown.growth, "{grown}");
        // As wild as this, it might have grown by more than what is allowed.
        let wild = trend(|place| 50.0 + 20.0 * noise(place));
        assert!(!wild.is_flat() && !wild.grows(), "{wild}");
        assert!(Trend::of("it", "MB", &[1.0; 4], 0.1, 1.0).is_none());
        assert!(trend(|_| 7.0).is_flat(), "what never changes is flat");
    }
}
