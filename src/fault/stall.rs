//! `http_stall` (ours): requests reach the provider, whose answer is held back before its first byte.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, milliseconds};
use super::{On, ToxicError};
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// How long; `None` until it is removed.
    pub hold: Option<Duration>,
}

impl Deed for Stall {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self { hold: fields.milliseconds("hold_ms")? })
    }

    fn attributes(&self) -> Attributes {
        self.hold.map(|hold| ("hold_ms".to_owned(), json!(milliseconds(hold)))).into_iter().collect()
    }

    fn on(&self) -> On {
        On::Heads
    }
}
