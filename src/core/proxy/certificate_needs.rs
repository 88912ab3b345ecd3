//! What a proxy needs certificates for: whom it is said to stand for, and where it listens with TLS. The local authority must be able to sign for
//! them, which is found out when the proxy is created and not by a gateway that is refused.

use super::authority::{Authority, AuthorityError};
use super::upstream_address::HostPattern;
use crate::api::ApiError;
use crate::model::Dialect;
use crate::units::Explained;
use std::net::SocketAddr;

/// Names that a proxy needs certificates for.
pub(super) struct CertificateNeeds<'a> {
    pub(super) hosts: Option<&'a [String]>,
    /// Where it listens, if it speaks TLS there.
    pub(super) address: Option<SocketAddr>,
    pub(super) dialect: Dialect,
}

impl CertificateNeeds<'_> {
    /// Sees that the authority may sign for all whom the proxy is said to stand for; in memory it then may sign for the upstream too, which
    /// a gateway may be led here from by name.
    pub(super) fn admitted(&self, authority: &Authority, answers: &[HostPattern]) -> Result<(), ApiError> {
        if self.dialect == Dialect::Tcp {
            return Ok(());
        }
        let admit = |host: &str| {
            let refused = |error: AuthorityError| {
                let refused = ApiError::bad_request(error.to_string());
                let hint = error.hint().map(String::from);
                ApiError { hint, ..refused }
            };
            authority.admit(host).map_err(refused)
        };
        for host in answers {
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
