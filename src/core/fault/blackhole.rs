//! `blackhole`: connections are held in both directions. There is nothing to decide: the proxy looks for its presence.

use super::contract::{FaultEffect, fault};
use super::{PlainMeans, Stream, Timeout};
use crate::model::{ActsOn, Taken};
use crate::units::Duration;

fault! {
    /// Connections are accepted and nothing comes back, on open connections too.
    Blackhole { word: Some("blackhole"), toxic: Some("blackhole"), acts_on: ActsOn::Connections(Taken::Held), on_requests: "{stall: {}}" }
}

impl FaultEffect for Blackhole {
    /// Its timeout stops one direction; a blackhole stops both.
    fn on_plain(&self) -> PlainMeans {
        PlainMeans::Other(Timeout { timeout: Duration::ZERO }.into(), &[Stream::Downstream, Stream::Upstream])
    }
}
