//! Whether the authority may sign for all whom a proxy stands for.

use super::keeper::answers;
use super::registry::{ApiError, Footing};
use super::upstream::Upstream;
use crate::model::Dialect;
use std::net::SocketAddr;

/// What a proxy needs certificates for.
pub(super) struct Secures<'a> {
    pub(super) hosts: Option<&'a [String]>,
    /// Where it listens, if it speaks TLS there.
    pub(super) address: Option<SocketAddr>,
    pub(super) dialect: Dialect,
}

impl Secures<'_> {
    /// Sees that the authority may sign for all whom the proxy is said to stand for; in memory it then may sign for the upstream too, which
    /// a gateway may be led here from by name.
    ///
    /// # Errors
    /// Where it may not sign for one of them.
    pub(super) fn admitted(&self, footing: &Footing, upstream: &Upstream) -> Result<(), ApiError> {
        if self.dialect == Dialect::Tcp {
            return Ok(());
        }
        let authority = footing.trust.authority();
        let admit = |host: &str| {
            authority.admit(host).map_err(|error| {
                let told = error.to_string();
                let (problem, hint) = told.split_once("\n\nhint: ").unwrap_or((&told, ""));
                ApiError::bad_request(problem).with_hint(hint)
            })
        };
        for host in answers(self.hosts, upstream)? {
            let admitted = admit(host.host());
            if self.hosts.is_some() {
                admitted?;
            }
        }
        match self.address.map(|address| address.ip().to_canonical()).filter(|own| !own.is_loopback() && !own.is_unspecified()) {
            Some(own) => admit(&own.to_string()),
            None => Ok(()),
        }
    }
}
