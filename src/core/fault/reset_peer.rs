//! `reset_peer`: the connection is reset `timeout` milliseconds after the first chunk, or the end, in this direction.
//!
//! Until then what came is held, so that a toxic that is removed in time has cost nothing.

use super::contract::{FaultEffect, fault};
use super::{ByteStage, ChunkFate};
use crate::model::{ActsOn, Attribute, Setting, SettingKind};
use crate::units::{Duration, Seed};

fault! {
    /// The connection is reset a while after its stream carried something.
    ResetPeer { toxic: Some("reset_peer"), acts_on: ActsOn::Bytes }
    settings {
        /// From the first chunk; zero for at once.
        timeout: Duration = Attribute::new("timeout", SettingKind::Time).or(|| Setting::Time(Duration::ZERO)),
    }
}

impl FaultEffect for ResetPeer {
    fn stage(&self, _seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(self.clone())
    }
}

impl ByteStage for ResetPeer {
    fn chunk(&mut self, at: u64, _bytes: usize) -> ChunkFate {
        ChunkFate::Reset { due: at.saturating_add(self.timeout.as_nanos()) }
    }

    fn end(&mut self, at: u64) -> ChunkFate {
        self.chunk(at, 0)
    }
}
