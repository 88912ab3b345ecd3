//! Addresses as nginx and HAProxy write them, and the URL that follows from one.

use super::place::path_of_host;
// The forms of addresses; no sockets.
use core::net::IpAddr;

/// Where a gateway connects to, with what else its configuration says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'t> {
    /// `http` or `https`.
    pub(super) scheme: &'t str,
    /// `host`, `host:port`, or a socket's path.
    pub(super) address: &'t str,
    /// The `Host` that is sent, where that is written out.
    pub(super) host: Option<&'t str>,
    /// The path that is put before each request's.
    pub(super) path: Option<&'t str>,
}

impl Place<'_> {
    /// The name of the host, as far as there is one.
    pub(super) fn told_host(&self) -> Option<String> {
        let host = host_of(self.host.unwrap_or(self.address));
        (!self.address.contains("unix") && !host.is_empty() && !host.contains('$') && !host.contains('{')).then_some(host)
    }

    /// The address as a URL: of a provider that is known by its name, the path as well.
    pub(super) fn url(&self) -> Option<String> {
        if self.address.contains("unix") || self.address.contains(['$', '{', '}']) || self.address.is_empty() {
            return None;
        }
        // What is sent as `Host` is the name; what is connected to may be an address of it.
        let host = self.told_host()?;
        let port = self.address.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
        let usual = if self.scheme == "https" { "443" } else { "80" };
        let port = port.filter(|port| *port != usual).map_or_else(String::new, |port| format!(":{port}"));
        let path = self.path.map_or_else(|| path_of_host(&host), |path| path.trim_end_matches('/'));
        Some(format!("{}://{host}{port}{path}", self.scheme))
    }
}

/// The host of `host:port`.
pub(super) fn host_of(address: &str) -> String {
    let bare = address.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(address, |(host, _)| host);
    bare.to_ascii_lowercase()
}

/// What somebody would call a host: without what all providers have in their names.
pub(super) fn name_of(host: &str) -> String {
    let host = host.trim_start_matches("unix:").trim_start_matches("unix@");
    let host = host.rsplit('/').next().unwrap_or(host).trim_end_matches(".sock");
    if host_of(host).trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return format!("provider-{host}");
    }
    let labels: Vec<&str> =
        host.split('.').filter(|label| !matches!(*label, "api" | "www" | "com" | "ai" | "net" | "example" | "googleapis")).collect();
    labels.join("-")
}

/// True where both name the same port of this host.
pub(super) fn same_port_here(listen: &str, address: &str) -> bool {
    let port = |text: &str| text.rsplit_once(':').map_or(text, |(_, port)| port).parse::<u16>().ok();
    let here = |text: &str| {
        let host = host_of(text);
        host.parse::<u16>().is_ok() || matches!(host.as_str(), "" | "*" | "0.0.0.0" | "localhost" | "127.0.0.1" | "[::1]" | "[::]")
    };
    port(listen).is_some() && port(listen) == port(address) && here(listen) && here(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_url_where_its_host_is_known() {
        let place = Place { scheme: "https", address: "api.openai.com:443", host: None, path: None };
        assert_eq!(place.url().as_deref(), Some("https://api.openai.com/v1"));
        let numbered = Place { scheme: "https", address: "10.0.0.7:8443", host: Some("models.example"), path: Some("/v2/") };
        assert_eq!(numbered.url().as_deref(), Some("https://models.example:8443/v2"));
        assert_eq!(Place { scheme: "http", address: "unix:/x.sock", host: None, path: None }.url(), None);
        assert_eq!(
            (name_of("api.openai.com"), name_of("unix:/run/first.sock"), name_of("10.0.0.7:80")),
            ("openai".into(), "first".into(), "provider-10.0.0.7:80".into())
        );
        assert!(same_port_here("8081", "127.0.0.1:8081") && !same_port_here("8081", "10.0.0.1:8081"));
    }
}
