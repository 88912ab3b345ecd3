//! When to come back, as refusals tell it: the attributes `retry_after` (s) and `retry_form`.

use super::fields::{AttributeReader, Attributes, bad};
use super::{TimedRequest, ToxicError};
use crate::dialect::{WireAnswer, retry_headers};
use crate::model::{Retry, RetryForm};
use crate::units::Duration;
use serde_json::json;

pub(super) fn read(fields: &mut AttributeReader) -> Result<Retry, ToxicError> {
    let after = fields.number("retry_after", 1e9)?.map(|after| Duration::from_nanos((after * 1e9).round() as u64));
    let one_of = || bad("retry_form", format!("write one of {}", RetryForm::WORDS.join(", ")));
    let form = fields.word("retry_form")?.map(|word| RetryForm::from_word(&word).ok_or_else(one_of)).transpose()?;
    Ok(Retry { after, form })
}

pub(super) fn attributes(retry: &Retry) -> Attributes {
    let after = retry.after.map(|after| ("retry_after".to_owned(), json!(after.as_secs_f64())));
    let form = retry.form.map(|form| ("retry_form".to_owned(), json!(form.word())));
    after.into_iter().chain(form).collect()
}

/// The answer with what it tells about the time to come back.
pub(super) fn told(mut answer: WireAnswer, retry: &Retry, timed: &TimedRequest<'_>) -> WireAnswer {
    if let Some(after) = retry.after {
        answer.headers.extend(retry_headers(timed.request.dialect(), after, retry.form, timed.wall));
    }
    answer
}
