//! What a refusal says of a hop: of its key, its model, its quota, or itself. Pure.
//!
//! Statuses alone do not tell: a key that is refused is a 401, of AWS a 403 and of Gemini a 400; a quota that is used up is a 429, 402, 403 or 400. So the
//! code counts first, and where a provider has none, phrases of its message. The message itself is not shown: it may repeat a part of the key.

use super::check::HopFinding;
use crate::model::{HopCheck, HopReason};

/// Codes of money or a quota that is used up.
const SPENT: [&str; 9] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "billing_hard_limit_reached",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "enforced_spend_limit_reached",
    "billing_error",
    "ServiceQuotaExceededException",
];
/// The same where there is no code of its own.
const SPENT_WORDS: [&str; 5] =
    ["exceeded your current quota", "credit balance is too low", "spend limit", "specified api usage limits", "out of call volume quota"];
/// What AWS says of a key with status 403.
const REFUSED: [&str; 5] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
];
/// What is said of a key with status 400.
const REFUSED_WORDS: [&str; 2] = ["api key not valid", "api_key_invalid"];
/// Of a model with status 400.
const GONE_WORDS: [&str; 3] = ["model identifier is invalid", "on-demand throughput isn", "end of its life"];

/// A refusal, by its status, its code and its body.
pub(super) fn refusal(status: u16, code: Option<&str>, body: &[u8]) -> HopFinding {
    let said = String::from_utf8_lossy(&body[..body.len().min(8192)]).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let is_code = |codes: &[&str]| code.is_some_and(|code| codes.contains(&code));
    // Azure's own code is its status once more.
    let shown = code.filter(|code| *code != status.to_string()).map_or_else(|| status.to_string(), |code| format!("{status}, {code}"));
    let (check, reason, told) = match status {
        _ if is_code(&SPENT) || (status < 500 && says(&SPENT_WORDS)) || status == 402 => {
            (HopCheck::Quota, HopReason::QuotaUsedUp, "its quota or its money is used up")
        }
        429 => (HopCheck::Quota, HopReason::RateLimited, "it has had too many requests or tokens just now"),
        401 => (HopCheck::Key, HopReason::KeyRefused, "its key is refused"),
        400 | 403 if is_code(&REFUSED) || says(&REFUSED_WORDS) => (HopCheck::Key, HopReason::KeyRefused, "its key is refused"),
        403 if is_code(&["unsupported_country_region_territory"]) => {
            (HopCheck::Key, HopReason::KeyForbidden, "it serves nobody where it is asked from")
        }
        403 => (HopCheck::Key, HopReason::KeyForbidden, "its key may not do this"),
        404 | 410 if !is_code(&["unknown_url"]) && says(&["model", "deployment", "end of its life"]) => {
            (HopCheck::Model, HopReason::ModelGone, "there is no such model")
        }
        400 if says(&GONE_WORDS) => (HopCheck::Model, HopReason::ModelGone, "there is no such model"),
        404 | 405 | 410 => (HopCheck::Answer, HopReason::NoSuchPath, "there is nothing at the path that is asked"),
        408 | 424 | 500.. => (HopCheck::Answer, HopReason::Unavailable, "it answers with an error of its own"),
        _ => (HopCheck::Answer, HopReason::RequestRefused, "it refuses the request"),
    };
    HopFinding::failing(check, reason, format!("{told} ({shown})"))
}

/// Whether it asks for the other way to bound an answer: OpenAI's models that think take no `max_tokens`.
pub(super) fn wants_other_limit(status: u16, body: &[u8]) -> bool {
    status == 400 && String::from_utf8_lossy(&body[..body.len().min(8192)]).contains("max_completion_tokens")
}

/// Whether it may be over a moment later.
pub(super) const fn is_passing(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504 | 520..=530)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{RefusalReason, error_answer, error_code};
    use crate::model::Dialect;

    /// What the lab's providers say is what real ones are documented to say (`dialect`); each must be understood.
    #[test]
    fn every_dialects_refusals_are_understood() {
        let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
        let gone = RefusalReason::NoSuchModel("m-1".into());
        for (reason, wanted) in [
            (&RefusalReason::InvalidKey, HopReason::KeyRefused),
            (&RefusalReason::ExpiredToken, HopReason::KeyRefused),
            (&RefusalReason::Forbidden, HopReason::KeyForbidden),
            (&RefusalReason::OutOfQuota, HopReason::QuotaUsedUp),
            (&RefusalReason::RateLimited { retry_after: None }, HopReason::RateLimited),
            (&RefusalReason::Overloaded, HopReason::Unavailable),
            (&RefusalReason::ServerError, HopReason::Unavailable),
            (&RefusalReason::Timeout, HopReason::Unavailable),
            (&gone, HopReason::ModelGone),
            (&RefusalReason::NoSuchPath, HopReason::NoSuchPath),
        ] {
            for dialect in dialects {
                let answer = error_answer(dialect, reason);
                let header = |name: &str| answer.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
                let found = refusal(answer.status, error_code(header, &answer.body).as_deref(), &answer.body);
                assert_eq!(found.reason, Some(wanted), "{dialect} {reason:?}: {}", found.told);
            }
        }
    }

    #[test]
    fn what_has_no_code_is_understood_by_its_words() {
        let of = |status, body: &str| refusal(status, error_code(|_| None, body.as_bytes()).as_deref(), body.as_bytes());
        for (status, body, reason) in [
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#,
                HopReason::KeyRefused,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
                HopReason::QuotaUsedUp,
            ),
            (400, r#"{"message":"The provided model identifier is invalid."}"#, HopReason::ModelGone),
            (403, r#"{"error":{"code":"403","message":"Out of call volume quota."}}"#, HopReason::QuotaUsedUp),
            (404, "<html><h1>404 Not Found</h1></html>", HopReason::NoSuchPath),
            (503, "upstream connect error or disconnect/reset before headers", HopReason::Unavailable),
            (422, "{}", HopReason::RequestRefused),
        ] {
            assert_eq!(of(status, body).reason, Some(reason), "{body}");
        }
        assert_eq!(of(401, r#"{"error":{"code":"401","message":"Access denied"}}"#).told, "its key is refused (401)");
        assert_eq!(of(401, r#"{"error":{"code":"invalid_api_key"}}"#).told, "its key is refused (401, invalid_api_key)");
    }
}
