//! One HTTP request to a store or an issuer: bounded, never redirected (a key must not follow), its end sorted into known and unknown.

use super::SecretError;
use super::error::words;
use crate::units::Secret;
use crate::web::{self, Purpose};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Method, Url};
use serde_json::Value;
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// No request may take longer than this.
const TIMEOUT: Duration = Duration::from_secs(10);
/// An answer is read up to here; a Secret of Kubernetes may have 1 MiB. In bytes.
const LONGEST: usize = 2 << 20;

/// A client of one HTTP API: its address, and the connections to it.
#[derive(Debug, Clone)]
pub(super) struct ApiClient {
    http: reqwest::Client,
    base: Url,
}

/// One request to an API.
pub(super) struct ApiRequest<'a> {
    pub(super) method: Method,
    /// Path and query behind the address, escaped.
    pub(super) path: &'a str,
    pub(super) headers: Vec<(&'a str, Secret)>,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
}

impl<'a> ApiRequest<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, headers: Vec::new(), body: None }
    }

    pub(super) fn post(path: &'a str, body: &Value) -> Self {
        Self { method: Method::POST, ..Self::get(path) }.json(body)
    }

    pub(super) fn json(self, body: &Value) -> Self {
        Self { body: Some(Zeroizing::new(body.to_string().into_bytes())), ..self }.header("content-type", "application/json".to_owned())
    }

    pub(super) fn header(mut self, name: &'a str, value: String) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, Secret::new(value)));
        self
    }
}

/// The response to a request.
pub(super) struct ApiResponse {
    pub(super) status: u16,
    /// `null` where the body is empty or not JSON.
    pub(super) body: Value,
    /// The body as it stood; of what is no UTF-8, what can be read.
    pub(super) text: Zeroizing<String>,
}

impl ApiResponse {
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl ApiClient {
    /// To an address; `authority` is a PEM file of a private authority to trust besides the public ones.
    pub(super) fn to(address: &str, authority: Option<&Path>, place: &str) -> Result<Self, SecretError> {
        let wrong = |problem: String, hint: &str| SecretError::Malformed { place: place.to_owned(), problem, hint: hint.to_owned() };
        let base = address.trim_end_matches('/').parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| wrong(format!("`{address}` is not an address"), "write scheme, host and port"))?;
        let mut builder = web::client(Purpose::Secrets).connect_timeout(TIMEOUT).timeout(TIMEOUT);
        if let Some(path) = authority {
            let pem = crate::host::bytes_of(path, crate::host::CERTIFICATES_MAX)
                .map_err(|error| wrong(format!("{} cannot be read: {error}", path.display()), "name the PEM file of the authority"))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| {
                wrong(format!("{} is not a PEM file of certificates", path.display()), "name the PEM file of the authority")
            })?;
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(|error| wrong(innermost(&error), "check that the system's certificates are installed"))?;
        Ok(Self { http, base })
    }

    /// The address, without a slash at its end.
    pub(super) fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The whole URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address())
    }

    /// Sends it and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`SecretError::Unreachable`] where it was certainly not received, or changes nothing; else [`SecretError::Unknown`].
    pub(super) async fn ask(&self, request: ApiRequest<'_>, place: &str) -> Result<ApiResponse, SecretError> {
        let reads = request.method == Method::GET;
        let failed = |error: reqwest::Error| {
            let connect = error.is_connect();
            let timeout = error.is_timeout();
            // An error of this library may bear the whole URL; only its cause is told.
            let problem = if timeout { format!("no answer within {} s", TIMEOUT.as_secs()) } else { innermost(&error) };
            if reads || connect {
                let hint = format!("check that {} can be reached from this host", self.address());
                SecretError::Unreachable { place: place.to_owned(), problem, hint }
            } else {
                SecretError::Unknown { place: place.to_owned(), problem }
            }
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let pair = HeaderName::try_from(*name).ok().zip(HeaderValue::try_from(value.expose()).ok());
            let Some((name, mut value)) = pair else {
                return Err(SecretError::Malformed {
                    place: place.to_owned(),
                    problem: format!("what is sent in `{name}` is not valid in a header"),
                    hint: "check that the key is one line without control characters".to_owned(),
                });
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let mut call = self.http.request(request.method, self.url(request.path)).headers(headers);
        if let Some(body) = request.body {
            call = call.body(body.to_vec());
        }
        let mut response = call.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > LONGEST {
                return Err(SecretError::Malformed {
                    place: place.to_owned(),
                    problem: "its answer is longer than 2 MiB".to_owned(),
                    hint: format!("check what answers at {}", self.address()),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
        Ok(ApiResponse { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null), text })
    }
}

/// The error for an answer with a bad status. `said` is what the server gave as its reason.
pub(super) fn refused(place: &str, status: u16, said: &str, secrets: &[&Secret], hint: &str) -> SecretError {
    let said = words(said, secrets);
    let why = if said.is_empty() { format!("status {status}") } else { format!("status {status}, {said}") };
    match status {
        // Whoever stands before the store may have given up waiting for it.
        500.. => SecretError::Unknown { place: place.to_owned(), problem: why },
        _ => SecretError::Refused { place: place.to_owned(), why, hint: hint.to_owned() },
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut source = error.source();
    let mut told = "the request failed".to_owned();
    while let Some(inner) = source {
        told = inner.to_string();
        source = inner.source();
    }
    told
}

/// A path's segments, each escaped; slashes stay.
pub(super) fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
