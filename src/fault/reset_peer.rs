//! `reset_peer`: the connection is reset `timeout` milliseconds after the first chunk, or the end, in this direction.
//!
//! Until then what came is held, so that a toxic that is removed in time has cost nothing.

use super::fields::{Attributes, Fields, milliseconds};
use super::{Stage, ToxicError, Verdict};
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetPeer {
    /// From the first chunk; zero for at once.
    pub timeout: Duration,
}

impl ResetPeer {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, ToxicError> {
        Ok(Self { timeout: fields.milliseconds("timeout")?.unwrap_or_default() })
    }

    pub(super) fn attributes(&self) -> Attributes {
        Attributes::from_iter([("timeout".to_owned(), json!(milliseconds(self.timeout)))])
    }
}

impl Stage for ResetPeer {
    fn chunk(&mut self, at: u64, _bytes: usize) -> Verdict {
        Verdict::Reset { due: at.saturating_add(self.timeout.as_nanos()) }
    }

    fn end(&mut self, at: u64) -> Verdict {
        self.chunk(at, 0)
    }
}
