//! `refuse`: it closes the listener and every connection. There is nothing to decide: the proxy looks for its presence.

use super::PlainMeans;
use super::contract::{FaultEffect, fault};
use crate::model::{ActsOn, Taken};

fault! {
    /// Open connections are cut and new ones refused.
    Refuse { word: Some("refuse"), toxic: Some("refuse"), acts_on: ActsOn::Connections(Taken::Refused), on_requests: "{status: {code: 503}}" }
}

impl FaultEffect for Refuse {
    fn on_plain(&self) -> PlainMeans {
        PlainMeans::Down
    }
}
