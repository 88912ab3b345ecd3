//! How providers speak: requests, answers, streams, errors. Pure bytes in, bytes out, shared by traffic, lab and proxy.
//!
//! A client ([`wire_request`], [`AnswerReader`]), a server ([`Route`], [`ProviderRequest`], [`ProviderAnswer`]) and what a proxy must
//! recognise on the way ([`find_mark`], [`credential`], [`error_answer`]) are written against the same shapes, so that what the lab
//! answers and what the traffic checks cannot drift apart. What keeps them honest is that unmodified clients and gateways of
//! others talk to both sides.
//!
//! Each dialect is one file, which says what it does its own way whatever it is asked (`tongue` lists what that is), and each thing that it
//! can be asked for has a form (`form` lists what that is): in the dialect's own file, or in one beside it.
//!
//! ```text
//!  openai       paths, keys, limits, errors             azure        OpenAI's forms on Azure's paths, with its errors
//!  completions  chat completions                        bedrock      converse, converse-stream
//!  responses    responses                               invoke       InvokeModel, for Anthropic's models
//!  embeddings   texts as vectors                        eventstream  AWS's binary frames and their checksums
//!  anthropic    messages                                vertex       generateContent, streamGenerateContent
//! ```
//!
//! `events` tells where the events of a stream end, `sent` what their lines say, `tamper` what they become when they go wrong, `limit` what
//! providers say of limits.
//!
//! What this room does not do: sockets, time, randomness, or deciding which fault to play.

mod answer;
mod anthropic;
mod ask;
mod azure;
mod bedrock;
mod completions;
mod credential;
mod demand;
mod embeddings;
mod events;
mod eventstream;
mod failure;
mod form;
mod invoke;
mod lenient;
mod limit;
mod mark;
mod moment;
mod openai;
mod reply;
mod responses;
mod route;
mod sent;
mod tamper;
mod tongue;
mod usage;
mod vertex;

pub use answer::{AnswerReader, Flaw};
pub use ask::{ClientRequest, canary, plain_request, prompt, request_tokens, wire_request, with_parameters};
pub use credential::{credential, credential_header, head_fault};
pub use demand::{ProviderRequest, Vectors};
pub use events::{Boundary, EventSplitter, StreamEvent};
pub use failure::{ProviderFault, error_answer, error_code, error_event, error_reply};
pub use form::AnswerFormat;
pub use limit::{Quota, Quotas, estimated_tokens, quota_headers, retry_headers};
pub use mark::{MARK_HEADER, Mark, find_mark};
pub use reply::{ProviderAnswer, is_stream};
pub use route::{Route, base_path, is_inference};
pub use tamper::{error_midway, has_data, is_terminal, malformed, sign_of_life, with_garbled_text, with_other_model};
pub use usage::reported_tokens;

use crate::model::Dialect;
use serde_json::Value;

/// A request as bytes: what follows the base URL of whoever is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query after the base URL; begins with `/`.
    pub path: String,
    /// Header names in lower case, and values. `host` and `content-length` are the client's business.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireAnswer {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WireAnswer {
    /// An answer of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json".into())], body: body.to_string().into_bytes() }
    }
}

/// What a provider notes about a request for those who will ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The provider's identifier of it.
    pub id: &'a str,
    /// The client's own, where it sent one.
    pub client_id: Option<&'a str>,
    /// Where it was worked on.
    pub region: &'a str,
    /// How long that took until the answer began, in milliseconds.
    pub took_ms: u128,
}

/// The headers by which a support desk finds a request again.
pub fn receipt_headers(dialect: Dialect, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
    tongue::provider_api(dialect).receipt(receipt)
}

/// The list of models as a provider of this dialect gives it.
pub fn model_list(dialect: Dialect, names: &[&str]) -> WireAnswer {
    WireAnswer::json(200, &tongue::provider_api(dialect).models(names))
}

/// One model as a provider of this dialect tells it by itself.
pub fn model(dialect: Dialect, name: &str) -> WireAnswer {
    WireAnswer::json(200, &tongue::provider_api(dialect).model(name))
}
