//! How a provider says no: statuses, headers and bodies, in each dialect's own shape.

use super::form::AnswerFormat;
use super::tongue::{ProviderApi, ProviderError, provider_api};
use super::{ProviderAnswer, ProviderRequest, WireAnswer, lenient, retry_headers};
use crate::model::{Dialect, Operation};
use crate::units::Duration;
use serde_json::Value;

/// What a provider refuses for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderFault {
    /// The credential is not or no longer valid.
    InvalidKey,
    /// The credential was valid until a moment ago.
    ExpiredToken,
    /// The credential is valid, and may not do this.
    Forbidden,
    /// Money or a quota has run out.
    OutOfQuota,
    /// Too many requests or tokens in a short time.
    RateLimited {
        /// Seconds for `retry-after`.
        retry_after: Option<u64>,
    },
    /// The provider has too much to do, whoever asks.
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
    /// Any other status, from 400 to 599, in the words of the fault that usually has it.
    Status {
        /// The status.
        code: u16,
        /// Seconds for `retry-after`.
        retry_after: Option<u64>,
    },
}

impl ProviderFault {
    const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after } | Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The fault that usually has this status.
    fn usual(status: u16) -> Self {
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

/// The answer of a provider of this dialect, before anything of another was sent.
pub fn error_answer(dialect: Dialect, fault: &ProviderFault) -> WireAnswer {
    error_reply(AnswerFormat { dialect, operation: Operation::Chat, streamed: false }, fault, "withheld")
}

/// The same to who asked this model, perhaps for a stream: a refusal that is an answer is a stream then too, which ends for that reason.
pub fn error_reply(speech: AnswerFormat, fault: &ProviderFault, model: &str) -> WireAnswer {
    let AnswerFormat { dialect, operation, streamed } = speech;
    let api = provider_api(dialect);
    if *fault == ProviderFault::ContentFiltered && api.filter_is_an_answer() {
        let nothing = ProviderRequest { operation, streamed, max_tokens: Some(0), ..ProviderRequest::default() };
        let reply = ProviderAnswer::new(dialect, &nothing, model, "filtered", 0).filtered();
        return if streamed {
            WireAnswer { status: 200, headers: reply.stream_headers(), body: reply.end_events() }
        } else {
            reply.whole()
        };
    }
    let refusal = refusal(api, fault);
    let mut answer = WireAnswer::json(refusal.status, &api.error_body(&refusal));
    if let Some(seconds) = fault.retry_after() {
        answer.headers.extend(retry_headers(dialect, Duration::from_secs(seconds), None, 0));
    }
    answer.headers.extend(api.error_headers(&refusal));
    answer
}

/// A refusal in the middle of a stream that began with status 200.
pub fn error_event(speech: AnswerFormat, fault: &ProviderFault) -> Vec<u8> {
    let api = provider_api(speech.dialect);
    speech.form().error_event(api, &refusal(api, fault))
}

fn refusal(api: &dyn ProviderApi, fault: &ProviderFault) -> ProviderError {
    match fault {
        ProviderFault::Status { code, .. } => ProviderError { status: *code, ..api.refusal(&ProviderFault::usual(*code)) },
        named => api.refusal(named),
    }
}

/// The code of a refusal, for the history, whichever dialect it is in: AWS's header `x-amzn-errortype`, else of the body's `error` its `status`
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

    fn said(dialect: Dialect, fault: &ProviderFault) -> (u16, String) {
        let answer = error_answer(dialect, fault);
        let header = |name: &str| answer.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
        (answer.status, error_code(header, &answer.body).unwrap_or_default())
    }

    /// Each row a fault, each column a dialect: status and code as the providers' own pages have them.
    #[test]
    fn every_fault_is_told_as_each_provider_tells_it() {
        use ProviderFault::*;
        let gone = || NoSuchModel("m".into());
        let bad = || BadRequest("no".into());
        #[rustfmt::skip]
        let table = [
            (InvalidKey, [(401, "invalid_api_key"), (401, "401"), (401, "authentication_error"), (403, "UnrecognizedClientException"), (401, "UNAUTHENTICATED")]),
            (ExpiredToken, [(401, "invalid_api_key"), (401, "401"), (401, "authentication_error"), (403, "ExpiredTokenException"), (401, "UNAUTHENTICATED")]),
            (Forbidden, [(403, "unsupported_country_region_territory"), (403, "403"), (403, "permission_error"), (403, "AccessDeniedException"), (403, "PERMISSION_DENIED")]),
            (OutOfQuota, [(429, "credit_balance_exhausted"), (429, "429"), (402, "billing_error"), (400, "ServiceQuotaExceededException"), (429, "RESOURCE_EXHAUSTED")]),
            (RateLimited { retry_after: None }, [(429, "rate_limit_exceeded"), (429, "429"), (429, "rate_limit_error"), (429, "ThrottlingException"), (429, "RESOURCE_EXHAUSTED")]),
            (Overloaded, [(503, "server_is_overloaded"), (503, "503"), (529, "overloaded_error"), (503, "ServiceUnavailableException"), (503, "UNAVAILABLE")]),
            (ServerError, [(500, "server_error"), (500, "500"), (500, "api_error"), (500, "InternalServerException"), (500, "INTERNAL")]),
            (Timeout, [(504, "server_error"), (408, "408"), (504, "timeout_error"), (408, "ModelTimeoutException"), (504, "DEADLINE_EXCEEDED")]),
            (gone(), [(404, "model_not_found"), (404, "DeploymentNotFound"), (404, "not_found_error"), (404, "ResourceNotFoundException"), (404, "NOT_FOUND")]),
            (NoSuchPath, [(404, "unknown_url"), (404, "404"), (404, "not_found_error"), (404, "UnknownOperationException"), (404, "NOT_FOUND")]),
            (bad(), [(400, "invalid_request_error"), (400, "invalid_request_error"), (400, "invalid_request_error"), (400, "ValidationException"), (400, "INVALID_ARGUMENT")]),
            (ContentFiltered, [(400, "content_policy_violation"), (400, "content_filter"), (200, ""), (200, ""), (200, "")]),
            (ContextTooLong, [(400, "context_length_exceeded"), (400, "context_length_exceeded"), (400, "invalid_request_error"), (400, "ValidationException"), (400, "INVALID_ARGUMENT")]),
            (Status { code: 502, retry_after: None }, [(502, "server_error"), (502, "502"), (502, "api_error"), (502, "InternalServerException"), (502, "INTERNAL")]),
        ];
        for (fault, wanted) in table {
            let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
            for (dialect, (status, code)) in dialects.into_iter().zip(wanted) {
                assert_eq!(said(dialect, &fault), (status, code.to_owned()), "{dialect} {fault:?}");
            }
        }
    }

    #[test]
    fn each_envelope_is_its_providers() {
        let text = |dialect, fault: &ProviderFault| String::from_utf8(error_answer(dialect, fault).body).unwrap();
        assert!(text(Dialect::AzureOpenAi, &ProviderFault::InvalidKey).contains("Access denied due to invalid subscription key"));
        assert!(text(Dialect::AzureOpenAi, &ProviderFault::ContentFiltered).contains("ResponsibleAIPolicyViolation"));
        assert_eq!(
            text(Dialect::Anthropic, &ProviderFault::Overloaded),
            r#"{"error":{"message":"Overloaded","type":"overloaded_error"},"request_id":null,"type":"error"}"#
        );
        assert!(text(Dialect::Anthropic, &ProviderFault::ContentFiltered).contains(r#""stop_reason":"refusal""#));
        assert!(text(Dialect::Bedrock, &ProviderFault::ContentFiltered).contains(r#""stopReason":"content_filtered""#));
        assert!(text(Dialect::Vertex, &ProviderFault::ContentFiltered).contains(r#""finishReason":"SAFETY""#));
        assert!(text(Dialect::Vertex, &ProviderFault::Status { code: 418, retry_after: None }).contains(r#""code":418"#));
    }

    fn stream(dialect: Dialect) -> AnswerFormat {
        AnswerFormat { dialect, operation: Operation::Chat, streamed: true }
    }

    #[test]
    fn a_stream_that_is_withheld_is_a_stream_which_ends_for_that_reason() {
        for (dialect, reason) in [
            (Dialect::Anthropic, r#""stop_reason":"refusal""#),
            (Dialect::Bedrock, r#"{"stopReason":"content_filtered"}"#),
            (Dialect::Vertex, r#""finishReason":"SAFETY""#),
        ] {
            let answer = error_reply(stream(dialect), &ProviderFault::ContentFiltered, "m");
            let is_stream = answer.headers.iter().any(|(name, value)| *name == "content-type" && super::super::is_stream(value));
            let body = String::from_utf8_lossy(&answer.body);
            assert!(answer.status == 200 && is_stream && body.contains(reason), "{dialect}: {body}");
        }
        for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi] {
            assert_eq!(
                error_reply(stream(dialect), &ProviderFault::ContentFiltered, "m"),
                error_answer(dialect, &ProviderFault::ContentFiltered)
            );
        }
    }

    #[test]
    fn a_days_retry_after_is_in_the_headers() {
        for fault in
            [ProviderFault::RateLimited { retry_after: Some(86_400) }, ProviderFault::Status { code: 429, retry_after: Some(86_400) }]
        {
            let answer = error_answer(Dialect::AzureOpenAi, &fault);
            for header in [("retry-after", "86400".to_owned()), ("retry-after-ms", "86400000".to_owned())] {
                assert!(answer.headers.contains(&header), "{fault:?}");
            }
        }
    }

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
