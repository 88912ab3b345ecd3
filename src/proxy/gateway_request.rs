//! What was asked, kept for as long as its answer lasts: a toxic that comes in the middle may ask what it is that it takes.

use super::upload::Upload;
use crate::dialect::{Route, credential};
use crate::fault::{Asking, Matched};
use crate::journal::HostTime;
use crate::model::{Dialect, Operation};
use crate::units::Fingerprint;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Uri};
use serde::Deserialize;
use std::sync::Arc;

/// A request of the gateway, kept for as long as its answer lasts.
#[derive(Debug)]
pub(super) struct GatewayRequest {
    pub(super) dialect: Dialect,
    /// When it came.
    pub(super) at: HostTime,
    /// Its place among the requests of its proxy, for partial faults.
    pub(super) number: u64,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    from: Option<Arc<str>>,
    upload: Arc<Upload>,
}

/// The fields of a request's body that faults ask about.
#[derive(Default, Deserialize)]
struct BodyFields {
    model: Option<String>,
    stream: Option<bool>,
}

impl GatewayRequest {
    /// Of a number and a moment, on a connection that comes from there.
    pub(super) fn new(dialect: Dialect, (number, at): (u64, HostTime), from: Option<Arc<str>>, parts: &Parts, upload: Arc<Upload>) -> Self {
        Self { dialect, at, number, method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone(), from, upload }
    }

    /// What its path says that the provider shall do.
    pub(super) fn operation(&self) -> Operation {
        if let Some(Route::Inference { operation, .. }) = self.route() { operation } else { Operation::Chat }
    }

    fn route(&self) -> Option<Route> {
        Route::of(self.dialect, self.method.as_str(), self.uri.path(), self.uri.query())
    }
}

impl Matched for GatewayRequest {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn body(&self) -> &[u8] {
        self.upload.whole()
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

    fn address(&self) -> Option<&str> {
        self.from.as_deref()
    }

    fn key(&self) -> Option<Fingerprint> {
        credential(self.dialect, |name| self.header(name)).map(Fingerprint::of)
    }

    fn ask(&self) -> Asking {
        let ask: BodyFields = serde_json::from_slice(self.body()).unwrap_or_default();
        let (operation, model, streamed) = match self.route() {
            Some(Route::Inference { operation, model, streamed }) => (operation, model, streamed),
            _ => (Operation::Chat, None, false),
        };
        Asking { operation, model: model.or(ask.model), streamed: streamed || ask.stream.unwrap_or(false) }
    }
}
