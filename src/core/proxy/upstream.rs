//! Where a proxy leads: an address for bytes, or a base URL for exchanges with a pool of connections to it.

use super::message_head::HEAD_BYTES;
use super::provider_link::StraightProvider;
use super::server_context::ServerContext;
use super::upload::UpstreamBody;
use super::upstream_address::{H2C, UpstreamAddress, origin};
use super::upstream_route::{UpstreamConnector, UpstreamRoute};
use crate::listen::HEAD_LINES;
use crate::model::Dialect;
use hyper::http::uri::{Authority, Scheme};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;

/// The longest head over HTTP/2, where each field counts as 32 bytes longer than it is (RFC 9113, section 6.5.2).
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
    /// HTTP/1.1 without TLS, driven by the exchanges themselves; `None` where another way is to be spoken.
    pub(super) straight: Option<Arc<StraightProvider>>,
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
        let straight = (scheme == Scheme::HTTP && !is_h2c).then(|| StraightProvider::new(connector, &authority));
        Ok(Self::Http(Box::new(HttpUpstream { address: to, scheme, authority, dialect, client, http1, http2, straight, is_h2c })))
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
}
