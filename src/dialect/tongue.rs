//! What each dialect does its own way, in one list, and who speaks which. What can be
//! asked of them is in `form`; the rest of the room is common to all.

use super::anthropic::Anthropic;
use super::azure::Azure;
use super::bedrock::Bedrock;
use super::openai::OpenAi;
use super::vertex::Vertex;
use super::{ProviderFault, Quotas, Receipt, Route};
use crate::model::{Dialect, Operation, RetryForm};
use serde_json::Value;
use std::borrow::Cow;

/// Looks a header up by its lower-case name.
pub(super) type HeaderLookup<'a, 'h> = &'a dyn Fn(&str) -> Option<&'h str>;

/// How the events of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamFraming {
    /// Server-sent events: each `data:` line is one.
    Lines,
    /// AWS's binary frames (see [`super::eventstream`]).
    Frames,
}

/// A refusal before it is put into an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProviderError {
    /// HTTP status.
    pub(super) status: u16,
    /// The class of the error: OpenAI's and Anthropic's `type`, AWS's exception, Google's `status`.
    pub(super) kind: &'static str,
    /// A code beside the class, where the dialect has one; else empty.
    pub(super) code: &'static str,
    /// What people read.
    pub(super) message: Cow<'static, str>,
}

impl ProviderError {
    pub(super) fn new(status: u16, kind: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, kind, code, message: message.into() }
    }
}

/// One dialect.
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
    fn stream_type(&self) -> &'static str {
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

    /// What the dialect says for a fault. Never asked for a bare status.
    fn refusal(&self, fault: &ProviderFault) -> ProviderError;
    /// The refusal in the dialect's envelope.
    fn error_body(&self, refusal: &ProviderError) -> Value;
    /// The headers that go with it, besides its content type and the time to come back.
    fn error_headers(&self, _refusal: &ProviderError) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// How it tells when to come back.
    fn retry_form(&self) -> RetryForm {
        RetryForm::Seconds
    }
    /// The headers that tell what is left of its limits; most tell nothing. `wall` is seconds since 1970.
    fn quota_headers(&self, _quotas: &Quotas, _wall: u64) -> Vec<(String, String)> {
        Vec::new()
    }
    /// Whether a filter of content is told by an answer with status 200 that ends for that reason, and not by an error.
    fn filter_is_an_answer(&self) -> bool {
        true
    }

    /// The headers by which a support desk finds a request again.
    fn receipt(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)>;
}

/// Who speaks a dialect. A service of plain HTTP or tcp is taken to speak OpenAI's, as gateways do.
pub(super) const fn provider_api(dialect: Dialect) -> &'static dyn ProviderApi {
    match dialect {
        Dialect::OpenAi | Dialect::Http | Dialect::Tcp => &OpenAi,
        Dialect::AzureOpenAi => &Azure,
        Dialect::Anthropic => &Anthropic,
        Dialect::Bedrock => &Bedrock,
        Dialect::Vertex => &Vertex,
    }
}
