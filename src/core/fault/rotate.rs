//! `rotate`: about a credential at its issuer. The drill plays it, by the declaration.

use super::contract::{FaultEffect, fault};
use crate::model::{ActsOn, AtIssuer, Attribute, FailureMode, Setting, SettingKind};
use crate::units::Duration;

fault! {
    /// The planned rotation of the provider's key begins; nothing is broken.
    Rotate { word: Some("rotate"), acts_on: ActsOn::Issuer(AtIssuer::Rotates) }
    settings {
        /// How long the issuer may take until it refuses the old key everywhere, once the runbook has revoked it.
        propagation: Duration = Attribute::new("propagation", SettingKind::Time).or(|| Setting::Time(Duration::ZERO)).example("5s"),
    }
}

impl FaultEffect for Rotate {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Credential)
    }
}
