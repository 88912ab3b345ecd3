//! One call to a control API: sent, timed, and its end sorted into known and unknown.

use super::ControlError;
use super::error::{AnswerProblem, TIMEOUT};
use crate::api::ApiError;
use crate::units::Problem;
use crate::web::{self, Purpose};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

/// A connection that was idle for longer may be closed by the server in the very moment that a call is sent on it.
const IDLE: Duration = Duration::from_secs(20);

/// HTTP client of one control API. It never obeys `HTTP_PROXY`, so that no fault is injected through somebody else.
#[derive(Debug, Clone)]
pub(super) struct ControlClient {
    http: reqwest::Client,
    base: Url,
}

/// Answer to a call, whatever its status.
#[derive(Debug)]
pub(super) struct ControlReply {
    pub(super) status: u16,
    /// As it stands; `null` where the body is empty or not JSON.
    pub(super) body: Value,
    /// That it sends on to somewhere else.
    sends_on: Option<Problem>,
}

impl ControlReply {
    /// The record that the body is; `None` where it is another, or none.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        read(&self.body)
    }
}

/// The record that this is; `None` where it is another.
pub(super) fn read<T: DeserializeOwned>(body: &Value) -> Option<T> {
    T::deserialize(body).ok()
}

/// True for the address of a control API on this host.
pub fn is_here(url: &str) -> bool {
    let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let Ok(url) = full.parse::<Url>() else { return false };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

impl ControlClient {
    /// To the control API at `url`; `http://` may be left out. The token is sent with every call.
    ///
    /// # Errors
    /// Where `url` is none.
    pub(super) fn to(url: &str, token: Option<&str>) -> Result<Self, ControlError> {
        let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let not = |problem: String| ControlError::NotControl { url: url.to_owned(), problem: problem.into() };
        let base = full.parse::<Url>().map_err(|error| not(error.to_string()))?;
        if base.cannot_be_a_base() {
            return Err(not("this is not an address".into()));
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| not("its token is not valid in a header".into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let builder = web::client(Purpose::Faults).default_headers(headers).connect_timeout(TIMEOUT).pool_idle_timeout(IDLE);
        let http = builder.build().map_err(|error| not(told(&error)))?;
        Ok(Self { http, base })
    }

    /// The control API, for messages.
    pub(super) fn url(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// A request to these path segments; each is escaped.
    pub(super) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.http.request(method, url).header("x-lifeboat", "1")
    }

    /// Sends a request and takes the head of its answer. `what` completes "to …".
    ///
    /// # Errors
    /// [`ControlError::Unreachable`] where it was certainly not received, else [`ControlError::Unknown`].
    pub(super) async fn send(&self, request: RequestBuilder, what: &str) -> Result<Response, ControlError> {
        request.send().await.map_err(|error| {
            if error.is_connect() {
                return ControlError::Unreachable { url: self.url(), problem: told(&error) };
            }
            self.unknown(what, &error)
        })
    }

    /// Sends a request with an optional body and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// As [`ControlClient::send`].
    pub(super) async fn ask(&self, method: Method, path: &[&str], body: Option<&Value>, what: &str) -> Result<ControlReply, ControlError> {
        let mut request = self.request(method, path).timeout(TIMEOUT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = self.send(request, what).await?;
        let status = response.status().as_u16();
        let sends_on = web::sends_on(status, response.headers(), response.url());
        let bytes = response.bytes().await.map_err(|error| self.unknown(what, &error))?;
        Ok(ControlReply { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null), sends_on })
    }

    /// The same, where only success is an answer.
    ///
    /// # Errors
    /// As [`ControlClient::send`], and [`ControlError::Refused`].
    pub(super) async fn call(&self, method: Method, path: &[&str], body: Option<&Value>, what: &str) -> Result<Value, ControlError> {
        let reply = self.ask(method, path, body, what).await?;
        if (200..300).contains(&reply.status) { Ok(reply.body) } else { Err(self.refused(&reply, what)) }
    }

    /// The error for an answer with a bad status.
    pub(super) fn refused(&self, reply: &ControlReply, what: &str) -> ControlError {
        let said: Option<ApiError> = reply.read();
        let (error, hint) = match (&reply.sends_on, said) {
            (Some(elsewhere), _) => (elsewhere.message.clone(), elsewhere.hint.clone()),
            (None, Some(said)) => (said.error, said.hint),
            (None, None) => ("no reason given".to_owned(), None),
        };
        ControlError::Refused { url: self.url(), what: what.to_owned(), status: reply.status, error, hint }
    }

    /// The error for a read-back that shows something else.
    pub(super) fn not_shown(&self, what: &str, shown: &Value) -> ControlError {
        let shown = if shown.is_null() { "nothing".to_owned() } else { shown.to_string() };
        ControlError::NotShown { url: self.url(), what: what.to_owned(), shown }
    }

    fn unknown(&self, what: &str, error: &reqwest::Error) -> ControlError {
        let problem = if error.is_timeout() { AnswerProblem::Silence } else { told(error).into() };
        ControlError::Unknown { url: self.url(), what: what.to_owned(), problem }
    }
}

/// An error's innermost cause: what the operating system said, without the layers around it.
pub(super) fn told(error: &reqwest::Error) -> String {
    let mut source = error.source();
    let mut told = error.to_string();
    while let Some(inner) = source {
        told = inner.to_string();
        source = inner.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn only_loopback_is_here() {
        for here in ["127.0.0.1:8474", "http://127.9.9.9", "http://[::1]:1/", "http://LOCALHOST:1", "https://localhost"] {
            assert!(is_here(here), "{here}");
        }
        for far in
            ["http://10.0.0.1:1", "http://127.0.0.1.example", "http://localhost.example", "http://127.0.0.1@gw.example", "${url}", ""]
        {
            assert!(!is_here(far), "{far}");
        }
    }
}
