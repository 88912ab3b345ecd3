//! `tls` (ours): what goes wrong in the handshakes of a proxy that stands for its provider with a certificate of its own. Connections
//! that are open have done theirs: they end as soon as they carry nothing, so that a new handshake must follow. No request is cut.

use super::contract::{FaultEffect, fault};
use crate::model::{ActsOn, Attribute, Needs, SettingKind, Taken, TlsProblem};

fault! {
    /// New TLS handshakes go wrong, where the proxy stands for the provider with a certificate of its own; open connections end as soon as
    /// they carry nothing.
    Tls {
        word: Some("tls"),
        toxic: Some("tls"),
        acts_on: ActsOn::Connections(Taken::Closed),
        needs: Some(Needs::Certificate),
        on_requests: "{status: {code: 502}}",
        besides: Some("open connections end once they are idle"),
    }
    settings {
        /// What goes wrong.
        problem: TlsProblem = Attribute::new("problem", SettingKind::Word(TlsProblem::WORDS)).required().example("expired"),
    }
}

impl FaultEffect for Tls {
    fn told(&self) -> String {
        format!(" {}", self.problem)
    }
}
