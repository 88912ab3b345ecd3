//! The highest of some rates that is paced.

use super::once::Once;

/// Looks for it among rates that rise, beginning at the place where it was last: in growing steps until it lies between two, then by halves.
/// A rate that is not paced is tried once more, for one bad moment of the machine is not the end.
pub(crate) fn highest(
    rates: &[u64],
    begin: usize,
    measure: impl Fn(u64) -> Once,
    is_paced: impl Fn(&Once) -> bool,
) -> Option<(usize, Once)> {
    let (mut best, mut good, mut bad) = (None, None, rates.len());
    let (mut place, mut step) = (begin.min(rates.len() - 1), 1);
    loop {
        let mut run = measure(rates[place]);
        if !is_paced(&run) {
            run = measure(rates[place]);
        }
        if is_paced(&run) {
            (good, best) = (Some(place), Some((place, run)));
        } else {
            println!("{:>26}/s is not paced: {run}", rates[place]);
            bad = place;
        }
        let low = good.map_or(0, |good| good + 1);
        if low >= bad {
            return best;
        }
        let is_between = good.is_some() && bad < rates.len();
        place = match good {
            _ if is_between => (low + bad) / 2,
            Some(good) => (good + step).min(rates.len() - 1),
            None => bad.saturating_sub(step),
        };
        step *= 2;
    }
}
