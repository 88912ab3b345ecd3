//! What to change in a gateway's configuration so that it reaches its providers through the fault proxies, as comments.
//!
//! What this file does not do: change it. Whoever runs a gateway knows how its configuration is rolled out.

use super::super::beginning::{BegunProject, BegunProvider};
use crate::model::{GatewayKind, origin_and_path};

/// The first port on which proxies listen.
const PORT: usize = 9201;

/// Where the proxy before the provider at this place listens.
pub(super) fn listens(place: usize) -> String {
    format!("127.0.0.1:{}", PORT + place)
}

/// Sentences for people, a line each, without `#`.
pub(super) fn lines(begun: &BegunProject) -> Vec<String> {
    let file = begun.gateway.configuration.as_deref().unwrap_or("its configuration");
    let head = match begun.gateway.kind {
        Some(GatewayKind::LiteLlm) => format!("In {file}, each provider's `api_base` becomes the address of the proxy before it:"),
        Some(GatewayKind::Portkey) => format!("In {file}, each target gets the proxy before its provider as `custom_host`:"),
        Some(GatewayKind::Envoy) => {
            format!("In {file}, each cluster's endpoint becomes the proxy before it, and its `transport_socket` for TLS goes away:")
        }
        Some(GatewayKind::HaProxy) => format!("In {file}, each `server` becomes the proxy before it, without `ssl`, `sni` and `verify`:"),
        Some(GatewayKind::Nginx) => {
            format!(
                "In {file}, each provider's `server` or `proxy_pass` becomes the proxy before it, by `http://` and with `Host` as it was:"
            )
        }
        _ => "Each provider's base URL in the gateway becomes the address of the proxy before it:".to_owned(),
    };
    let each = begun.providers.iter().enumerate().map(|(place, provider)| format!("  {}", line(begun, place, provider)));
    let note = "The proxy adds TLS again, towards `base_url`. Keys stay where they are: the proxies pass them on.".to_owned();
    [head].into_iter().chain(each).chain([note]).collect()
}

fn line(begun: &BegunProject, place: usize, provider: &BegunProvider) -> String {
    let at = provider.line.map_or_else(String::new, |line| format!("line {line}, "));
    let path = provider.base_url.as_deref().map_or("", |url| origin_and_path(url).1);
    let listens = listens(place);
    let new = match begun.gateway.kind {
        Some(GatewayKind::LiteLlm) => format!("api_base: http://{listens}{path}"),
        Some(GatewayKind::Portkey) => format!("\"custom_host\": \"http://{listens}{path}\""),
        Some(GatewayKind::Envoy) => {
            let (host, port) = listens.split_once(':').unwrap_or((&listens, ""));
            format!("socket_address: {{address: {host}, port_value: {port}}}")
        }
        Some(GatewayKind::HaProxy) => format!("server {} {listens}", provider.name),
        Some(GatewayKind::Nginx) => format!("server {listens};"),
        _ => format!("http://{listens}{path}"),
    };
    format!("{at}{}: {new}", provider.name)
}
