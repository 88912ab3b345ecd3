//! What is the same for all requests to one service: where they go, how their connections are made, and their common headers.

use super::TrafficError;
use super::endpoint::{ConnectOptions, Endpoint};
use super::plain_check::ExpectedAnswer;
use super::pool::ConnectionPool;
use super::target::{ClientSettings, Target};
use crate::dialect::{ClientRequest, MARK_HEADER, WireRequest, wire_request, with_parameters};
use crate::history::Turns;
use crate::model::{Connections, HttpVersion, PlainRequest};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, StatusCode, Uri};
use std::sync::Arc;

/// So many sessions the traffic's requests are of, by turns: enough that a small share of them is some.
pub(super) const SESSIONS: u64 = 1000;

/// What a request is made of.
#[derive(Debug)]
pub(super) struct RequestParts {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A target with everything that is the same for all its requests: endpoint, prefix of paths, headers.
pub(super) struct ServiceConnector {
    pub(super) target: Target,
    pub(super) settings: ClientSettings,
    pub(super) endpoint: Arc<Endpoint>,
    /// What stands before a path: the base URL's own path, and its origin too where a forward proxy or HTTP/2 wants it.
    prefix: String,
    /// The same with the plain request's path.
    plain_uri: Uri,
    headers: HeaderMap,
    /// What the answer to a plain request must be.
    pub(super) expected: Option<ExpectedAnswer>,
}

impl ServiceConnector {
    /// Checks the address; opens nothing.
    pub(super) fn new(target: Target, settings: ClientSettings) -> Result<Self, TrafficError> {
        let wrong = |problem: String| TrafficError::Address { url: target.base_url.clone(), problem };
        let uri: Uri = target.base_url.parse().map_err(|error: hyper::http::uri::InvalidUri| wrong(error.to_string()))?;
        let known = matches!(uri.scheme_str(), Some("http" | "https")) || (settings.bytes && uri.scheme_str() == Some("tcp"));
        let Some(authority) = uri.authority().filter(|authority| known && !authority.host().is_empty()) else {
            return Err(wrong("it has no scheme or no host".into()));
        };
        let options = ConnectOptions {
            authority: settings.authority.as_deref(),
            proxy: settings.proxy.as_deref(),
            http2: settings.wire.http == HttpVersion::Two && !settings.bytes,
            bytes: settings.bytes,
        };
        let endpoint = Arc::new(Endpoint::new(&uri, options).map_err(wrong)?);
        let path = target.base_url.trim_end_matches('/').splitn(4, '/').nth(3).map_or_else(String::new, |path| format!("/{path}"));
        let whole = endpoint.is_asked_of_proxy() || options.http2;
        let origin = if whole { format!("{}://{authority}", uri.scheme_str().unwrap_or("http")) } else { String::new() };
        let prefix = origin + &path;
        let plain_path = settings.plain.as_ref().map_or("", |plain| plain.path.as_str());
        let plain_uri = uri_of(&prefix, plain_path).map_err(|()| wrong(format!("`{plain_path}` is not a path")))?;
        let mut headers = HeaderMap::new();
        if !options.http2 {
            let host = HeaderValue::from_str(authority.as_str()).map_err(|error| wrong(error.to_string()))?;
            headers.insert(HOST, host);
            if settings.wire.connections == Connections::PerRequest {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
        let expected = settings.plain.as_ref().map(ExpectedAnswer::to);
        Ok(Self { endpoint, prefix, plain_uri, headers, expected, settings, target })
    }

    pub(super) fn pool(&self) -> ConnectionPool {
        ConnectionPool::new(self.endpoint.clone(), self.settings.wire.connections, self.settings.wire.http)
    }

    /// The request as HTTP; `None` where it cannot be put into HTTP.
    pub(super) fn http_request(&self, request: &ClientRequest) -> Option<Request<Full<Bytes>>> {
        let RequestParts { method, uri, headers, body } = self.parts(request, self.turn_of(request.mark.id))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some(request)
    }

    /// Whose credential the request of this identifier has: the place among those whose turns are drawn.
    pub(super) fn turn_of(&self, id: u64) -> usize {
        Turns::drawn(self.settings.seed, Turns::KEYS, self.settings.keys.len()).of(id)
    }

    /// What the request is made of, with the credential at this place; `None` where it cannot be put into HTTP.
    pub(super) fn parts(&self, request: &ClientRequest, turn: usize) -> Option<RequestParts> {
        match &self.settings.plain {
            Some(plain) => self.plain_request(plain, request),
            None => self.chat_request(request, turn),
        }
    }

    /// Whether an answer with this status can be service.
    pub(super) fn accepts(&self, status: StatusCode) -> bool {
        self.settings.plain.as_ref().map_or_else(|| status.is_success(), |plain| status == plain.status)
    }

    fn chat_request(&self, request: &ClientRequest, turn: usize) -> Option<RequestParts> {
        let key = self.settings.keys.get(turn).unwrap_or(&self.target.key);
        let WireRequest { method, path, headers, body } = wire_request(self.target.dialect, request, key.expose());
        let uri = uri_of(&self.prefix, &path).ok()?;
        let mut all = self.headers.clone();
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), HeaderValue::try_from(value).ok()?);
        }
        let body = with_parameters(body, &self.settings.body);
        self.finish(Method::from_bytes(method.as_bytes()).ok()?, uri, all, body.into(), request)
    }

    fn plain_request(&self, plain: &PlainRequest, request: &ClientRequest) -> Option<RequestParts> {
        let mut all = self.headers.clone();
        all.insert(HeaderName::from_static(MARK_HEADER), HeaderValue::try_from(request.mark.to_string()).ok()?);
        let (method, body) = plain.send.as_ref().map_or((Method::GET, Bytes::new()), |body| (Method::POST, body.clone().into()));
        self.finish(method, self.plain_uri.clone(), all, body, request)
    }

    /// Headers of one's own come last, and win.
    fn finish(&self, method: Method, uri: Uri, mut headers: HeaderMap, body: Bytes, asked: &ClientRequest) -> Option<RequestParts> {
        if let Some(name) = &self.settings.session {
            let session = format!("lifeboat-{}", asked.mark.id % SESSIONS);
            headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(session).ok()?);
        }
        for (name, value) in &self.settings.headers {
            headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
        }
        Some(RequestParts { method, uri, headers, body })
    }
}

fn uri_of(prefix: &str, path: &str) -> Result<Uri, ()> {
    let text = format!("{prefix}{path}");
    let text = if text.is_empty() || text.starts_with('?') { format!("/{text}") } else { text };
    if text.starts_with('/') { PathAndQuery::try_from(text).map(Uri::from).map_err(|_| ()) } else { Uri::try_from(text).map_err(|_| ()) }
}
