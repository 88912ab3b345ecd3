//! Addresses of upstreams, and the hosts that proxies answer for, in forms that can be compared.

use crate::model::Dialect;
use hyper::http::uri::{Authority, Scheme};
use std::fmt;

/// HTTP/2 without TLS, which both sides must know beforehand (RFC 9113, 3.3).
pub(super) const H2C: &str = "h2c";

/// Address of an upstream in a form that can be compared: two texts that lead to the same place are equal here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UpstreamAddress {
    /// `None` for bytes.
    scheme: Option<Scheme>,
    /// In small letters, without brackets and without a last dot.
    pub(super) host: String,
    pub(super) port: u16,
}

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
pub(super) fn origin(text: &str) -> Result<(Scheme, Authority), String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
