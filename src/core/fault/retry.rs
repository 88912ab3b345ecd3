//! When to come back, as refusals tell it: the settings `retry_after` and `retry_form`.

use super::TimedRequest;
use crate::dialect::{WireAnswer, retry_headers};
use crate::model::{Attribute, Mistake, RetryForm, SettingKind};
use crate::units::Duration;

/// When to come back.
pub(super) const AFTER: Attribute = Attribute::new("retry_after", SettingKind::Seconds);
/// How that is told.
pub(super) const FORM: Attribute = Attribute::new("retry_form", SettingKind::Word(RetryForm::WORDS)).left_out();

/// The answer with what it tells about the time to come back.
pub(super) fn told(mut answer: WireAnswer, (after, form): (Option<Duration>, Option<RetryForm>), timed: &TimedRequest<'_>) -> WireAnswer {
    if let Some(after) = after {
        answer.headers.extend(retry_headers(timed.request.dialect(), after, form, timed.wall));
    }
    answer
}

/// As it follows a refusal in a plan: nothing where no time is told.
pub(super) fn in_words(after: Option<Duration>, form: Option<RetryForm>) -> String {
    let Some(after) = after else { return String::new() };
    let form = form.map_or_else(String::new, |form| format!(" as {form}"));
    format!(", Retry-After {after}{form}")
}

/// A form is nothing without a time.
pub(super) fn mistake(after: Option<Duration>, form: Option<RetryForm>) -> Option<Mistake> {
    (form.is_some() && after.is_none()).then(|| Mistake {
        setting: Some(FORM.name),
        message: "there is no time whose form this could be".to_owned(),
        hint: "add `retry_after: 30s`, or take `retry_form` away".to_owned(),
    })
}
