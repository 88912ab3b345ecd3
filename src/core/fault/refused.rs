//! `http_error` (ours): requests are refused for a named reason, in the provider's own words, without reaching it.
//!
//! Where a provider tells of a filter of content by an answer and not by an error, so does this; to who asked for a stream, by a stream.

use super::contract::{FaultEffect, fault};
use super::{Asking, Ruling, TimedRequest, ToxicMemory, retry};
use crate::dialect::{AnswerFormat, RefusalReason, WireAnswer, error_reply};
use crate::model::{ActsOn, Attribute, FailureMode, Mistake, Refusal, Requests, RetryForm, SettingKind};
use crate::units::Duration;

fault! {
    /// Requests are refused for this reason in the provider's own words, without reaching it.
    Refused { word: Some("refused"), toxic: Some("http_error"), acts_on: ActsOn::Requests }
    settings {
        /// Why.
        error: Refusal = Attribute::new("error", SettingKind::Word(Refusal::WORDS)).required().example("rate-limit"),
        /// When to come back.
        retry_after: Option<Duration> = retry::AFTER,
        /// How that is told; in the provider's own way where it is not said.
        retry_form: Option<RetryForm> = retry::FORM,
    }
}

impl FaultEffect for Refused {
    fn mode(&self) -> Option<FailureMode> {
        mode_of(self.error)
    }

    fn rule(&self, timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        let answer = refusal(timed, |model| provider_fault(self.error, model));
        Ruling::instead(retry::told(answer, (self.retry_after, self.retry_form), timed))
    }

    /// A provider that is out of quota, limits a rate, is overloaded or has withdrawn a model says so to those who ask a model for something;
    /// a key that is no longer valid is refused whatever is asked for.
    fn requests(&self) -> Option<Requests> {
        Some(match self.error {
            Refusal::RateLimit | Refusal::Quota | Refusal::Overloaded | Refusal::ModelWithdrawn | Refusal::ContentFilter => {
                Requests::Inference
            }
            Refusal::Expired | Refusal::Forbidden => Requests::All,
        })
    }

    /// A filter tells its answer in the form that was asked for.
    fn reads_body(&self) -> bool {
        true
    }

    fn told(&self) -> String {
        format!(" {}{}", self.error, retry::in_words(self.retry_after, self.retry_form))
    }

    fn mistake(&self) -> Option<Mistake> {
        retry::mistake(self.retry_after, self.retry_form)
    }
}

/// How a provider refuses a request for the reason that this gives for its model.
pub(super) fn refusal(timed: &TimedRequest<'_>, reason: impl Fn(&str) -> RefusalReason) -> WireAnswer {
    let Asking { operation, model, streamed } = timed.request.ask();
    let model = model.unwrap_or_default();
    let format = AnswerFormat { dialect: timed.request.dialect(), operation, streamed };
    error_reply(format, &reason(&model), &model)
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

/// As what a provider fails that refuses for this reason. A filter that finds a prompt against the rules is no failure of the provider.
pub(super) const fn mode_of(error: Refusal) -> Option<FailureMode> {
    match error {
        Refusal::RateLimit => Some(FailureMode::RateLimit),
        Refusal::Quota => Some(FailureMode::Quota),
        Refusal::Overloaded => Some(FailureMode::Outage),
        Refusal::Expired | Refusal::Forbidden => Some(FailureMode::Credential),
        Refusal::ModelWithdrawn => Some(FailureMode::ModelWithdrawn),
        Refusal::ContentFilter => None,
    }
}
