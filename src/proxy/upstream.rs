//! Where a proxy leads: an address for bytes, or a base URL for exchanges with a pool of connections to it.

use super::registry::ServerContext;
use super::upload::UpstreamBody;
use super::upstream_route::{UpstreamConnector, UpstreamRoute};
use crate::listen::HEAD_LINES;
use crate::model::Dialect;
use hyper::http::uri::{Authority, Scheme};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::ServerName;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// HTTP/2 without TLS, which both sides must know beforehand (RFC 9113, 3.3).
const H2C: &str = "h2c";

/// Address of an upstream in a form that can be compared: two texts that lead to the same place are equal here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UpstreamAddress {
    /// `None` for bytes.
    scheme: Option<Scheme>,
    /// In small letters, without brackets and without a last dot.
    pub(super) host: String,
    pub(super) port: u16,
}

/// The longest head of a request or an answer. Servers that are in use send up to a few tens of kilobytes; curl takes 300.
pub(super) const HEAD_BYTES: usize = 400 << 10;
/// The same over HTTP/2, where each field counts as 32 bytes longer than it is (RFC 9113, section 6.5.2).
pub(super) const HEAD_LIST: u32 = 512 << 10;

/// Upstream of a proxy: how the provider behind it is reached.
#[derive(Debug, Clone)]
pub(super) enum ProxyUpstream {
    /// Bytes only.
    Tcp(UpstreamAddress),
    /// HTTP exchanges.
    Http(Box<HttpUpstream>),
}

/// A provider that is asked over HTTP.
#[derive(Debug, Clone)]
pub(super) struct HttpUpstream {
    address: UpstreamAddress,
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) dialect: Dialect,
    /// HTTP/2 where the provider offers it, else HTTP/1.1.
    pub(super) client: HttpClient,
    /// HTTP/1.1 only.
    pub(super) http1: HttpClient,
    /// HTTP/2 only; within TLS as the provider offers it.
    pub(super) http2: HttpClient,
    /// The provider knows HTTP/2 without TLS.
    is_h2c: bool,
}

impl HttpUpstream {
    /// True where a request goes over HTTP/2 and nothing else: because the provider was said to speak that, or because a call of gRPC knows
    /// no other.
    pub(super) const fn is_http2(&self, is_grpc: bool) -> bool {
        self.is_h2c || is_grpc
    }
}

type HttpClient = Client<HttpsConnector<UpstreamConnector>, UpstreamBody>;

/// Pattern of the hosts that a proxy answers for in the forward proxy: `host` with any port, or `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPattern {
    host: String,
    port: Option<u16>,
}

impl HostPattern {
    /// Reads `host` or `host:port`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("host `{text}` is not HOST or HOST:PORT");
        let authority: Authority = text.parse().map_err(|_| bad())?;
        let is_ported = authority.as_str().len() > authority.host().len();
        match authority.port_u16() {
            None if is_ported || authority.as_str().contains('@') => Err(bad()),
            port => Ok(Self { host: plain(authority.host()), port }),
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// True where a connection to this host and port is meant.
    pub(super) fn to(&self, host: &str, port: u16) -> bool {
        self.host == plain(host) && self.port.is_none_or(|own| own == port)
    }

    /// True where everything that `other` answers for is answered for here.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.host == other.host && (self.port.is_none() || self.port == other.port)
    }
}

/// As hosts are compared.
fn plain(host: &str) -> String {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    host.strip_suffix('.').map(str::to_owned).unwrap_or(host)
}

impl UpstreamAddress {
    /// Reads `host:port`, or with a dialect `http://host:port`, `https://host`, `h2c://host:port`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Self, String> {
        if dialect == Dialect::Tcp {
            let text = text.strip_prefix("tcp://").unwrap_or(text);
            let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'));
            return match parts.map(|(host, port)| (plain(host), port.parse())) {
                Some((host, Ok(port))) => Ok(Self { scheme: None, host, port }),
                _ => Err(format!("upstream `{text}` is not host:port")),
            };
        }
        let (scheme, authority) = origin(text)?;
        let port = authority.port_u16().unwrap_or(if scheme == Scheme::HTTPS { 443 } else { 80 });
        Ok(Self { host: plain(authority.host()), scheme: Some(scheme), port })
    }

    /// Host and port, as they are written in an address.
    pub(super) fn place(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Who it is, for those who ask for it by name.
    pub(super) fn answers(&self) -> HostPattern {
        HostPattern { host: self.host.clone(), port: Some(self.port) }
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        match &self.scheme {
            Some(scheme) => write!(f, "{scheme}://{place}"),
            None => f.write_str(&place),
        }
    }
}

/// Scheme and authority of a base URL without a path.
fn origin(text: &str) -> Result<(Scheme, Authority), String> {
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let bad = || format!("upstream `{text}` is not http://host:port, https://host or h2c://host:port (HTTP/2 without TLS), without a path");
    let parts = url.parse::<hyper::Uri>().map_err(|_| bad())?.into_parts();
    let plain = parts.path_and_query.is_none_or(|path| path == "/");
    let (Some(scheme), Some(authority), true) = (parts.scheme, parts.authority, plain) else { return Err(bad()) };
    if (scheme != Scheme::HTTP && scheme != Scheme::HTTPS && scheme.as_str() != H2C) || authority.as_str().contains('@') {
        return Err(bad());
    }
    Ok((scheme, authority))
}

impl ProxyUpstream {
    /// Of the proxy with this route, as [`UpstreamAddress::parse`] reads it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str, dialect: Dialect, context: &ServerContext, route: &Arc<UpstreamRoute>) -> Result<Self, String> {
        let to = UpstreamAddress::parse(text, dialect)?;
        if dialect == Dialect::Tcp {
            return Ok(Self::Tcp(to));
        }
        let (scheme, authority) = origin(text)?;
        let is_h2c = scheme.as_str() == H2C;
        let scheme = if is_h2c { Scheme::HTTP } else { scheme };
        let connector = UpstreamConnector { route: route.clone(), to: to.clone() };
        let made = |speech| client(context, connector.clone(), speech);
        let (client, http1) = (made(HttpVersions::Either)?, made(HttpVersions::Http1)?);
        let http2 = if scheme == Scheme::HTTPS { client.clone() } else { made(HttpVersions::Http2)? };
        Ok(Self::Http(Box::new(HttpUpstream { address: to, scheme, authority, dialect, client, http1, http2, is_h2c })))
    }

    /// Where it leads.
    pub(super) fn address(&self) -> &UpstreamAddress {
        match self {
            Self::Tcp(address) => address,
            Self::Http(upstream) => &upstream.address,
        }
    }
}

/// The versions of HTTP that a pool of connections speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HttpVersions {
    /// Within TLS as is agreed there, else HTTP/1.1.
    Either,
    Http1,
    /// Without asking first.
    Http2,
}

fn client(context: &ServerContext, tcp: UpstreamConnector, speech: HttpVersions) -> Result<HttpClient, String> {
    // A gateway may ask for the provider by another name, and the certificate is the provider's all the same.
    let name = ServerName::try_from(tcp.to.host.clone()).map_err(|_| format!("upstream `{}` names no host", tcp.to))?;
    let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(context.trust.client()).https_or_http();
    let connector = connector.with_server_name_resolver(FixedServerNameResolver::new(name)).enable_http1();
    let connector =
        if speech == HttpVersions::Http1 { connector.wrap_connector(tcp) } else { connector.enable_http2().wrap_connector(tcp) };
    let mut builder = Client::builder(TokioExecutor::new());
    // The pool's timer closes connections that a provider would soon close itself, in the middle of a request.
    builder.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(60)).http2_only(speech == HttpVersions::Http2);
    builder.http1_max_buf_size(HEAD_BYTES).http1_max_headers(HEAD_LINES).http2_max_header_list_size(HEAD_LIST);
    Ok(builder.build(connector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_nonsense_is_refused() {
        let context = ServerContext::of_lifeboat();
        let route = UpstreamRoute::of(&context.routes);
        let parse = |text, dialect| ProxyUpstream::parse(text, dialect, &context, &route);
        for text in ["127.0.0.1:80", "[::1]:80", "localhost:8080", "tcp://localhost:8080"] {
            assert!(matches!(parse(text, Dialect::Tcp), Ok(ProxyUpstream::Tcp(_))), "{text}");
        }
        for text in ["localhost", ":80", "http://h:80", "h:99999", "", "h:80/x"] {
            assert!(parse(text, Dialect::Tcp).is_err(), "{text}");
        }
        for text in ["https://api.example", "http://127.0.0.1:80", "127.0.0.1:80", "http://h/", "h2c://h:50051", "h2c://[::1]:1"] {
            assert!(matches!(parse(text, Dialect::OpenAi), Ok(ProxyUpstream::Http(_))), "{text}");
        }
        for text in ["ftp://h", "grpc://h:1", "h2://h", "h2c://", "https://", "https://h/v1", "https://user:word@h", "", "http://h?x"] {
            assert!(parse(text, Dialect::OpenAi).is_err(), "{text}");
        }
    }

    #[test]
    fn two_texts_for_one_place_are_equal_and_a_weaker_one_is_not() {
        let of = |text| UpstreamAddress::parse(text, Dialect::OpenAi).unwrap();
        for text in ["https://api.example", "https://API.example.:443", "HTTPS://api.example/"] {
            assert_eq!(of(text), of("https://api.example"), "{text}");
        }
        for text in ["http://api.example:443", "api.example:443", "https://api.example:8443", "https://api.example.org"] {
            assert_ne!(of(text), of("https://api.example"), "{text}");
        }
        assert_ne!(of("h2c://api.example:80"), of("http://api.example:80"));
        assert_eq!(of("h2c://[::1]:80").to_string(), "h2c://[::1]:80");
        assert_ne!(UpstreamAddress::parse("api.example:443", Dialect::Tcp).unwrap(), of("http://api.example:443"));
    }

    #[test]
    fn a_proxy_answers_for_its_upstream_or_for_the_hosts_it_was_given() {
        let upstream = UpstreamAddress::parse("https://Api.Example", Dialect::OpenAi).unwrap().answers();
        assert!(upstream.to("api.example", 443) && upstream.to("API.EXAMPLE.", 443) && !upstream.to("api.example", 80));
        let any = HostPattern::parse("api.example").unwrap();
        assert!(any.to("api.example", 8443) && !any.to("example", 8443));
        assert!(HostPattern::parse("[::1]:80").unwrap().to("[::1]", 80));
        for text in ["", "a b", "http://h", "h:99999", "h:", "u@h", "h/x"] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }
}
