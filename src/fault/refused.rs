//! `http_error` (ours): requests are refused for a named reason, in the provider's own words, without reaching it.

use super::ToxicError;
use super::fields::{Attributes, Fields, bad};
use crate::dialect::{WireAnswer, refusal};
use crate::model::{Dialect, Refusal, RetryForm};
use crate::units::Duration;
use serde_json::json;

/// The toxic's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub error: Refusal,
    /// When to come back, where that is said.
    pub retry_after: Option<Duration>,
    /// How it is said.
    pub retry_form: RetryForm,
}

impl Refused {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, ToxicError> {
        let one_of = |words: &[&str]| format!("write one of {}", words.join(", "));
        let error = fields.word("error")?.and_then(|word| Refusal::from_word(&word));
        let error = error.ok_or_else(|| bad("error", one_of(Refusal::WORDS)))?;
        let retry_after = fields.number("retry_after", 1e9)?.map(|after| Duration::from_nanos((after * 1e9).round() as u64));
        let retry_form = match fields.word("retry_form")? {
            None => RetryForm::Seconds,
            Some(word) => RetryForm::from_word(&word).ok_or_else(|| bad("retry_form", one_of(RetryForm::WORDS)))?,
        };
        Ok(Self { error, retry_after, retry_form })
    }

    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::from_iter([("error".to_owned(), json!(self.error.word()))]);
        if let Some(after) = self.retry_after {
            attributes.insert("retry_after".into(), json!(after.as_secs_f64()));
            attributes.insert("retry_form".into(), json!(self.retry_form.word()));
        }
        attributes
    }

    /// The answer in the provider's place. Times are rounded up: a client told to come back too early would be told wrong.
    pub(super) fn answer(&self, dialect: Dialect) -> WireAnswer {
        let mut answer = refusal(dialect, self.error);
        let Some(after) = self.retry_after.map(Duration::as_nanos) else { return answer };
        if self.retry_form != RetryForm::Milliseconds {
            answer.headers.push(("retry-after", after.div_ceil(1_000_000_000).to_string()));
        }
        if self.retry_form != RetryForm::Seconds {
            answer.headers.push(("retry-after-ms", after.div_ceil(1_000_000).to_string()));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_come_back_is_said_in_the_form_asked_for() {
        let said = |retry_form| {
            let refused = Refused { error: Refusal::RateLimit, retry_after: Some(Duration::from_millis(1500)), retry_form };
            let answer = refused.answer(Dialect::OpenAi);
            let value = |name| answer.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.clone());
            [value("retry-after"), value("retry-after-ms")]
        };
        assert_eq!(said(RetryForm::Seconds), [Some("2".into()), None]);
        assert_eq!(said(RetryForm::Milliseconds), [None, Some("1500".into())]);
        assert_eq!(said(RetryForm::Both), [Some("2".into()), Some("1500".into())]);
    }
}
