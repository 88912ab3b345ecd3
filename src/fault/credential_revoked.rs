//! `credential_revoked` (ours): requests are answered as the provider answers a revoked key, without reaching it.

use super::deed::Deed;
use super::fields::Fields;
use super::{Ledger, On, Question, Ruling, ToxicError};
use crate::dialect::{ProviderFault, error_answer};

/// It has no attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialRevoked;

impl Deed for CredentialRevoked {
    fn read(_fields: &mut Fields) -> Result<Self, ToxicError> {
        Ok(Self)
    }

    fn on(&self) -> On {
        On::Requests
    }

    fn rule(&self, question: &Question<'_>, _ledger: &mut Ledger) -> Ruling {
        Ruling::instead(error_answer(question.asked.dialect(), &ProviderFault::InvalidKey))
    }
}
