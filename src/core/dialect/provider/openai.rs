//! OpenAI: its paths, keys, limits, list of models and errors.
//!
//! Sources: OpenAI's API reference, its guide to error codes, recorded 401 and 403 bodies.

use crate::dialect::limit::{Quota, QuotaNames, Quotas, go_duration};
use crate::dialect::provider_api::{HeaderLookup, ProviderApi, bearer};
use crate::dialect::provider_error::{ProviderError, RefusalReason};
use crate::dialect::route::Route;
use crate::dialect::wire::Receipt;
use crate::model::Operation;
use serde_json::{Value, json};

/// OpenAI's API.
pub(in crate::dialect) struct OpenAi;

impl ProviderApi for OpenAi {
    fn base_path(&self) -> &'static str {
        "/v1"
    }

    fn path(&self, operation: Operation, _model: &str, _streamed: bool) -> String {
        format!("/{}", operation_path(operation))
    }

    fn route(&self, method: &str, path: &str, _query: Option<&str>) -> Option<Route> {
        match (method, path) {
            ("GET", path) => Route::models(path, "/v1/models"),
            ("POST", path) => Some(Route::inference(operation_at(path.strip_prefix("/v1/")?)?)),
            _ => None,
        }
    }

    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
        bearer(header).or_else(|| header("api-key").map(str::trim))
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn models(&self, names: &[&str]) -> Value {
        let models: Vec<_> =
            names.iter().map(|id| json!({"id": id, "object": "model", "created": 0, "owned_by": "lifeboat-lab"})).collect();
        json!({"object": "list", "data": models})
    }

    fn error(&self, reason: &RefusalReason) -> ProviderError {
        let invalid = "invalid_request_error";
        match reason {
            RefusalReason::InvalidKey => ProviderError::new(
                401,
                invalid,
                "invalid_api_key",
                "Incorrect API key provided. You can find your API key in your account settings.",
            ),
            RefusalReason::ExpiredToken => ProviderError::new(401, invalid, "invalid_api_key", "Your API key has expired."),
            RefusalReason::Forbidden => ProviderError::new(
                403,
                "request_forbidden",
                "unsupported_country_region_territory",
                "Country, region, or territory not supported",
            ),
            RefusalReason::OutOfQuota => ProviderError::new(
                429,
                "insufficient_quota",
                "credit_balance_exhausted",
                "You exceeded your current quota, please check your plan and billing details.",
            ),
            RefusalReason::SpendLimit => {
                ProviderError::new(429, "insufficient_quota", "project_spend_limit_exceeded", "The project has reached its spend limit.")
            }
            RefusalReason::RateLimited { .. } => {
                ProviderError::new(429, "requests", "rate_limit_exceeded", "Rate limit reached for requests.")
            }
            RefusalReason::Overloaded => ProviderError::new(
                503,
                "service_unavailable_error",
                "server_is_overloaded",
                "The server is currently overloaded. Please try again later.",
            ),
            RefusalReason::ServerError | RefusalReason::Status { .. } => {
                ProviderError::new(500, "server_error", "", "The server had an error while processing your request.")
            }
            RefusalReason::Timeout => ProviderError::new(504, "server_error", "", "The request timed out."),
            RefusalReason::NoSuchModel(model) => ProviderError::new(
                404,
                invalid,
                "model_not_found",
                format!("The model `{model}` does not exist or you do not have access to it."),
            ),
            RefusalReason::NoSuchPath => ProviderError::new(404, invalid, "unknown_url", "Unknown request URL."),
            RefusalReason::BadRequest(message) => ProviderError::new(400, invalid, "", message.clone()),
            RefusalReason::ContentFiltered => {
                ProviderError::new(400, invalid, "content_policy_violation", "Your request was rejected as a result of our safety system.")
            }
            RefusalReason::ContextTooLong => ProviderError::new(
                400,
                invalid,
                "context_length_exceeded",
                "This model's maximum context length is 128000 tokens. Please reduce the length of the messages.",
            ),
        }
    }

    fn error_body(&self, error: &ProviderError) -> Value {
        let code = if error.code.is_empty() { Value::Null } else { json!(error.code) };
        json!({"error": {"message": error.message, "type": error.kind, "param": null, "code": code}})
    }

    fn quota_names(&self, name: &str) -> Option<QuotaNames> {
        let of = |part: &str| format!("x-ratelimit-{part}-{name}");
        Some(QuotaNames { limit: of("limit"), remaining: of("remaining"), reset: of("reset") })
    }

    fn quota_headers(&self, quotas: &Quotas, _wall: u64) -> Vec<(String, String)> {
        let tell = |(name, quota): (&str, Quota)| {
            let names = self.quota_names(name)?;
            let values = [quota.limit.to_string(), quota.remaining.to_string(), go_duration(quota.reset)];
            Some([names.limit, names.remaining, names.reset].into_iter().zip(values))
        };
        quotas.named().filter_map(tell).flatten().collect()
    }

    fn filter_is_an_answer(&self) -> bool {
        false
    }

    fn receipt_headers(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        vec![
            ("x-request-id", format!("req_{}", receipt.id)),
            ("openai-organization", "lifeboat-lab".to_owned()),
            ("openai-version", "2020-10-01".to_owned()),
            ("openai-processing-ms", receipt.took_ms.to_string()),
        ]
    }
}

/// The path of an operation after the version; Azure's after the deployment is the same.
pub(super) const fn operation_path(operation: Operation) -> &'static str {
    match operation {
        Operation::Responses => "responses",
        Operation::Embeddings => "embeddings",
        Operation::Chat | Operation::Invoke => "chat/completions",
    }
}

/// The operation at such a path.
pub(super) fn operation_at(path: &str) -> Option<Operation> {
    [Operation::Chat, Operation::Responses, Operation::Embeddings].into_iter().find(|operation| operation_path(*operation) == path)
}
