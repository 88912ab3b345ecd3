//! `slicer`: chunks pass in pieces of `average_size` ± `size_variation` bytes, one every `delay` microseconds.

use super::attributes::bad;
use super::contract::{FaultEffect, fault};
use super::{ByteStage, ChunkFate, ToxicError};
use crate::model::{ActsOn, Attribute, FailureMode, Setting, SettingKind};
use crate::units::Seed;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// The largest size, in bytes.
const SIZE_MOST: u64 = 1 << 30;
/// A day, in microseconds.
const DELAY_MOST: u64 = 86_400_000_000;

/// A whole number that is 0 where it is not said.
const fn whole(name: &'static str, most: u64) -> Attribute {
    Attribute::new(name, SettingKind::Whole { least: 0, most }).or(|| Setting::Whole(0))
}

fault! {
    /// Chunks pass in pieces, one after another.
    Slicer { toxic: Some("slicer"), acts_on: ActsOn::Bytes }
    settings {
        /// Bytes; 0 slices into single ones.
        average_size: u64 = whole("average_size", SIZE_MOST),
        /// Bytes, at most `average_size`: as with Shopify's server, pieces are then of up to twice the size, and of one byte at least.
        size_variation: u64 = whole("size_variation", SIZE_MOST),
        /// Microseconds between two pieces.
        delay_us: u64 = whole("delay", DELAY_MOST),
    }
}

impl FaultEffect for Slicer {
    fn mode(&self) -> Option<FailureMode> {
        None
    }

    fn stage(&self, seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(Slices { toxic: self.clone(), free_at: 0, random: ChaCha8Rng::seed_from_u64(seed.0) })
    }

    /// Beyond it Shopify's server takes it, and fails once there is something to slice: a piece would end before it begins.
    fn refused(&self) -> Option<ToxicError> {
        let Self { average_size, size_variation, .. } = self;
        (size_variation > average_size).then(|| bad("size_variation", format!("write at most `average_size`, which is {average_size}")))
    }
}

/// Draws one piece after another.
#[derive(Debug)]
pub(super) struct Slices {
    toxic: Slicer,
    /// The earliest moment for the next piece.
    free_at: u64,
    random: ChaCha8Rng,
}

impl ByteStage for Slices {
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate {
        let Slicer { average_size, size_variation, delay_us } = self.toxic;
        let size = match size_variation {
            0 => average_size,
            _ => self.random.random_range(average_size - size_variation..=average_size + size_variation),
        };
        let due = self.free_at.max(at);
        self.free_at = due.saturating_add(delay_us.saturating_mul(1000));
        ChunkFate::Pass { bytes: usize::try_from(size.max(1)).unwrap_or(usize::MAX).min(bytes), due }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variation_of_the_whole_size_slices_from_one_byte_to_twice_the_size() {
        let toxic = Slicer { average_size: 4, size_variation: 4, delay_us: 0 };
        let mut stage = toxic.stage(Seed(1), 0, 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let ChunkFate::Pass { bytes, .. } = stage.chunk(0, 1000) else { panic!("a slicer loses nothing") };
            seen.insert(bytes);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
        assert_eq!(toxic.refused(), None);
    }

    #[test]
    fn pieces_are_about_the_size_and_a_delay_apart() {
        let mut stage = Slicer { average_size: 10, size_variation: 4, delay_us: 2 }.stage(Seed(1), 0, 0);
        let (mut left, mut due) = (1000, 0);
        while left > 0 {
            let ChunkFate::Pass { bytes, due: next } = stage.chunk(50, left) else { panic!("a slicer loses nothing") };
            assert!((6..=14).contains(&bytes) || bytes == left, "{bytes}");
            assert!(due == 0 || next == due + 2000, "{next} after {due}");
            (left, due) = (left - bytes, next);
        }
        assert_eq!(
            Slicer { average_size: 0, size_variation: 0, delay_us: 0 }.stage(Seed(1), 0, 0).chunk(5, 9),
            ChunkFate::Pass { bytes: 1, due: 5 }
        );
    }
}
