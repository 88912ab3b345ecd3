//! `http_status` (ours): requests are answered with an error in the provider's own dialect, without reaching it.

use super::contract::{FaultEffect, fault};
use super::{Ruling, TimedRequest, ToxicMemory, retry};
use crate::dialect::{RefusalReason, error_answer};
use crate::model::{ActsOn, Attribute, FailureMode, Mistake, Requests, RetryForm, SettingKind};
use crate::units::Duration;

fault! {
    /// Requests are answered with an HTTP error in the provider's own dialect, without reaching it.
    Status { word: Some("status"), toxic: Some("http_status"), acts_on: ActsOn::Requests }
    settings {
        /// The status.
        code: u16 = Attribute::new("code", SettingKind::Whole { least: 400, most: 599 })
            .required()
            .example("503")
            .hint("write a status from 400 to 599"),
        /// When to come back.
        retry_after: Option<Duration> = retry::AFTER,
        /// How that is told; in the provider's own way where it is not said.
        retry_form: Option<RetryForm> = retry::FORM,
    }
}

impl FaultEffect for Status {
    fn mode(&self) -> Option<FailureMode> {
        Some(match self.code {
            401 | 403 | 407 => FailureMode::Credential,
            402 => FailureMode::Quota,
            404 | 410 => FailureMode::ModelWithdrawn,
            429 => FailureMode::RateLimit,
            _ => FailureMode::Outage,
        })
    }

    fn rule(&self, timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        let fault = RefusalReason::Status { code: self.code, retry_after: None };
        Ruling::instead(retry::told(error_answer(timed.request.dialect(), &fault), (self.retry_after, self.retry_form), timed))
    }

    /// A 4xx is about what was asked for (402 and 429 about how much), except where it is about the credential; a 5xx is about the server,
    /// except 529, by which Anthropic says that its models are overloaded.
    fn requests(&self) -> Option<Requests> {
        Some(match self.code {
            401 | 403 | 407 => Requests::All,
            400..=499 | 529 => Requests::Inference,
            _ => Requests::All,
        })
    }

    fn told(&self) -> String {
        format!(" {}{}", self.code, retry::in_words(self.retry_after, self.retry_form))
    }

    fn mistake(&self) -> Option<Mistake> {
        retry::mistake(self.retry_after, self.retry_form)
    }
}
