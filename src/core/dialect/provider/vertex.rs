//! Google's models, as Vertex AI and the Gemini API serve them: paths, keys, list of models and errors.
//!
//! A base URL ends before `/models/…`: for Gemini with the version, for Vertex with `/publishers/google` of a project and a location.
//! A stream is asked for with `alt=sse` (the form without it, one long JSON array, is not supported). A key that is refused is answered as
//! Vertex does, with 401; the Gemini API is said to answer 400. Source: Google's reference and its page of API errors.

use crate::dialect::provider_api::{HeaderLookup, ProviderApi, bearer};
use crate::dialect::provider_error::{ProviderError, RefusalReason};
use crate::dialect::route::{Route, query_value, segment, unescaped};
use crate::dialect::wire::Receipt;
use crate::model::Operation;
use serde_json::{Value, json};

/// Google's API, as Vertex AI and the Gemini API have it.
pub(in crate::dialect) struct Vertex;

impl ProviderApi for Vertex {
    fn base_path(&self) -> &'static str {
        "/v1beta"
    }

    fn path(&self, _operation: Operation, model: &str, streamed: bool) -> String {
        let operation = if streamed { "streamGenerateContent?alt=sse" } else { "generateContent" };
        format!("/models/{}:{operation}", segment(model))
    }

    fn route(&self, method: &str, path: &str, query: Option<&str>) -> Option<Route> {
        let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
        if !matches!(version, "v1" | "v1beta" | "v1beta1") {
            return None;
        }
        if method == "GET" {
            // What stands behind a colon is an operation of a model.
            return Route::models(rest, "models").filter(|route| !matches!(route, Route::Model(name) if name.contains(':')));
        }
        let (prefix, named) = rest.rsplit_once("models/")?;
        if method != "POST" || !(prefix.is_empty() || prefix.ends_with("/publishers/google/")) {
            return None;
        }
        let (model, operation) = named.rsplit_once(':')?;
        let streamed = match operation {
            "generateContent" => false,
            "streamGenerateContent" if query_value(query?, "alt") == Some("sse") => true,
            _ => return None,
        };
        (!model.is_empty() && !model.contains('/')).then(|| Route::Inference {
            operation: Operation::Chat,
            model: Some(unescaped(model)),
            streamed,
        })
    }

    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
        header("x-goog-api-key").map(str::trim).or_else(|| bearer(header))
    }

    /// A key of the Gemini API. Vertex takes tokens, as bearers.
    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn stream_content_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn models(&self, names: &[&str]) -> Value {
        let model = |id: &&str| {
            json!({"name": format!("models/{id}"), "displayName": id, "version": "lab",
                   "supportedGenerationMethods": ["generateContent", "streamGenerateContent"]})
        };
        json!({"models": names.iter().map(model).collect::<Vec<_>>()})
    }

    fn model(&self, name: &str) -> Value {
        self.models(&[name])["models"][0].take()
    }

    fn error(&self, reason: &RefusalReason) -> ProviderError {
        let (status, kind, message) = match reason {
            RefusalReason::InvalidKey | RefusalReason::ExpiredToken => (
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                 authentication credential.",
            ),
            RefusalReason::Forbidden => (403, "PERMISSION_DENIED", "The caller does not have permission"),
            RefusalReason::OutOfQuota | RefusalReason::SpendLimit => {
                (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.")
            }
            RefusalReason::RateLimited { .. } => (429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."),
            RefusalReason::Overloaded => (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
            RefusalReason::ServerError | RefusalReason::Status { .. } => (500, "INTERNAL", "An internal error has occurred."),
            RefusalReason::Timeout => (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
            RefusalReason::NoSuchModel(model) => {
                return ProviderError::new(
                    404,
                    "NOT_FOUND",
                    "",
                    format!("models/{model} is not found or is not supported for generateContent."),
                );
            }
            RefusalReason::NoSuchPath => (404, "NOT_FOUND", "The requested URL was not found on this server."),
            RefusalReason::BadRequest(message) => return ProviderError::new(400, "INVALID_ARGUMENT", "", message.clone()),
            RefusalReason::ContentFiltered => (400, "INVALID_ARGUMENT", "The prompt was blocked."),
            RefusalReason::ContextTooLong => {
                (400, "INVALID_ARGUMENT", "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).")
            }
        };
        ProviderError::new(status, kind, "", message)
    }

    fn error_body(&self, error: &ProviderError) -> Value {
        json!({"error": {"code": error.status, "message": error.message, "status": error.kind}})
    }

    /// Google sends none; its answers bear their identifier in the body.
    fn receipt_headers(&self, _receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}
