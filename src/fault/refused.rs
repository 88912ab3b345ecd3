//! `http_error` (ours): requests are refused for a named reason, in the provider's own words, without reaching it.
//!
//! Where a provider tells of a filter of content by an answer and not by an error, so does this; to who asked for a stream, by a stream.

use super::deed::Deed;
use super::fields::{AttributeReader, Attributes, bad};
use super::{Asking, On, Ruling, TimedRequest, ToxicError, ToxicMemory, retry};
use crate::dialect::{AnswerFormat, RefusalReason, error_reply};
use crate::model::{Refusal, Retry};
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub error: Refusal,
    /// When to come back.
    pub retry: Retry,
}

impl Deed for Refused {
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let error = read_error(fields)?.ok_or_else(no_error)?;
        Ok(Self { error, retry: retry::read(fields)? })
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = retry::attributes(&self.retry);
        attributes.insert("error".into(), json!(self.error.word()));
        attributes
    }

    fn on(&self) -> On {
        On::Requests
    }

    fn rule(&self, timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        let Asking { operation, model, streamed } = timed.request.ask();
        let model = model.unwrap_or_default();
        let format = AnswerFormat { dialect: timed.request.dialect(), operation, streamed };
        let fault = provider_fault(self.error, &model);
        let answer = error_reply(format, &fault, &model);
        Ruling::instead(retry::told(answer, &self.retry, timed))
    }
}

/// The attribute `error`.
pub(super) fn read_error(fields: &mut AttributeReader) -> Result<Option<Refusal>, ToxicError> {
    fields.word("error")?.map(|word| Refusal::from_word(&word).ok_or_else(no_error)).transpose()
}

fn no_error() -> ToxicError {
    bad("error", format!("write one of {}", Refusal::WORDS.join(", ")))
}

/// What a provider refuses for whose `model` was asked.
pub(super) fn provider_fault(error: Refusal, model: &str) -> RefusalReason {
    match error {
        Refusal::RateLimit => RefusalReason::RateLimited { retry_after: None },
        Refusal::Quota => RefusalReason::OutOfQuota,
        Refusal::Overloaded => RefusalReason::Overloaded,
        Refusal::Expired => RefusalReason::ExpiredToken,
        Refusal::Forbidden => RefusalReason::Forbidden,
        Refusal::ModelWithdrawn => RefusalReason::NoSuchModel(model.to_owned()),
        Refusal::ContentFilter => RefusalReason::ContentFiltered,
    }
}
