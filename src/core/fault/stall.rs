//! `http_stall` (ours): requests reach the provider, whose answer is held back before its first byte.

use super::contract::{FaultEffect, fault};
use crate::model::{ActsOn, Attribute, FailureMode, SettingKind};
use crate::units::Duration;

/// How long something is held back.
pub(super) const FOR: Attribute =
    Attribute::new("for", SettingKind::SomeTime(Duration::ZERO)).on_wire("hold_ms").recorded("hold").example("30s");

fault! {
    /// Requests reach the provider, whose answer is held back before its first byte.
    Stall { word: Some("stall"), toxic: Some("http_stall"), acts_on: ActsOn::Heads }
    settings {
        /// How long; until the fault ends where it is not said.
        hold: Option<Duration> = FOR,
    }
}

impl FaultEffect for Stall {
    /// Answers that come late are a brown-out, and answers that never come an outage.
    fn mode(&self) -> Option<FailureMode> {
        Some(if self.hold.is_some() { FailureMode::BrownOut } else { FailureMode::Outage })
    }

    fn told(&self) -> String {
        self.hold.map_or_else(String::new, |hold| format!(" {hold}"))
    }
}
