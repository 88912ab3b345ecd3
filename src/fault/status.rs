//! `http_status` (ours): requests are answered with an error in the provider's own dialect, without reaching it.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, bad};
use super::{On, Ruling, TimedRequest, ToxicError, ToxicMemory, retry};
use crate::dialect::{RefusalReason, error_answer};
use crate::model::Retry;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// 400 to 599.
    pub code: u16,
    /// When to come back.
    pub retry: Retry,
}

impl Deed for Status {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let wrong = || bad("code", "write a status from 400 to 599");
        let code = fields.whole("code", 599)?.and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400).ok_or_else(wrong)?;
        Ok(Self { code, retry: retry::read(fields)? })
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = retry::attributes(&self.retry);
        attributes.insert("code".into(), json!(self.code));
        attributes
    }

    fn on(&self) -> On {
        On::Requests
    }

    fn rule(&self, timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        let fault = RefusalReason::Status { code: self.code, retry_after: None };
        Ruling::instead(retry::told(error_answer(timed.request.dialect(), &fault), &self.retry, timed))
    }
}
