//! Why a try of the reference gateway on a provider was not an answer.

use crate::dialect::error_code;
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::body::Incoming;
use hyper::{Response, StatusCode};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use std::fmt;
use std::time::Duration;

/// How much of a refusal's body is read, and for how long: enough to name it and to keep its connection.
const REFUSAL: (usize, Duration) = (64 << 10, Duration::from_millis(100));

/// HTTP client with the connections to one upstream.
pub(super) type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Failure of a try: no answer, or one that another provider may do better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TryFailure {
    /// No connection.
    Connect,
    /// The connection ended before the response's headers.
    Cut,
    /// No headers in time.
    Timeout(Duration),
    /// A status that another provider may do better.
    Status(u16, Option<String>),
}

impl TryFailure {
    /// Of a request that got no headers.
    pub(super) fn of(error: &Error) -> Self {
        if error.is_connect() { Self::Connect } else { Self::Cut }
    }
}

impl fmt::Display for TryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("no connection"),
            Self::Cut => f.write_str("connection cut before an answer"),
            Self::Timeout(after) => write!(f, "no answer within {}", crate::units::Duration::from(*after)),
            Self::Status(status, None) => write!(f, "status {status}"),
            Self::Status(status, Some(code)) => write!(f, "status {status} ({code})"),
        }
    }
}

/// True for a status that speaks of the provider and not of the request.
pub(super) const fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 408 | 429 | 500..)
}

/// Names what a refusal says, reading its body briefly.
pub(super) async fn refusal(response: Response<Incoming>) -> TryFailure {
    let (head, body) = response.into_parts();
    let read = tokio::time::timeout(REFUSAL.1, Limited::new(body, REFUSAL.0).collect()).await;
    let body = read.ok().and_then(Result::ok).map(Collected::to_bytes).unwrap_or_default();
    TryFailure::Status(head.status.as_u16(), error_code(|name| head.headers.get(name)?.to_str().ok(), &body))
}
