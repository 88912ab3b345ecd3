//! `credential_revoked` (ours): requests are answered as the provider answers a revoked key, without reaching it.

use super::contract::{FaultEffect, fault};
use super::{Ruling, TimedRequest, ToxicMemory};
use crate::dialect::{RefusalReason, error_answer};
use crate::model::{ActsOn, FailureMode};

fault! {
    /// Requests are answered as the provider answers a revoked key, without reaching it.
    CredentialRevoked { word: Some("credential-revoked"), toxic: Some("credential_revoked"), acts_on: ActsOn::Requests }
}

impl FaultEffect for CredentialRevoked {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Credential)
    }

    fn rule(&self, timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        Ruling::instead(error_answer(timed.request.dialect(), &RefusalReason::InvalidKey))
    }
}
