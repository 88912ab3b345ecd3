//! `http_status` (ours): requests are answered with an error in the provider's own dialect, without reaching it.

use super::ToxicError;
use super::fields::{Attributes, Fields, bad};
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// 400 to 599.
    pub code: u16,
    /// The `Retry-After` header's value.
    pub retry_after: Option<Duration>,
}

impl Status {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, ToxicError> {
        let wrong = || bad("code", "write a status from 400 to 599");
        let code = fields.whole("code", 599)?.and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400).ok_or_else(wrong)?;
        let retry_after = fields.number("retry_after", 1e9)?.map(|after| Duration::from_nanos((after * 1e9).round() as u64));
        Ok(Self { code, retry_after })
    }

    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::from_iter([("code".to_owned(), json!(self.code))]);
        if let Some(after) = self.retry_after {
            attributes.insert("retry_after".into(), json!(after.as_nanos().div_ceil(1_000_000_000)));
        }
        attributes
    }
}
