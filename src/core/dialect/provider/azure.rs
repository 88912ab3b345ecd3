//! Azure OpenAI: OpenAI's operations on Azure's paths, with its headers and errors.
//!
//! Sources: Microsoft's reference and troubleshooting pages, recorded headers.

use super::openai::{OpenAi, operation_at, operation_path};
use crate::dialect::limit::{QuotaNames, Quotas};
use crate::dialect::provider_api::{HeaderLookup, ProviderApi, bearer};
use crate::dialect::provider_error::{ProviderError, RefusalReason};
use crate::dialect::route::{Route, query_value, segment, unescaped};
use crate::dialect::wire::Receipt;
use crate::model::{Operation, RetryForm};
use serde_json::{Value, json};

/// Azure OpenAI's API.
pub(in crate::dialect) struct Azure;

impl ProviderApi for Azure {
    fn base_path(&self) -> &'static str {
        ""
    }

    /// Responses belong to no deployment: their bodies name it as the model.
    fn path(&self, operation: Operation, model: &str, _streamed: bool) -> String {
        match operation {
            Operation::Responses => "/openai/v1/responses".to_owned(),
            other => format!("/openai/deployments/{}/{}?api-version=2024-10-21", segment(model), operation_path(other)),
        }
    }

    /// Azure refuses a call without a version as it refuses an unknown path; under `v1` there is none.
    fn route(&self, method: &str, path: &str, query: Option<&str>) -> Option<Route> {
        let rest = path.strip_prefix("/openai/")?;
        if let Some(rest) = rest.strip_prefix("v1/") {
            return OpenAi.route(method, &format!("/v1/{rest}"), query);
        }
        query_value(query?, "api-version").filter(|version| !version.is_empty())?;
        match (method, rest) {
            ("GET", rest) => Route::models(rest, "models"),
            ("POST", "responses") => Some(Route::inference(Operation::Responses)),
            ("POST", rest) => {
                let (deployment, operation) = rest.strip_prefix("deployments/")?.split_once('/')?;
                let operation = operation_at(operation).filter(|operation| *operation != Operation::Responses)?;
                Some(Route::Inference { operation, model: Some(unescaped(deployment)), streamed: false })
            }
            _ => None,
        }
    }

    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
        header("api-key").map(str::trim).or_else(|| bearer(header))
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("api-key", key.to_owned())
    }

    fn models(&self, names: &[&str]) -> Value {
        OpenAi.models(names)
    }

    /// Where Azure names no code of its own, the code is the status.
    fn error(&self, reason: &RefusalReason) -> ProviderError {
        let (status, code, message) = match reason {
            RefusalReason::InvalidKey => (
                401,
                "",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active \
                 subscription and use a correct regional API endpoint for your resource.",
            ),
            RefusalReason::ExpiredToken => {
                (401, "", "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired.")
            }
            RefusalReason::Forbidden => (403, "", "Access denied due to Virtual Network/Firewall rules."),
            RefusalReason::OutOfQuota | RefusalReason::SpendLimit => {
                (429, "", "You exceeded your current quota, please check your plan and billing details.")
            }
            RefusalReason::RateLimited { .. } => {
                (429, "", "Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current pricing tier.")
            }
            RefusalReason::Overloaded | RefusalReason::ServerError | RefusalReason::Timeout | RefusalReason::Status { .. } => {
                let status = match reason {
                    RefusalReason::Overloaded => 503,
                    RefusalReason::Timeout => 408,
                    _ => 500,
                };
                (status, "", "The service is temporarily unable to process your request. Please try again later.")
            }
            RefusalReason::NoSuchModel(_) => (404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
            RefusalReason::ContentFiltered => {
                (400, "content_filter", "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.")
            }
            RefusalReason::NoSuchPath => (404, "", "Resource not found"),
            RefusalReason::BadRequest(_) | RefusalReason::ContextTooLong => return OpenAi.error(reason),
        };
        ProviderError::new(status, "", code, message)
    }

    fn error_body(&self, error: &ProviderError) -> Value {
        if !error.kind.is_empty() {
            return OpenAi.error_body(error);
        }
        let code = if error.code.is_empty() { error.status.to_string() } else { error.code.to_owned() };
        let mut body = json!({"error": {"code": code, "message": error.message}});
        if error.code == "content_filter" {
            body["error"]["param"] = json!("prompt");
            body["error"]["status"] = json!(400);
            body["error"]["innererror"] = json!({
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {"violence": {"filtered": true, "severity": "high"}},
            });
        }
        body
    }

    fn retry_form(&self) -> RetryForm {
        RetryForm::Both
    }

    fn quota_names(&self, name: &str) -> Option<QuotaNames> {
        OpenAi.quota_names(name)
    }

    /// What is left is told, and not of how many.
    fn quota_headers(&self, quotas: &Quotas, _wall: u64) -> Vec<(String, String)> {
        quotas.named().filter_map(|(name, quota)| Some((self.quota_names(name)?.remaining, quota.remaining.to_string()))).collect()
    }

    fn filter_is_an_answer(&self) -> bool {
        false
    }

    fn receipt_headers(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("apim-request-id", receipt.id.to_owned()),
            ("x-request-id", receipt.id.to_owned()),
            ("x-ms-region", receipt.region.to_owned()),
            ("x-ms-rai-invoked", "true".to_owned()),
        ];
        headers.extend(receipt.client_id.map(|id| ("x-ms-client-request-id", id.to_owned())));
        headers
    }
}
