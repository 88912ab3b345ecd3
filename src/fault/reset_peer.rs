//! `reset_peer`: the connection is reset `timeout` milliseconds after the first chunk, or the end, in this direction.
//!
//! Until then what came is held, so that a toxic that is removed in time has cost nothing.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, milliseconds};
use super::{ByteStage, ChunkFate, On, ToxicError};
use crate::units::{Duration, Seed};
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetPeer {
    /// From the first chunk; zero for at once.
    pub timeout: Duration,
}

impl Deed for ResetPeer {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self { timeout: fields.milliseconds("timeout")?.unwrap_or_default() })
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([("timeout".to_owned(), json!(milliseconds(self.timeout)))])
    }

    fn on(&self) -> On {
        On::Bytes
    }

    fn stage(&self, _seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(*self)
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
