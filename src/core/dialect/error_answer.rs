//! Error answers of providers: statuses, headers and bodies, in each dialect's own shape. The words are in `provider/`.

use super::answer_format::AnswerFormat;
use super::headers::retry_headers;
use super::provider_answer::ProviderAnswer;
use super::provider_api::ProviderApi;
use super::provider_error::{ProviderError, RefusalReason};
use super::provider_request::ProviderRequest;
use super::registry::provider_api;
use super::wire::WireAnswer;
use crate::model::{Dialect, Operation};
use crate::units::Duration;
/// The error answer of a provider of this dialect, before anything of another answer was sent.
pub fn error_answer(dialect: Dialect, reason: &RefusalReason) -> WireAnswer {
    error_reply(AnswerFormat { dialect, operation: Operation::Chat, streamed: false }, reason, "withheld")
}

/// The error answer to a request for this model. A refusal that is an answer (a content filter) is a stream where a stream was asked for, and ends
/// for that reason.
pub fn error_reply(format: AnswerFormat, reason: &RefusalReason, model: &str) -> WireAnswer {
    let AnswerFormat { dialect, operation, streamed } = format;
    let api = provider_api(dialect);
    if *reason == RefusalReason::ContentFiltered && api.filter_is_an_answer() {
        let nothing = ProviderRequest { operation, streamed, max_tokens: Some(0), ..ProviderRequest::default() };
        let reply = ProviderAnswer::new(dialect, &nothing, model, "filtered", 0).filtered();
        return if streamed {
            WireAnswer { status: 200, headers: reply.stream_headers(), body: reply.end_events() }
        } else {
            reply.whole()
        };
    }
    let error = error(api, reason);
    let mut answer = WireAnswer::json(error.status, &api.error_body(&error));
    if let Some(seconds) = reason.retry_after() {
        answer.headers.extend(retry_headers(dialect, Duration::from_secs(seconds), None, 0));
    }
    answer.headers.extend(api.error_headers(&error));
    answer
}

/// An error in the middle of a stream that began with status 200.
pub fn error_event(format: AnswerFormat, reason: &RefusalReason) -> Vec<u8> {
    let api = provider_api(format.dialect);
    let error = error(api, reason);
    format.codec().stream_error(&error, &api.error_body(&error))
}

fn error(api: &dyn ProviderApi, reason: &RefusalReason) -> ProviderError {
    match reason {
        RefusalReason::Status { code, .. } => ProviderError { status: *code, ..api.error(&RefusalReason::usual(*code)) },
        named => api.error(named),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{error_code, is_stream};
    use super::*;

    fn said(dialect: Dialect, reason: &RefusalReason) -> (u16, String) {
        let answer = error_answer(dialect, reason);
        let header = |name: &str| answer.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
        (answer.status, error_code(header, &answer.body).unwrap_or_default())
    }

    /// Each row a fault, each column a dialect: status and code as the providers' own pages have them.
    #[test]
    fn every_fault_is_told_as_each_provider_tells_it() {
        use RefusalReason::*;
        let gone = || NoSuchModel("m".into());
        let bad = || BadRequest("no".into());
        #[rustfmt::skip]
        let table = [
            (InvalidKey, [(401, "invalid_api_key"), (401, "401"), (401, "authentication_error"), (403, "UnrecognizedClientException"), (401, "UNAUTHENTICATED")]),
            (ExpiredToken, [(401, "invalid_api_key"), (401, "401"), (401, "authentication_error"), (403, "ExpiredTokenException"), (401, "UNAUTHENTICATED")]),
            (Forbidden, [(403, "unsupported_country_region_territory"), (403, "403"), (403, "permission_error"), (403, "AccessDeniedException"), (403, "PERMISSION_DENIED")]),
            (OutOfQuota, [(429, "credit_balance_exhausted"), (429, "429"), (402, "billing_error"), (400, "ServiceQuotaExceededException"), (429, "RESOURCE_EXHAUSTED")]),
            (SpendLimit, [(429, "project_spend_limit_exceeded"), (429, "429"), (400, "invalid_request_error"), (400, "ServiceQuotaExceededException"), (429, "RESOURCE_EXHAUSTED")]),
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
        for (reason, wanted) in table {
            let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
            for (dialect, (status, code)) in dialects.into_iter().zip(wanted) {
                assert_eq!(said(dialect, &reason), (status, code.to_owned()), "{dialect} {reason:?}");
            }
        }
    }

    #[test]
    fn each_envelope_is_its_providers() {
        let text = |dialect, reason: &RefusalReason| String::from_utf8(error_answer(dialect, reason).body).unwrap();
        assert!(text(Dialect::AzureOpenAi, &RefusalReason::InvalidKey).contains("Access denied due to invalid subscription key"));
        assert!(text(Dialect::AzureOpenAi, &RefusalReason::ContentFiltered).contains("ResponsibleAIPolicyViolation"));
        assert_eq!(
            text(Dialect::Anthropic, &RefusalReason::Overloaded),
            r#"{"error":{"message":"Overloaded","type":"overloaded_error"},"request_id":null,"type":"error"}"#
        );
        assert!(text(Dialect::Anthropic, &RefusalReason::ContentFiltered).contains(r#""stop_reason":"refusal""#));
        assert!(text(Dialect::Bedrock, &RefusalReason::ContentFiltered).contains(r#""stopReason":"content_filtered""#));
        assert!(text(Dialect::Vertex, &RefusalReason::ContentFiltered).contains(r#""finishReason":"SAFETY""#));
        assert!(text(Dialect::Vertex, &RefusalReason::Status { code: 418, retry_after: None }).contains(r#""code":418"#));
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
            let answer = error_reply(stream(dialect), &RefusalReason::ContentFiltered, "m");
            let is_stream = answer.headers.iter().any(|(name, value)| *name == "content-type" && is_stream(value));
            let body = String::from_utf8_lossy(&answer.body);
            assert!(answer.status == 200 && is_stream && body.contains(reason), "{dialect}: {body}");
        }
        for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi] {
            assert_eq!(
                error_reply(stream(dialect), &RefusalReason::ContentFiltered, "m"),
                error_answer(dialect, &RefusalReason::ContentFiltered)
            );
        }
    }

    #[test]
    fn a_days_retry_after_is_in_the_headers() {
        for reason in
            [RefusalReason::RateLimited { retry_after: Some(86_400) }, RefusalReason::Status { code: 429, retry_after: Some(86_400) }]
        {
            let answer = error_answer(Dialect::AzureOpenAi, &reason);
            for header in [("retry-after", "86400".to_owned()), ("retry-after-ms", "86400000".to_owned())] {
                assert!(answer.headers.contains(&header), "{reason:?}");
            }
        }
    }
}
