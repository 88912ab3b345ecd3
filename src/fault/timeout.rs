//! `timeout`: everything is lost; the connection is closed after `timeout` milliseconds, or with 0 when the toxic is removed.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, milliseconds};
use super::{ByteStage, ChunkFate, On, ToxicError};
use crate::units::{Duration, Seed};
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout {
    /// From when it took the connection; zero for never.
    pub timeout: Duration,
}

impl Deed for Timeout {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self { timeout: fields.milliseconds("timeout")?.unwrap_or_default() })
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([("timeout".to_owned(), json!(milliseconds(self.timeout)))])
    }

    fn on(&self) -> On {
        On::Bytes
    }

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
