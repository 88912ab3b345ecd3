//! A share that was counted, and how sure one can be of it.
//!
//! Bounds are those of one-sided statements at 95 %: the true share lies above the lower one with that confidence, and below the upper one.
//! Of one share they are Wilson's score bounds, of a difference Newcombe's hybrid of them (R. G. Newcombe, Interval estimation for the
//! difference between independent proportions, Statistics in Medicine 17, 1998, method 10): both hold with few hits or none, where the
//! textbook's plus and minus says that nothing can go wrong.

use super::Ratio;

/// The quantile of the normal distribution at 95 %.
const Z: f64 = 1.644_853_627;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Those that count.
    pub hits: u64,
    /// All of them.
    pub of: u64,
}

impl Tally {
    /// The share as it was counted; 0 of nothing.
    pub fn share(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.hits as f64 / self.of as f64 }
    }

    /// The lower and the upper bound of the true share: anything from 0 to 1 where nothing was counted.
    pub fn bounds(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (share, of, square) = (self.share(), self.of as f64, Z * Z);
        let middle = share + square / (2.0 * of);
        let half = Z * (share * (1.0 - share) / of + square / (4.0 * of * of)).sqrt();
        let scale = 1.0 + square / of;
        (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
    }

    /// The lower and the upper bound of by how much the true share is larger than another; negative where it is smaller.
    pub fn beyond(self, other: Self) -> (f64, f64) {
        let (difference, (low, high), (other_low, other_high)) = (self.share() - other.share(), self.bounds(), other.bounds());
        let away = |own: f64, its: f64| own.hypot(its);
        (
            (difference - away(self.share() - low, other_high - other.share())).max(-1.0),
            (difference + away(high - self.share(), other.share() - other_low)).min(1.0),
        )
    }

    /// How many must be counted, if not one of them is a hit, to show that the true share is no larger than this; `None` where no number
    /// would do.
    pub fn least(largest: Ratio) -> Option<u64> {
        let (share, square) = (largest.get(), Z * Z);
        (share > 0.0).then(|| (square * (1.0 - share) / share).ceil().max(1.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: (f64, f64), wanted: (f64, f64)) {
        assert!((found.0 - wanted.0).abs() < 5e-5 && (found.1 - wanted.1).abs() < 5e-5, "{found:?} is not {wanted:?}");
    }

    /// Computed apart from this code; with 1.96 for 1.645 that computation gives 0.0524 to 0.3339 for 56 of 70 and 48 of 80, as the paper does.
    #[test]
    fn bounds_are_those_of_wilson_and_newcombe() {
        close(Tally { hits: 0, of: 50 }.bounds(), (0.0, 0.05133));
        close(Tally { hits: 50, of: 50 }.bounds(), (0.94867, 1.0));
        close(Tally { hits: 1, of: 10 }.bounds(), (0.02263, 0.34772));
        assert_eq!(Tally::default().bounds(), (0.0, 1.0));
        let (left, right) = (Tally { hits: 56, of: 70 }, Tally { hits: 48, of: 80 });
        close(left.beyond(right), (0.07656, 0.31364));
        let (low, high) = left.beyond(right);
        close(right.beyond(left), (-high, -low));
        assert_eq!(Tally::default().beyond(Tally::default()), (-1.0, 1.0), "of nothing nothing is known");
    }

    #[test]
    fn as_many_as_are_needed_show_it_and_one_less_does_not() {
        for percent in [0.1, 1.0, 5.0, 20.0] {
            let largest = Ratio::new(percent / 100.0).unwrap();
            let least = Tally::least(largest).unwrap();
            let shown = |of| Tally { hits: 0, of }.bounds().1 <= largest.get() + 1e-12;
            assert!(shown(least) && !shown(least - 1), "{percent} %: {least}");
        }
        assert_eq!(Tally::least(Ratio::new(0.01).unwrap()), Some(268));
        assert_eq!(Tally::least(Ratio::new(0.0).unwrap()), None);
    }
}
