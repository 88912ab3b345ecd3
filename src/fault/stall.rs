//! `http_stall` (ours): requests reach the provider, whose answer is held back before its first byte.

use super::ToxicError;
use super::fields::{Attributes, Fields, milliseconds};
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// How long; `None` until it is removed.
    pub hold: Option<Duration>,
}

impl Stall {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, ToxicError> {
        Ok(Self { hold: fields.milliseconds("hold_ms")? })
    }

    pub(super) fn attributes(&self) -> Attributes {
        self.hold.map(|hold| ("hold_ms".to_owned(), json!(milliseconds(hold)))).into_iter().collect()
    }
}
