//! `reset`: connections are reset. There is nothing to decide: the proxy looks for its presence.

use super::contract::{FaultEffect, fault};
use super::{PlainMeans, ResetPeer, Stream};
use crate::model::{ActsOn, Taken};
use crate::units::Duration;

fault! {
    /// Connections are reset (RST): open ones at once, new ones on their first bytes.
    Reset { word: Some("reset"), toxic: Some("reset"), acts_on: ActsOn::Connections(Taken::Closed), on_requests: "{cut: {}}" }
}

impl FaultEffect for Reset {
    fn on_plain(&self) -> PlainMeans {
        PlainMeans::Other(ResetPeer { timeout: Duration::ZERO }.into(), &[Stream::Downstream])
    }
}
