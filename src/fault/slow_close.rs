//! `slow_close`: the end of the stream is late by `delay` milliseconds.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, milliseconds};
use super::{ByteStage, ChunkFate, On, ToxicError};
use crate::units::{Duration, Seed};
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowClose {
    /// From the end's arrival.
    pub delay: Duration,
}

impl Deed for SlowClose {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self { delay: fields.milliseconds("delay")?.unwrap_or_default() })
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([("delay".to_owned(), json!(milliseconds(self.delay)))])
    }

    fn on(&self) -> On {
        On::Bytes
    }

    fn stage(&self, _seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(*self)
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
