//! Whether the order of trials matters. Bounds take it that any order was as likely as any other; where later trials took longer than earlier ones
//! (something fills up, a reset does not reset), they speak of a system that is no longer there.
//!
//! A later trial took longer only where it was not over when the earlier one certainly was: intervals that overlap tell nothing. What remains is
//! counted over all pairs (Kendall's statistic) and held against the same intervals in other orders, drawn from a fixed seed.
//!
//! What this file does not do: change any bound. It is a warning.

use super::Interval;

/// Below this chance it is told.
const RARE: f64 = 0.01;
/// With fewer, no order is rare.
const FEWEST: usize = 6;
/// Other orders that are looked at, at the most and at the least.
const ORDERS: (usize, usize) = (199, 9_999);
/// Comparisons that may take.
const COMPARISONS: usize = 20_000_000;

/// How trials took longer or shorter in their order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Pairs of which the later one certainly took longer.
    pub longer: u64,
    /// Pairs of which the later one certainly was shorter.
    pub shorter: u64,
    /// How often another order of the same trials leans as much to either side.
    pub chance: f64,
}

impl Drift {
    /// Of trials in their order; `None` of so few that no order of them is rare.
    pub fn of(intervals: &[Interval]) -> Option<Self> {
        if intervals.len() < FEWEST {
            return None;
        }
        let (longer, shorter) = pairs(intervals);
        let lean = longer.abs_diff(shorter);
        let count = intervals.len() * (intervals.len() - 1) / 2;
        let orders = (COMPARISONS / count).clamp(ORDERS.0, ORDERS.1);
        let (mut order, mut random) = (intervals.to_vec(), SplitMix(0x5eed));
        let mut as_much = 0;
        for _ in 0..orders {
            random.shuffle(&mut order);
            let (longer, shorter) = pairs(&order);
            as_much += u32::from(longer.abs_diff(shorter) >= lean);
        }
        Some(Self { longer, shorter, chance: (f64::from(as_much) + 1.0) / (orders as f64 + 1.0) })
    }

    /// Whether chance hardly explains it.
    pub fn is_trend(&self) -> bool {
        self.chance <= RARE
    }
}

/// Pairs whose later one took longer, and whose later one was shorter.
fn pairs(intervals: &[Interval]) -> (u64, u64) {
    let (mut longer, mut shorter) = (0, 0);
    for (place, earlier) in intervals.iter().enumerate() {
        for later in &intervals[place + 1..] {
            longer += u64::from(is_longer(later, earlier));
            shorter += u64::from(is_longer(earlier, later));
        }
    }
    (longer, shorter)
}

fn is_longer(one: &Interval, other: &Interval) -> bool {
    other.hi.is_some_and(|end| one.lo >= end)
}

/// The generator SplitMix64.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn shuffle<T>(&mut self, order: &mut [T]) {
        for last in (1..order.len()).rev() {
            order.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}
