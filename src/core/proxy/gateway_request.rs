//! What was asked, kept for as long as its answer lasts: a toxic that comes in the middle may ask what it is that it takes.

use super::straight_request::StraightRequest;
use super::upload::Upload;
use crate::dialect::{Route, credential, tenant};
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
    head: AskedHead,
    from: Option<Arc<str>>,
    upload: Arc<Upload>,
}

/// The head of a request, as it was read.
#[derive(Debug)]
enum AskedHead {
    /// By hyper.
    Parts { method: Method, uri: Uri, headers: HeaderMap },
    /// In place.
    Lines(StraightRequest),
}

/// How much of a path is told of a request that has no mark.
const PATH: usize = 120;

/// The fields of a request's body that faults ask about.
#[derive(Default, Deserialize)]
struct BodyFields {
    model: Option<String>,
    stream: Option<bool>,
}

impl GatewayRequest {
    /// Of a number and a moment, on a connection that comes from there.
    pub(super) fn new(dialect: Dialect, (number, at): (u64, HostTime), from: Option<Arc<str>>, parts: &Parts, upload: Arc<Upload>) -> Self {
        let head = AskedHead::Parts { method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone() };
        Self { dialect, at, number, head, from, upload }
    }

    /// The same of one whose head was read in place.
    pub(super) fn straight(
        dialect: Dialect,
        (number, at): (u64, HostTime),
        from: Option<Arc<str>>,
        request: StraightRequest,
        upload: Arc<Upload>,
    ) -> Self {
        Self { dialect, at, number, head: AskedHead::Lines(request), from, upload }
    }

    /// Its head, where it was read in place.
    pub(super) const fn lines(&self) -> Option<&StraightRequest> {
        match &self.head {
            AskedHead::Lines(request) => Some(request),
            AskedHead::Parts { .. } => None,
        }
    }

    /// Method and path, for anyone who asks what those requests are that are nobody's. What stands behind `?` may be a secret.
    pub(super) fn line(&self) -> String {
        let path = self.path();
        format!("{} {}", self.method(), path.char_indices().nth(PATH).map_or(path, |(end, _)| &path[..end]))
    }

    /// Whose tenant it names.
    pub(super) fn tenant(&self) -> Option<Fingerprint> {
        tenant(|name| self.header(name)).map(|named| Fingerprint::of(&named))
    }

    /// What its path says that the provider shall do.
    pub(super) fn operation(&self) -> Operation {
        if let Some(Route::Inference { operation, .. }) = self.route() { operation } else { Operation::Chat }
    }

    fn route(&self) -> Option<Route> {
        let query = match &self.head {
            AskedHead::Parts { uri, .. } => uri.query(),
            AskedHead::Lines(request) => request.query(),
        };
        Route::of(self.dialect, self.method(), self.path(), query)
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
        match &self.head {
            AskedHead::Parts { method, .. } => method.as_str(),
            AskedHead::Lines(request) => request.method(),
        }
    }

    fn path(&self) -> &str {
        match &self.head {
            AskedHead::Parts { uri, .. } => uri.path(),
            AskedHead::Lines(request) => request.path(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        match &self.head {
            AskedHead::Parts { headers, .. } => headers.get(name).and_then(|value| value.to_str().ok()),
            AskedHead::Lines(request) => request.header(name),
        }
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
