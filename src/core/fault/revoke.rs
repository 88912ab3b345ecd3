//! `revoke`: about a credential at its issuer. The drill plays it, by the declaration.

use super::contract::{FaultEffect, fault};
use crate::model::{ActsOn, AtIssuer, Attribute, FailureMode, Setting, SettingKind};
use crate::units::Duration;

fault! {
    /// The provider's key is revoked where it was issued, and stays so. The drill asks the issuer; no proxy has a part in it.
    Revoke { word: Some("revoke"), acts_on: ActsOn::Issuer(AtIssuer::Revokes) }
    settings {
        /// How long the issuer may take until it refuses the key everywhere.
        propagation: Duration = Attribute::new("propagation", SettingKind::Time).or(|| Setting::Time(Duration::ZERO)).example("5s"),
    }
}

impl FaultEffect for Revoke {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Credential)
    }
}
