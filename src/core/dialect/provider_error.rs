//! How a provider refuses, before the refusal is written in a dialect; and the code of a refusal, whichever dialect it is in.

use super::lenient;
use serde_json::Value;
use std::borrow::Cow;
/// The reason why a provider refuses a request. Each dialect has its own status, code and words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalReason {
    /// The credential is not or no longer valid.
    InvalidKey,
    /// The credential was valid until a moment ago.
    ExpiredToken,
    /// The credential is valid, and may not do this.
    Forbidden,
    /// Money or a quota has run out.
    OutOfQuota,
    /// A ceiling is reached that its own customer has set on what may be spent.
    SpendLimit,
    /// Too many requests or tokens in a short time.
    RateLimited {
        /// Seconds for `retry-after`.
        retry_after: Option<u64>,
    },
    /// The provider is overloaded, for all its clients.
    Overloaded,
    /// Something broke at the provider.
    ServerError,
    /// The provider gave up waiting for its model.
    Timeout,
    /// The model or deployment does not exist, or no longer.
    NoSuchModel(String),
    /// The path does not exist.
    NoSuchPath,
    /// The request is malformed, in words.
    BadRequest(String),
    /// A filter withholds the answer. In some dialects that is an answer, not an error.
    ContentFiltered,
    /// The prompt is longer than the model takes.
    ContextTooLong,
    /// Any other status, from 400 to 599, in the words of the reason that usually has it.
    Status {
        /// The status.
        code: u16,
        /// Seconds for `retry-after`.
        retry_after: Option<u64>,
    },
}

impl RefusalReason {
    pub(super) const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after } | Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The reason that usually has this status.
    pub(super) fn usual(status: u16) -> Self {
        match status {
            401 => Self::InvalidKey,
            402 => Self::OutOfQuota,
            403 => Self::Forbidden,
            404 => Self::NoSuchPath,
            408 | 504 => Self::Timeout,
            429 => Self::RateLimited { retry_after: None },
            503 | 529 => Self::Overloaded,
            500.. => Self::ServerError,
            _ => Self::BadRequest("The request was refused.".to_owned()),
        }
    }
}

/// A provider's error, before it is put into the dialect's envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProviderError {
    /// HTTP status.
    pub(super) status: u16,
    /// The class of the error: OpenAI's and Anthropic's `type`, AWS's exception, Google's `status`.
    pub(super) kind: &'static str,
    /// A code beside the class, where the dialect has one; else empty.
    pub(super) code: &'static str,
    /// The message for people.
    pub(super) message: Cow<'static, str>,
}
impl ProviderError {
    pub(super) fn new(status: u16, kind: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, kind, code, message: message.into() }
    }
}

/// The code of an error answer, for the history, whichever dialect it is in: AWS's header `x-amzn-errortype`, else of the body's `error` its `status`
/// (Google), its `code`, its `type`; `None` where there is none of these. `header` looks a header up by its lower-case name.
pub fn error_code<'h>(header: impl Fn(&str) -> Option<&'h str>, body: &[u8]) -> Option<String> {
    let exception = header("x-amzn-errortype").and_then(|kind| kind.split(':').next()).map(str::to_owned);
    exception.filter(|kind| !kind.is_empty()).map(|kind| word(&kind)).or_else(|| code_of(&lenient::value(body)?))
}

/// The code in an error's body. Google's streams put it into a list of one.
pub(super) fn code_of(body: &Value) -> Option<String> {
    let error = body.get(0).unwrap_or(body).get("error")?;
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let status = error["status"].as_str().map(str::to_owned);
    status.or_else(|| text(&error["code"])).or_else(|| text(&error["type"])).map(|code| word(&code))
}

/// A code is a word; whatever else a body claims to be one does not belong into every line of a history.
pub(super) fn word(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word_wherever_it_stands() {
        let code = |body: &str| error_code(|_| None, body.as_bytes());
        assert_eq!(code(r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]"#).as_deref(), Some("RESOURCE_EXHAUSTED"));
        assert_eq!(code(r#"{"error":{"code":"a b<c>"}}"#).as_deref(), Some("abc"));
        for body in ["", "{}", "[]", "upstream connect error", r#"{"error":null}"#, r#"{"error":"no"}"#] {
            assert_eq!(code(body), None, "{body}");
        }
    }
}
