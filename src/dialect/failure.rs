//! How a provider says no: statuses, headers and bodies, in each dialect's own shape.
//!
//! Sources: OpenAI's guide to error codes and recorded 401 bodies; Microsoft's troubleshooting pages for Azure OpenAI, whose envelope is
//! the same and whose codes differ. A dialect without shapes of its own here answers with a plain JSON error.

use super::WireAnswer;
use crate::model::Dialect;
use serde_json::{Value, json};

/// What a provider refuses for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderFault {
    /// The credential is not or no longer valid.
    InvalidKey,
    /// The model or deployment does not exist.
    NoSuchModel(String),
    /// The path does not exist.
    NoSuchPath,
    /// The request is malformed, in words.
    BadRequest(String),
    /// Any other status, from 400 to 599.
    Status {
        /// The status.
        code: u16,
        /// Seconds for `retry-after`.
        retry_after: Option<u64>,
    },
}

/// The answer of a provider of this dialect.
pub fn error_answer(dialect: Dialect, fault: &ProviderFault) -> WireAnswer {
    let azure = dialect == Dialect::AzureOpenAi;
    let (status, kind, code, message) = match fault {
        ProviderFault::InvalidKey if azure => (
            401,
            Value::Null,
            json!("401"),
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active \
             subscription and use a correct regional API endpoint for your resource."
                .to_owned(),
        ),
        ProviderFault::InvalidKey => (
            401,
            json!("invalid_request_error"),
            json!("invalid_api_key"),
            "Incorrect API key provided. You can find your API key in your account settings.".to_owned(),
        ),
        ProviderFault::NoSuchModel(_) if azure => {
            (404, Value::Null, json!("DeploymentNotFound"), "The API deployment for this resource does not exist.".to_owned())
        }
        ProviderFault::NoSuchModel(model) => (
            404,
            json!("invalid_request_error"),
            json!("model_not_found"),
            format!("The model `{model}` does not exist or you do not have access to it."),
        ),
        ProviderFault::NoSuchPath => (404, json!("invalid_request_error"), json!("unknown_url"), "Unknown request URL.".to_owned()),
        ProviderFault::BadRequest(message) => (400, json!("invalid_request_error"), Value::Null, message.clone()),
        ProviderFault::Status { code, .. } => {
            let (kind, name, message) = usual(*code, azure);
            (*code, kind, name, message.to_owned())
        }
    };
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if let ProviderFault::Status { retry_after: Some(seconds), .. } = fault {
        headers.push(("retry-after", seconds.to_string()));
        if azure {
            headers.push(("retry-after-ms", seconds.saturating_mul(1000).to_string()));
        }
    }
    let body = if kind.is_null() && azure {
        json!({"error": {"code": code, "message": message}})
    } else {
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
    };
    WireAnswer { status, headers, body: body.to_string().into_bytes() }
}

/// Type, code and message that go with a status.
fn usual(status: u16, azure: bool) -> (Value, Value, &'static str) {
    if azure {
        let message = match status {
            429 => "Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current pricing tier.",
            500..=599 => "The service is temporarily unable to process your request. Please try again later.",
            _ => "The request was refused.",
        };
        return (Value::Null, json!(status.to_string()), message);
    }
    match status {
        401 => (json!("invalid_request_error"), json!("invalid_api_key"), "Incorrect API key provided."),
        403 => {
            (json!("invalid_request_error"), json!("unsupported_country_region_territory"), "Country, region, or territory not supported")
        }
        429 => (json!("requests"), json!("rate_limit_exceeded"), "Rate limit reached for requests."),
        503 => (
            json!("service_unavailable_error"),
            json!("server_is_overloaded"),
            "The server is currently overloaded. Please try again later.",
        ),
        500..=599 => (json!("server_error"), Value::Null, "The server had an error while processing your request."),
        _ => (json!("invalid_request_error"), Value::Null, "The request was refused."),
    }
}

/// The code of an error body, for the history: `error.code`, else `error.type`; `None` where the body has neither.
pub fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let code = text(&error["code"]).or_else(|| text(&error["type"]))?;
    // A code is a word; whatever else a body claims to be one does not belong into every line of a history.
    Some(code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(40).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revoked_key_looks_like_each_providers_own() {
        let openai = error_answer(Dialect::OpenAi, &ProviderFault::InvalidKey);
        assert_eq!((openai.status, error_code(&openai.body).as_deref()), (401, Some("invalid_api_key")));
        let azure = error_answer(Dialect::AzureOpenAi, &ProviderFault::InvalidKey);
        assert_eq!((azure.status, error_code(&azure.body).as_deref()), (401, Some("401")));
        assert!(String::from_utf8(azure.body).unwrap().contains("Access denied due to invalid subscription key"));
    }

    #[test]
    fn a_days_retry_after_is_in_the_headers() {
        let answer = error_answer(Dialect::AzureOpenAi, &ProviderFault::Status { code: 429, retry_after: Some(86_400) });
        assert!(
            answer.headers.contains(&("retry-after", "86400".into())) && answer.headers.contains(&("retry-after-ms", "86400000".into()))
        );
    }
}
