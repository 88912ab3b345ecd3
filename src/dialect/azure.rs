//! Azure OpenAI: OpenAI's bodies on Azure's paths, with its headers and errors.
//!
//! Sources: Microsoft's reference and troubleshooting pages, recorded headers.

use super::credential::bearer;
use super::openai::OpenAi;
use super::route::{query_value, segment, unescaped};
use super::tongue::{Header, Heard, Refusal, Tongue};
use super::{ChatAsk, ChatReply, ProviderFault, Quotas, Receipt, Route};
use crate::model::RetryForm;
use serde_json::{Value, json};

/// Speaks it.
pub(super) struct Azure;

impl Tongue for Azure {
    fn base_path(&self) -> &'static str {
        ""
    }

    fn chat_path(&self, model: &str, _streamed: bool) -> String {
        format!("/openai/deployments/{}/chat/completions?api-version=2024-10-21", segment(model))
    }

    /// Azure refuses a call without a version as it refuses an unknown path.
    fn route(&self, method: &str, path: &str, query: Option<&str>) -> Option<Route> {
        query_value(query?, "api-version").filter(|version| !version.is_empty())?;
        match (method, path.strip_prefix("/openai/")?) {
            ("GET", "models") => Some(Route::Models),
            ("POST", rest) => {
                let (deployment, operation) = rest.strip_prefix("deployments/")?.split_once('/')?;
                (operation == "chat/completions").then(|| Route::Chat { model: Some(unescaped(deployment)), streamed: false })
            }
            _ => None,
        }
    }

    fn credential<'h>(&self, header: Header<'_, 'h>) -> Option<&'h str> {
        header("api-key").map(str::trim).or_else(|| bearer(header))
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("api-key", key.to_owned())
    }

    fn request(&self, model: &str, prompt: &str, streamed: bool) -> Value {
        OpenAi.request(model, prompt, streamed)
    }

    fn read_request(&self, body: &Value) -> Result<ChatAsk, String> {
        OpenAi.read_request(body)
    }

    fn whole(&self, reply: &ChatReply) -> Value {
        OpenAi.whole(reply)
    }

    fn token(&self, reply: &ChatReply, place: usize) -> Vec<u8> {
        OpenAi.token(reply, place)
    }

    fn end(&self, reply: &ChatReply) -> Vec<u8> {
        OpenAi.end(reply)
    }

    fn models(&self, names: &[&str]) -> Value {
        OpenAi.models(names)
    }

    fn hear_whole(&self, body: &Value, heard: &mut Heard) {
        OpenAi.hear_whole(body, heard);
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        OpenAi.hear(event, heard);
    }

    fn hear_line(&self, line: &[u8], heard: &mut Heard) -> bool {
        OpenAi.hear_line(line, heard)
    }

    /// Where Azure names no code of its own, the code is the status.
    fn refusal(&self, fault: &ProviderFault) -> Refusal {
        let (status, code, message) = match fault {
            ProviderFault::InvalidKey => (
                401,
                "",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active \
                 subscription and use a correct regional API endpoint for your resource.",
            ),
            ProviderFault::ExpiredToken => {
                (401, "", "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired.")
            }
            ProviderFault::Forbidden => (403, "", "Access denied due to Virtual Network/Firewall rules."),
            ProviderFault::OutOfQuota => (429, "", "You exceeded your current quota, please check your plan and billing details."),
            ProviderFault::RateLimited { .. } => {
                (429, "", "Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current pricing tier.")
            }
            ProviderFault::Overloaded | ProviderFault::ServerError | ProviderFault::Timeout | ProviderFault::Status { .. } => {
                let status = match fault {
                    ProviderFault::Overloaded => 503,
                    ProviderFault::Timeout => 408,
                    _ => 500,
                };
                (status, "", "The service is temporarily unable to process your request. Please try again later.")
            }
            ProviderFault::NoSuchModel(_) => (404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
            ProviderFault::ContentFiltered => {
                (400, "content_filter", "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.")
            }
            ProviderFault::NoSuchPath => (404, "", "Resource not found"),
            ProviderFault::BadRequest(_) | ProviderFault::ContextTooLong => return OpenAi.refusal(fault),
        };
        Refusal::new(status, "", code, message)
    }

    fn error_body(&self, refusal: &Refusal) -> Value {
        if !refusal.kind.is_empty() {
            return OpenAi.error_body(refusal);
        }
        let code = if refusal.code.is_empty() { refusal.status.to_string() } else { refusal.code.to_owned() };
        let mut body = json!({"error": {"code": code, "message": refusal.message}});
        if refusal.code == "content_filter" {
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

    fn quota_headers(&self, quotas: &Quotas, _wall: u64) -> Vec<(String, String)> {
        quotas.named().map(|(name, quota)| (format!("x-ratelimit-remaining-{name}"), quota.remaining.to_string())).collect()
    }

    fn error_event(&self, refusal: &Refusal) -> Vec<u8> {
        format!("data: {}\n\n", self.error_body(refusal)).into_bytes()
    }

    fn filter_is_an_answer(&self) -> bool {
        false
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
        OpenAi.text_at()
    }

    fn receipt(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
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
