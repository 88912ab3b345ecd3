//! What was asked, kept for as long as its answer lasts: a toxic that comes in the middle may ask what it is that it takes.

use crate::dialect::{Route, credential};
use crate::fault::Matched;
use crate::journal::HostTime;
use crate::model::Dialect;
use crate::units::Fingerprint;
use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Uri};
use serde::Deserialize;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) dialect: Dialect,
    /// When it came.
    pub(super) at: HostTime,
    /// Its place among the requests of its proxy, for partial faults.
    pub(super) number: u64,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// What matters of a body.
#[derive(Default, Deserialize)]
struct Ask {
    model: Option<String>,
    stream: Option<bool>,
}

impl Asked {
    pub(super) fn new(dialect: Dialect, number: u64, at: HostTime, parts: &Parts, body: Bytes) -> Self {
        Self { dialect, at, number, method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone(), body }
    }
}

impl Matched for Asked {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn body(&self) -> &[u8] {
        &self.body
    }

    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn key(&self) -> Option<Fingerprint> {
        credential(self.dialect, |name| self.header(name)).map(Fingerprint::of)
    }

    fn ask(&self) -> (Option<String>, bool) {
        let ask: Ask = serde_json::from_slice(&self.body).unwrap_or_default();
        let (model, streamed) = match Route::of(self.dialect, self.method(), self.path(), self.uri.query()) {
            Some(Route::Chat { model, streamed }) => (model, streamed),
            _ => (None, false),
        };
        (model.or(ask.model), streamed || ask.stream.unwrap_or(false))
    }
}
