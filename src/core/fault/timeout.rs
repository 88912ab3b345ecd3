//! `timeout`: everything is lost; the connection is closed after `timeout` milliseconds, or with 0 when the toxic is removed.

use super::contract::{FaultEffect, fault};
use super::{ByteStage, ChunkFate};
use crate::model::{ActsOn, Attribute, Setting, SettingKind};
use crate::units::{Duration, Seed};

fault! {
    /// Everything is lost, and the connection is closed after a while.
    Timeout { toxic: Some("timeout"), acts_on: ActsOn::Bytes }
    settings {
        /// From when it took the connection; zero for never.
        timeout: Duration = Attribute::new("timeout", SettingKind::Time).or(|| Setting::Time(Duration::ZERO)),
    }
}

impl FaultEffect for Timeout {
    fn stage(&self, _seed: Seed, now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(Silence { closes_at: (self.timeout > Duration::ZERO).then(|| now.saturating_add(self.timeout.as_nanos())) })
    }
}

/// Loses everything until its time has come.
#[derive(Debug)]
pub(super) struct Silence {
    closes_at: Option<u64>,
}

impl ByteStage for Silence {
    fn chunk(&mut self, _at: u64, _bytes: usize) -> ChunkFate {
        ChunkFate::Lose
    }

    fn closes_at(&self) -> Option<u64> {
        self.closes_at
    }

    fn leaves_a_gap(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_loses_everything_and_closes_in_its_time() {
        let mut stage = Timeout { timeout: Duration::from_nanos(5) }.stage(Seed(0), 100, 0);
        assert_eq!((stage.chunk(1, 1), stage.closes_at()), (ChunkFate::Lose, Some(105)));
        assert_eq!(Timeout { timeout: Duration::ZERO }.stage(Seed(0), 100, 0).closes_at(), None);
    }
}
