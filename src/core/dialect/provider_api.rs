//! The trait of a provider's API: what it does in its own way whatever operation it is asked for. The providers are in `provider/`.

use super::limit::{QuotaNames, Quotas};
use super::provider_error::{ProviderError, RefusalReason};
use super::route::Route;
use super::wire::Receipt;
use crate::model::{Operation, RetryForm};
use serde_json::Value;

/// A look-up of headers by their lower-case names.
pub(super) type HeaderLookup<'a, 'h> = &'a dyn Fn(&str) -> Option<&'h str>;

/// The framing of a stream: how its events are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamFraming {
    /// Server-sent events: each `data:` line is one.
    Lines,
    /// AWS's binary frames (see [`super::eventstream`]).
    Frames,
}
/// The API of a provider: what it does in its own way, whatever operation it is asked for: paths, keys, errors, limits.
pub(super) trait ProviderApi: Sync {
    /// The path that a base URL ends with.
    fn base_path(&self) -> &'static str;
    /// Path and query of an operation after the base URL; of a chat where the dialect does not have it.
    fn path(&self, operation: Operation, model: &str, streamed: bool) -> String;
    /// What a method, a path and a query name.
    fn route(&self, method: &str, path: &str, query: Option<&str>) -> Option<Route>;

    /// The credential of a request.
    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str>;
    /// The header that carries a static key.
    fn credential_header(&self, key: &str) -> (&'static str, String);
    /// A header that every request must have, with the value that ours have.
    fn required_header(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// The content type of a streamed answer.
    fn stream_content_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
    /// The list of models.
    fn models(&self, names: &[&str]) -> Value;
    /// One model, as it is told by itself.
    fn model(&self, name: &str) -> Value {
        self.models(&[name])["data"][0].take()
    }

    /// How streams are framed.
    fn framing(&self) -> StreamFraming {
        StreamFraming::Lines
    }

    /// The error that the provider answers with for a reason. Never asked for a bare status.
    fn error(&self, reason: &RefusalReason) -> ProviderError;
    /// The error in the provider's envelope.
    fn error_body(&self, error: &ProviderError) -> Value;
    /// The headers that go with it, besides its content type and the time to come back.
    fn error_headers(&self, _error: &ProviderError) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// The form in which it tells when to come back.
    fn retry_form(&self) -> RetryForm {
        RetryForm::Seconds
    }
    /// The names of the headers that tell the limit of this name (`requests`, `tokens`), as far as it sends them; most send none.
    fn quota_names(&self, _name: &str) -> Option<QuotaNames> {
        None
    }
    /// The headers that tell what is left of its limits; most tell nothing. `wall` is seconds since 1970.
    fn quota_headers(&self, _quotas: &Quotas, _wall: u64) -> Vec<(String, String)> {
        Vec::new()
    }
    /// Whether a filter of content is told by an answer with status 200 that ends for that reason, and not by an error.
    fn filter_is_an_answer(&self) -> bool {
        true
    }

    /// The headers by which the provider's support finds a request again.
    fn receipt_headers(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)>;
}

/// The bearer token in the header `authorization`.
pub(super) fn bearer<'h>(header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
    header("authorization").map(|value| value.strip_prefix("Bearer ").unwrap_or(value).trim())
}
