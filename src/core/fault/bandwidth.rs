//! `bandwidth`: a ceiling of `rate` KB (1000 bytes) a second. Idle time earns no burst; at 0 nothing passes until it is removed.

use super::contract::{FaultEffect, fault};
use super::{ByteStage, ChunkFate, NEVER, PlainMeans};
use crate::model::{ActsOn, Attribute, FailureMode, Setting, SettingKind};
use crate::units::{ByteRate, Seed};

fault! {
    /// Bytes from the provider pass at `rate` at most.
    Bandwidth { word: Some("bandwidth"), toxic: Some("bandwidth"), acts_on: ActsOn::Bytes, on_requests: "{slow-stream: {rate: 5/s}}" }
    settings {
        /// The ceiling, in bytes a second; 0, which only the control API takes, lets nothing pass.
        bytes_per_second: u64 = Attribute::new("rate", SettingKind::Bytes).required().or(|| Setting::Whole(0)).example("64KB/s"),
    }
}

impl FaultEffect for Bandwidth {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::BrownOut)
    }

    fn stage(&self, _seed: Seed, now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(BytePacer { bytes_per_second: self.bytes_per_second, free_at: now })
    }

    fn on_plain(&self) -> PlainMeans {
        PlainMeans::Itself
    }

    fn told(&self) -> String {
        ByteRate::bytes_per_second(self.bytes_per_second).map_or_else(String::new, |rate| format!(" {rate}"))
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
