//! Where a proxy leads: an address for bytes, or a base URL for exchanges with a pool of connections to it.

use super::exchange::RequestBody;
use crate::model::Dialect;
use hyper::http::uri::{Authority, Scheme};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;

/// A provider that cannot be connected to within this is unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How the provider is reached.
#[derive(Debug, Clone)]
pub(super) enum Upstream {
    /// `host:port`, bytes only.
    Tcp(String),
    /// HTTP exchanges.
    Http(HttpUpstream),
}

/// A provider that is asked over HTTP.
#[derive(Debug, Clone)]
pub(super) struct HttpUpstream {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) dialect: Dialect,
    pub(super) client: Client<HttpsConnector<HttpConnector>, RequestBody>,
}

impl Upstream {
    /// Reads `host:port`, or with a dialect `http://host:port`, `https://host`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Self, String> {
        if dialect == Dialect::Tcp {
            let text = text.strip_prefix("tcp://").unwrap_or(text);
            let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/')).map(|(_, port)| port);
            return match port.map(str::parse::<u16>) {
                Some(Ok(_)) => Ok(Self::Tcp(text.to_owned())),
                _ => Err(format!("upstream `{text}` is not host:port")),
            };
        }
        let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let bad = || format!("upstream `{text}` is not http://host:port or https://host, without a path");
        let parts = url.parse::<hyper::Uri>().map_err(|_| bad())?.into_parts();
        let plain = parts.path_and_query.is_none_or(|path| path == "/");
        let (Some(scheme), Some(authority), true) = (parts.scheme, parts.authority, plain) else { return Err(bad()) };
        if (scheme != Scheme::HTTP && scheme != Scheme::HTTPS) || authority.as_str().contains('@') {
            return Err(bad());
        }
        Ok(Self::Http(HttpUpstream { scheme, authority, dialect, client: client()? }))
    }
}

fn client() -> Result<Client<HttpsConnector<HttpConnector>, RequestBody>, String> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|error| format!("TLS is not available: {error}"))?
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    let mut builder = Client::builder(TokioExecutor::new());
    // The pool's timer closes connections that a provider would soon close itself, in the middle of a request.
    builder.set_host(false).pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(60));
    Ok(builder.build(connector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_nonsense_is_refused() {
        for text in ["127.0.0.1:80", "[::1]:80", "localhost:8080", "tcp://localhost:8080"] {
            assert!(matches!(Upstream::parse(text, Dialect::Tcp), Ok(Upstream::Tcp(_))), "{text}");
        }
        for text in ["localhost", ":80", "http://h:80", "h:99999", "", "h:80/x"] {
            assert!(Upstream::parse(text, Dialect::Tcp).is_err(), "{text}");
        }
        for text in ["https://api.example", "http://127.0.0.1:80", "127.0.0.1:80", "http://h/"] {
            assert!(matches!(Upstream::parse(text, Dialect::OpenAi), Ok(Upstream::Http(_))), "{text}");
        }
        for text in ["ftp://h", "https://", "https://h/v1", "https://user:word@h", "", "http://h?x"] {
            assert!(Upstream::parse(text, Dialect::OpenAi).is_err(), "{text}");
        }
    }
}
