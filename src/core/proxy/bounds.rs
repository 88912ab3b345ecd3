//! Where proxies may stand and lead, no matter who asks for it: on loopback where the control API asks nobody for a token, and, where it was started
//! for an environment or a drill, only as that says.

use super::listener::resolve;
use super::upstream_address::{HostPattern, UpstreamAddress};
use crate::api::ApiError;
use crate::model::{Dialect, ProxyBinding};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Placement of the proxy of one provider: where it leads, and where it may listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyPlacement {
    /// Where it leads: scheme, host and port.
    pub upstream: String,
    /// What it understands.
    pub dialect: Dialect,
    /// Where it listens, and for whom it answers.
    pub binding: ProxyBinding,
}

/// Bounds of where proxies may listen and lead.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// The control API knows its callers.
    pub(super) has_token: bool,
    /// By name; `None` where every proxy may be.
    pub(super) places: Option<BTreeMap<String, ProxyPlacement>>,
}

/// A proxy as it is asked for, as far as bounds look at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct WantedProxy<'w> {
    pub(super) name: &'w str,
    pub(super) upstream: &'w str,
    pub(super) dialect: Dialect,
    pub(super) tls: bool,
    pub(super) hosts: Option<&'w [String]>,
}

impl Bounds {
    /// # Errors
    /// Where a proxy would lead, or answer for, what it was not started for.
    pub(super) fn allow(&self, wanted: &WantedProxy<'_>) -> Result<(), ApiError> {
        let Some(place) = self.place(wanted.name)? else { return Ok(()) };
        let parsed = UpstreamAddress::parse(wanted.upstream, wanted.dialect).map_err(ApiError::bad_request)?;
        let named = UpstreamAddress::parse(&place.upstream, place.dialect).map_err(ApiError::internal)?;
        let name = wanted.name;
        if wanted.dialect != place.dialect || parsed != named {
            let (dialect, upstream) = (place.dialect, &place.upstream);
            return Err(elsewhere(format!("the proxy `{name}` forwards to {upstream} with the dialect {dialect}, and nowhere else")));
        }
        if wanted.tls != place.binding.tls {
            let so = if place.binding.tls { "speaks TLS" } else { "does not speak TLS" };
            return Err(elsewhere(format!("the proxy `{name}` {so} with its clients")));
        }
        let own = place.binding.hosts.iter().filter_map(|host| HostPattern::parse(host).ok());
        let own: Vec<HostPattern> = own.chain([named.answers()]).collect();
        for host in wanted.hosts.unwrap_or_default() {
            let asked = HostPattern::parse(host).map_err(ApiError::bad_request)?;
            if !own.iter().any(|own| own.covers(&asked)) {
                return Err(elsewhere(format!("the proxy `{name}` does not answer for `{host}`")));
            }
        }
        Ok(())
    }

    /// # Errors
    /// Where a listener would be open to those whom nobody asks for a token, or to others than it was started for.
    pub(super) async fn listener(&self, name: &str, address: SocketAddr) -> Result<(), ApiError> {
        if address.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        if !self.has_token {
            let error = format!("everybody who can reach {address} could use `{name}`, while this control API requires no token");
            return Err(ApiError::forbidden(error).with_hint("start the proxy with --token-from env:NAME, or listen on 127.0.0.1"));
        }
        let Some(place) = self.place(name)? else { return Ok(()) };
        let named = match &place.binding.listen {
            Some(listen) => Some(resolve(listen).await?),
            None => None,
        };
        let is_named = named.is_some_and(|named| named.ip() == address.ip() && (named.port() == 0 || named.port() == address.port()));
        if is_named { Ok(()) } else { Err(elsewhere(format!("the proxy `{name}` does not listen on {address}"))) }
    }

    fn place(&self, name: &str) -> Result<Option<&ProxyPlacement>, ApiError> {
        let Some(places) = &self.places else { return Ok(None) };
        let none = || elsewhere(format!("the proxy `{name}` is none of those that this control API was started for"));
        places.get(name).map(Some).ok_or_else(none)
    }
}

fn elsewhere(error: String) -> ApiError {
    ApiError::forbidden(error).with_hint("change the provider or its entry under `proxies:` in the inventory, and start it again")
}
