//! `dns-failure`: new connections through the forward proxy find no provider. There is nothing to decide: the proxy looks for its presence.

use super::contract::{FaultEffect, fault};
use crate::model::{ActsOn, Needs, Taken};

fault! {
    /// The provider's name does not resolve, for those who come through a forward proxy; open connections go on.
    DnsFailure {
        word: Some("dns-failure"),
        toxic: Some("dns_failure"),
        acts_on: ActsOn::Connections(Taken::Closed),
        needs: Some(Needs::ForwardProxy),
        on_requests: "{status: {code: 502}}",
    }
}

impl FaultEffect for DnsFailure {}
