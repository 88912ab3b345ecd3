//! `slow_close`: the end of the stream is late by `delay` milliseconds.

use super::contract::{FaultEffect, fault};
use super::{ByteStage, ChunkFate};
use crate::model::{ActsOn, Attribute, FailureMode, Setting, SettingKind};
use crate::units::{Duration, Seed};

fault! {
    /// The end of the stream is late.
    SlowClose { toxic: Some("slow_close"), acts_on: ActsOn::Bytes }
    settings {
        /// From the end's arrival.
        delay: Duration = Attribute::new("delay", SettingKind::Time).or(|| Setting::Time(Duration::ZERO)),
    }
}

impl FaultEffect for SlowClose {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::BrownOut)
    }

    fn stage(&self, _seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(self.clone())
    }
}

impl ByteStage for SlowClose {
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate {
        ChunkFate::Pass { bytes, due: at }
    }

    fn end(&mut self, at: u64) -> ChunkFate {
        ChunkFate::Pass { bytes: 0, due: at.saturating_add(self.delay.as_nanos()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_late() {
        let mut toxic = SlowClose { delay: Duration::from_nanos(50) };
        assert_eq!(toxic.chunk(3, 10), ChunkFate::Pass { bytes: 10, due: 3 });
        assert_eq!(toxic.end(4), ChunkFate::Pass { bytes: 0, due: 54 });
    }
}
