//! Upgrades of HTTP/1.1: websockets and whatever else both ends agree upon pass untouched, under the toxics on bytes and under every fault set.

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Version};
use hyper_util::rt::TokioIo;

/// True where the gateway offers to go on in another protocol. An offer of HTTP/2 is none: declined, both ends go on as they are, and
/// faults on requests still find requests.
pub(super) fn is_asked(request: &Request<Incoming>) -> bool {
    let names = |value: &HeaderValue, word: &str| {
        value.to_str().is_ok_and(|value| value.split(',').any(|name| name.trim().eq_ignore_ascii_case(word)))
    };
    request.version() == Version::HTTP_11
        && request.headers().get_all(CONNECTION).iter().any(|value| names(value, "upgrade"))
        && request.headers().get(UPGRADE).is_some_and(|value| !names(value, "h2c"))
}

/// Says on this connection what was said on the other.
pub(super) fn mark(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Carries the bytes of both sides until they have ended.
pub(super) async fn carry(gateway: OnUpgrade, provider: OnUpgrade) {
    // An error means that one of them has gone meanwhile, and the other will see that.
    let Ok(provider) = provider.await else { return };
    let Ok(gateway) = gateway.await else { return };
    if let Err(error) = tokio::io::copy_bidirectional(&mut TokioIo::new(gateway), &mut TokioIo::new(provider)).await {
        tracing::debug!(%error, "an upgraded connection ended badly");
    }
}
