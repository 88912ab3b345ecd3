//! `bandwidth`: a ceiling of `rate` KB (1000 bytes) a second. Idle time earns no burst; at 0 nothing passes until it is removed.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, thousandths};
use super::{ByteStage, ChunkFate, NEVER, On, ToxicError};
use crate::units::Seed;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth {
    /// The ceiling; 0 lets nothing pass.
    pub bytes_per_second: u64,
}

impl Deed for Bandwidth {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let rate = fields.number("rate", 1e9)?.unwrap_or_default();
        Ok(Self { bytes_per_second: (rate * 1e3).round() as u64 })
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([("rate".to_owned(), json!(thousandths(self.bytes_per_second)))])
    }

    fn on(&self) -> On {
        On::Bytes
    }

    fn stage(&self, _seed: Seed, now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(BytePacer { bytes_per_second: self.bytes_per_second, free_at: now })
    }
}

/// Paces the bytes of one direction of one connection, so that they pass at a steady rate.
#[derive(Debug)]
pub(super) struct BytePacer {
    bytes_per_second: u64,
    /// When the last byte let through has passed.
    free_at: u64,
}

impl ByteStage for BytePacer {
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate {
        if self.bytes_per_second == 0 {
            return ChunkFate::Pass { bytes, due: NEVER };
        }
        // 20 ms worth at one moment, so that slow links trickle instead of jerking.
        let piece = usize::try_from(self.bytes_per_second / 50).unwrap_or(usize::MAX).max(1).min(bytes);
        let spent = piece as u128 * 1_000_000_000 / u128::from(self.bytes_per_second);
        self.free_at = self.free_at.max(at).saturating_add(u64::try_from(spent).unwrap_or(NEVER));
        ChunkFate::Pass { bytes: piece, due: self.free_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_at_the_rate_and_idle_time_earns_nothing() {
        let mut pace = Bandwidth { bytes_per_second: 1000 }.stage(Seed(0), 0, 0);
        assert_eq!(pace.chunk(0, 500), ChunkFate::Pass { bytes: 20, due: 20_000_000 });
        assert_eq!(pace.chunk(0, 480), ChunkFate::Pass { bytes: 20, due: 40_000_000 });
        assert_eq!(pace.chunk(9_000_000_000, 1), ChunkFate::Pass { bytes: 1, due: 9_001_000_000 });
        assert_eq!(Bandwidth { bytes_per_second: 0 }.stage(Seed(0), 0, 0).chunk(5, 9), ChunkFate::Pass { bytes: 9, due: NEVER });
    }
}
