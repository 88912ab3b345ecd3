//! `limit_data`: the connection is closed once `bytes` have passed in this direction since the toxic took it.

use super::contract::{FaultEffect, fault};
use super::{ByteStage, ChunkFate};
use crate::model::{ActsOn, Attribute, Setting, SettingKind};
use crate::units::Seed;

fault! {
    /// The connection is closed once so many bytes have passed.
    LimitData { toxic: Some("limit_data"), acts_on: ActsOn::Bytes }
    settings {
        /// How many pass; 0 closes at the first.
        bytes: u64 = Attribute::new("bytes", SettingKind::Whole { least: 0, most: 1 << 53 }).or(|| Setting::Whole(0)),
    }
}

impl FaultEffect for LimitData {
    fn stage(&self, _seed: Seed, _now: u64, passed: u64) -> Box<dyn ByteStage> {
        Box::new(Allowance { bytes: self.bytes, passed })
    }
}

/// Counts what passed.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes: u64,
    passed: u64,
}

impl ByteStage for Allowance {
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate {
        let left = self.bytes.saturating_sub(self.passed);
        self.passed = self.passed.saturating_add((bytes as u64).min(left));
        match usize::try_from(left) {
            Ok(left) if left <= bytes => ChunkFate::Close { bytes: left },
            _ => ChunkFate::Pass { bytes, due: at },
        }
    }

    fn passed(&self) -> u64 {
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_that_may_pass_closes() {
        let mut stage = LimitData { bytes: 10 }.stage(Seed(0), 0, 0);
        assert_eq!(stage.chunk(1, 6), ChunkFate::Pass { bytes: 6, due: 1 });
        assert_eq!(stage.chunk(2, 6), ChunkFate::Close { bytes: 4 });
        assert_eq!(LimitData { bytes: 10 }.stage(Seed(0), 0, 10).chunk(0, 1), ChunkFate::Close { bytes: 0 });
        assert_eq!(LimitData { bytes: 10 }.stage(Seed(0), 0, 0).chunk(0, 10), ChunkFate::Close { bytes: 10 });
    }
}
