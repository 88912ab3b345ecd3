//! Whether something grows: the line through its values with how much that line may be off, and what is added from value to value.
//!
//! Two questions, because memory also makes steps: a moment in which everything waits fills pools that had never been so full. Over hours such a
//! step is nothing, and the line tells whether the whole is flat. In minutes it is everything, and what is added at most values tells
//! whether something grows all the time.
//!
//! What this file does not do: know what the values are.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};
use std::fmt;

/// A bound is wrong in one of twenty such runs.
const SURE: f64 = 0.95;
/// Growth of this share of the level counts as none: by the line, and where it goes on all the time.
const ALLOWED: f64 = 0.05;
const ALLOWED_STEADILY: f64 = 0.01;

/// How something changed from the first window of a run to the last.
#[derive(Debug, Clone)]
pub(crate) struct Trend {
    what: &'static str,
    unit: &'static str,
    /// The median of its windows.
    level: f64,
    /// By the line of least squares, over all windows together; the most that it may be.
    growth: f64,
    most: f64,
    /// What is added from window to window at the median, over all windows together; the least that it may be.
    steady: f64,
    least: f64,
    /// Growth by the line that counts as none where it is more than the share of the level.
    allowed: f64,
}

impl Trend {
    /// Of values that follow each other in equal steps; `None` where there are too few to say anything. As much as `noise` counts as no
    /// growth by the line.
    pub(crate) fn of(what: &'static str, unit: &'static str, values: &[f64], noise: f64) -> Option<Self> {
        if values.len() < 8 {
            return None;
        }
        let (growth, most) = line(values);
        let (steady, least) = added(values);
        let level = sorted(values.iter().copied())[values.len() / 2];
        Some(Self { what, unit, level, growth, most, steady, least, allowed: noise.max(level * ALLOWED) })
    }

    /// Whether as much growth as there may be is no growth.
    pub(crate) fn is_flat(&self) -> bool {
        self.most <= self.allowed
    }

    /// Whether something is added all the time, however little of it there may be.
    pub(crate) fn grows(&self) -> bool {
        self.least > self.level * ALLOWED_STEADILY
    }
}

/// Growth by the line of least squares from the first value to the last, and the most that it may be.
fn line(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
    let places = || (0..values.len()).map(|place| place as f64 - middle);
    let square: f64 = places().map(|place| place * place).sum();
    let slope = places().zip(values).map(|(place, value)| place * (value - mean)).sum::<f64>() / square;
    let rests: Vec<f64> = places().zip(values).map(|(place, value)| value - mean - slope * place).collect();
    let of_squares: f64 = rests.iter().map(|rest| rest * rest).sum();
    // Neighbours are alike, so that there is less to go by than there are values.
    let alike = rests.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / of_squares.max(f64::MIN_POSITIVE);
    let alike = alike.clamp(0.0, 0.9);
    let off = (of_squares / (n - 2.0) / square * (1.0 + alike) / (1.0 - alike)).sqrt();
    let quantile = StudentsT::new(0.0, 1.0, n - 2.0).map_or(2.0, |student| student.inverse_cdf(SURE));
    (slope * (n - 1.0), (slope + quantile * off) * (n - 1.0))
}

/// What is added from value to value at the median, times how often, and the least that it may be: by the order of what is added, as in a sign
/// test.
fn added(values: &[f64]) -> (f64, f64) {
    let added = sorted(values.windows(2).map(|pair| pair[1] - pair[0]));
    let times = added.len();
    let coins = Binomial::new(0.5, times as u64).expect("a half is a share");
    let place = (0..times as u64).take_while(|fewer| coins.cdf(*fewer) <= 1.0 - SURE).count();
    (added[times / 2] * times as f64, added[place.saturating_sub(1)] * times as f64)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

impl fmt::Display for Trend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, unit, level, growth, most, steady, least, allowed } = self;
        let verdict = match (self.grows(), self.is_flat()) {
            (true, _) => "GROWS",
            (_, true) => "flat",
            _ => "not shown to be flat, nor to grow",
        };
        write!(
            f,
            "{what}: {verdict}. At {level:.2} {unit} the line rises by {growth:+.2}, {most:+.2} at most (flat is up to {allowed:.2}); all the \
             time {steady:+.2} is added, {least:+.2} at least (growth is over {:.2})",
            level * ALLOWED_STEADILY
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(dead_code, reason = "the bench is built without its tests")]
    fn trend(values: impl Fn(usize) -> f64) -> Trend {
        Trend::of("it", "MB", &(0..20).map(values).collect::<Vec<_>>(), 1.0).unwrap()
    }

    #[test]
    fn what_grows_is_not_flat_and_neither_is_what_nobody_can_tell() {
        let noise = |place: usize| [0.03, -0.02, 0.01, -0.04, 0.02][place % 5];
        let flat = trend(|place| 50.0 + noise(place));
        assert!(flat.is_flat() && !flat.grows(), "{flat}");
        let less = trend(|place| 50.0 - place as f64 + noise(place));
        assert!(less.is_flat() && !less.grows(), "what shrinks is no leak: {less}");
        let grown = trend(|place| 50.0 + 0.3 * place as f64 + noise(place));
        assert!(grown.grows() && !grown.is_flat() && (5.0..6.5).contains(&grown.growth), "{grown}");
        assert!((5.0..6.5).contains(&grown.steady) && grown.least > 3.0, "{grown}");
        // Steps: nobody can tell, but it does not grow all the time.
        let steps = trend(|place| 50.0 + if place > 8 { 9.0 } else { 0.0 } + noise(place));
        assert!(!steps.is_flat() && !steps.grows(), "{steps}");
        // As wild as this, it might have grown by more than what is allowed.
        let wild = trend(|place| 50.0 + 300.0 * noise(place));
        assert!(!wild.is_flat() && !wild.grows(), "{wild}");
        let same = trend(|_| 7.0);
        assert!(same.is_flat() && !same.grows(), "{same}");
        assert!(Trend::of("it", "MB", &[1.0; 7], 1.0).is_none());
    }
}
