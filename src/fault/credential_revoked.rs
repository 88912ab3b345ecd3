//! `credential_revoked` (ours): requests are answered as the provider answers a revoked key, without reaching it.

use super::deed::Deed;
use super::fields::AttributeReader;
use super::{On, Ruling, TimedRequest, ToxicError, ToxicMemory};
use crate::dialect::{RefusalReason, error_answer};

/// It has no attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialRevoked;

impl Deed for CredentialRevoked {
    fn read(_fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self)
    }

    fn on(&self) -> On {
        On::Requests
    }

    fn rule(&self, timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        Ruling::instead(error_answer(timed.request.dialect(), &RefusalReason::InvalidKey))
    }
}
