//! Bandwidth: a ceiling on bytes a second, as arithmetic on moments.

use crate::units::ByteRate;

/// Paces bytes so that they pass at a steady rate. Idle time earns no burst.
#[derive(Debug, Clone)]
pub struct Pace {
    bytes_per_second: u64,
    /// When the last byte let through has passed, in nanoseconds.
    free_at: u64,
}

impl Pace {
    /// A ceiling that holds from `now` on.
    pub fn new(rate: ByteRate, now: u64) -> Self {
        Self { bytes_per_second: rate.as_bytes_per_second(), free_at: now }
    }

    /// When the last of `bytes` that came at `arrived` may pass.
    pub fn pass(&mut self, arrived: u64, bytes: usize) -> u64 {
        let spent = bytes as u128 * 1_000_000_000 / u128::from(self.bytes_per_second);
        self.free_at = self.free_at.max(arrived).saturating_add(u64::try_from(spent).unwrap_or(u64::MAX));
        self.free_at
    }

    /// The most bytes that may be let through at one moment: 20 ms worth, so that slow links trickle instead of jerking.
    pub fn piece(&self) -> usize {
        usize::try_from(self.bytes_per_second / 50).unwrap_or(usize::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_at_the_rate_and_idle_time_earns_nothing() {
        let mut pace = Pace::new(ByteRate::bytes_per_second(1000).unwrap(), 0);
        assert_eq!(pace.pass(0, 500), 500_000_000);
        assert_eq!(pace.pass(0, 500), 1_000_000_000);
        assert_eq!(pace.pass(9_000_000_000, 1), 9_001_000_000);
        assert_eq!(pace.piece(), 20);
    }
}
