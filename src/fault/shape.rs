//! When bytes may pass under all latencies and ceilings that hold a link at once.

use super::{Lateness, Pace};
use crate::model::Fault;
use crate::units::Seed;

/// Gives each chunk the moment at which it may pass. Moments never decrease, so order is kept.
///
/// A chunk's delay counts from its arrival, not from when the chunk before it left: latency must not become a rate limit.
#[derive(Debug)]
pub struct Shape {
    latenesses: Vec<Lateness>,
    paces: Vec<Pace>,
    last: u64,
}

impl Shape {
    /// Under these faults from `now` on, each with the seed of its randomness. Faults that do not shape are left out;
    /// `None` where none does.
    pub fn new<'f>(faults: impl IntoIterator<Item = (&'f Fault, Seed)>, now: u64) -> Option<Self> {
        let mut shape = Self { latenesses: Vec::new(), paces: Vec::new(), last: 0 };
        for (fault, seed) in faults {
            match fault {
                Fault::Latency { latency, jitter } => shape.latenesses.push(Lateness::new(*latency, *jitter, seed)),
                Fault::Bandwidth { rate } => shape.paces.push(Pace::new(*rate, now)),
                _ => {}
            }
        }
        (!shape.latenesses.is_empty() || !shape.paces.is_empty()).then_some(shape)
    }

    /// When `bytes` that came at `arrived` may pass.
    pub fn due(&mut self, arrived: u64, bytes: usize) -> u64 {
        let late: u64 = self.latenesses.iter_mut().map(Lateness::draw).fold(0, u64::saturating_add);
        let due = arrived.saturating_add(late).max(self.last);
        self.last = self.paces.iter_mut().fold(due, |due, pace| pace.pass(due, bytes));
        self.last
    }

    /// The most bytes that should be given to [`Shape::due`] at once.
    pub fn piece(&self) -> usize {
        self.paces.iter().map(Pace::piece).min().unwrap_or(usize::MAX)
    }

    /// How many bytes may wait. A delay needs room for what arrives meanwhile; a ceiling alone shall push back on the sender.
    pub fn room(&self) -> usize {
        if self.latenesses.is_empty() { 64 << 10 } else { 4 << 20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{ByteRate, Duration};

    #[test]
    fn latency_delays_each_chunk_from_its_arrival_and_keeps_order() {
        let fault = Fault::Latency { latency: Duration::from_nanos(100), jitter: Duration::from_nanos(90) };
        let mut shape = Shape::new([(&fault, Seed(7))], 0).unwrap();
        let dues: Vec<u64> = (0..1000).map(|arrived| shape.due(arrived, 1)).collect();
        assert!(dues.is_sorted());
        // A thousand chunks within a microsecond leave within about that microsecond, not one delay after another.
        assert!(dues[999] <= 999 + 190, "{}", dues[999]);
    }

    #[test]
    fn a_ceiling_comes_after_the_delay() {
        let late = Fault::Latency { latency: Duration::from_secs(1), jitter: Duration::ZERO };
        let slow = Fault::Bandwidth { rate: ByteRate::bytes_per_second(1000).unwrap() };
        let mut shape = Shape::new([(&slow, Seed(0)), (&late, Seed(0))], 0).unwrap();
        assert_eq!(shape.due(0, 1000), 2_000_000_000);
        assert!(Shape::new([(&Fault::Refuse, Seed(0))], 0).is_none());
    }
}
