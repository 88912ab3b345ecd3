//! Requests and answers as bytes: what every dialect becomes, and what travels between the rooms.

use serde_json::Value;
/// An HTTP request as bytes; its path follows the base URL of the service or provider.
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

/// An HTTP response as bytes.
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
    /// A response of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json".into())], body: body.to_string().into_bytes() }
    }
}

/// The identifiers of a request by which a provider's support finds it again.
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
