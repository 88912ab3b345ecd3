//! Anthropic: its paths, keys, limits, list of models and errors.
//!
//! Sources: Anthropic's API reference, its pages on errors, the error types of its Python client.

use crate::dialect::http_date::internet_date;
use crate::dialect::limit::{Quota, QuotaNames, Quotas};
use crate::dialect::provider_api::{HeaderLookup, ProviderApi, bearer};
use crate::dialect::provider_error::{ProviderError, RefusalReason};
use crate::dialect::route::Route;
use crate::dialect::wire::Receipt;
use crate::model::Operation;
use serde_json::{Value, json};

/// Anthropic's API.
pub(in crate::dialect) struct Anthropic;

impl ProviderApi for Anthropic {
    /// Its clients are given the bare host.
    fn base_path(&self) -> &'static str {
        ""
    }

    fn path(&self, _operation: Operation, _model: &str, _streamed: bool) -> String {
        "/v1/messages".to_owned()
    }

    fn route(&self, method: &str, path: &str, _query: Option<&str>) -> Option<Route> {
        match (method, path) {
            ("POST", "/v1/messages") => Some(Route::inference(Operation::Chat)),
            ("GET", path) => Route::models(path, "/v1/models"),
            _ => None,
        }
    }

    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
        header("x-api-key").map(str::trim).or_else(|| bearer(header))
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn required_header(&self) -> Option<(&'static str, &'static str)> {
        Some(("anthropic-version", "2023-06-01"))
    }

    fn models(&self, names: &[&str]) -> Value {
        let models: Vec<_> =
            names.iter().map(|id| json!({"type": "model", "id": id, "display_name": id, "created_at": "1970-01-01T00:00:00Z"})).collect();
        json!({"data": models, "has_more": false, "first_id": names.first(), "last_id": names.last()})
    }

    fn error(&self, reason: &RefusalReason) -> ProviderError {
        let (status, kind, message) = match reason {
            RefusalReason::InvalidKey => (401, "authentication_error", "invalid x-api-key"),
            RefusalReason::ExpiredToken => (401, "authentication_error", "OAuth token has expired."),
            RefusalReason::Forbidden => (403, "permission_error", "Your API key does not have permission to use the specified resource."),
            RefusalReason::OutOfQuota => (402, "billing_error", "Your credit balance is too low to access the API."),
            RefusalReason::SpendLimit => (400, "invalid_request_error", "You have reached your specified API usage limits."),
            RefusalReason::RateLimited { .. } => (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
            RefusalReason::Overloaded => (529, "overloaded_error", "Overloaded"),
            RefusalReason::ServerError | RefusalReason::Status { .. } => (500, "api_error", "Internal server error"),
            RefusalReason::Timeout => (504, "timeout_error", "Request timed out"),
            RefusalReason::NoSuchModel(model) => return ProviderError::new(404, "not_found_error", "", format!("model: {model}")),
            RefusalReason::NoSuchPath => (404, "not_found_error", "Not found"),
            RefusalReason::BadRequest(message) => return ProviderError::new(400, "invalid_request_error", "", message.clone()),
            RefusalReason::ContentFiltered => (400, "invalid_request_error", "Output blocked by content filtering policy"),
            RefusalReason::ContextTooLong => (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
        };
        ProviderError::new(status, kind, "", message)
    }

    /// The request's identifier is in the header `request-id`.
    fn error_body(&self, error: &ProviderError) -> Value {
        json!({"type": "error", "error": {"type": error.kind, "message": error.message}, "request_id": null})
    }

    fn quota_names(&self, name: &str) -> Option<QuotaNames> {
        let of = |part: &str| format!("anthropic-ratelimit-{name}-{part}");
        Some(QuotaNames { limit: of("limit"), remaining: of("remaining"), reset: of("reset") })
    }

    fn quota_headers(&self, quotas: &Quotas, wall: u64) -> Vec<(String, String)> {
        let tell = |(name, quota): (&str, Quota)| {
            let names = self.quota_names(name)?;
            let reset = wall.saturating_add(quota.reset.as_nanos().div_ceil(1_000_000_000));
            let values = [quota.limit.to_string(), quota.remaining.to_string(), internet_date(reset)];
            Some([names.limit, names.remaining, names.reset].into_iter().zip(values))
        };
        quotas.named().filter_map(tell).flatten().collect()
    }

    fn receipt_headers(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        vec![
            ("request-id", format!("req_{}", receipt.id)),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000".to_owned()),
        ]
    }
}
