//! Toxics that answer in the provider's place: an HTTP status, a revoked key. The bytes are the dialect's.

use super::{Effect, Status};
use crate::dialect::{ProviderFault, WireAnswer, error_answer};
use crate::model::Dialect;

/// The answer that this toxic gives instead of the provider's; `None` for one that lets the request through.
pub fn instead(effect: &Effect, dialect: Dialect) -> Option<WireAnswer> {
    match effect {
        Effect::Status(Status { code, retry_after }) => {
            // The header counts whole seconds (RFC 9110, 10.2.3); a client told to come back too early would be told wrong.
            let retry_after = retry_after.map(|after| after.as_nanos().div_ceil(1_000_000_000));
            Some(error_answer(dialect, &ProviderFault::Status { code: *code, retry_after }))
        }
        Effect::CredentialRevoked => Some(error_answer(dialect, &ProviderFault::InvalidKey)),
        Effect::Refused(refused) => Some(refused.answer(dialect)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Duration;

    #[test]
    fn only_faults_on_requests_answer() {
        assert!(instead(&Effect::Blackhole, Dialect::OpenAi).is_none());
        assert_eq!(instead(&Effect::CredentialRevoked, Dialect::OpenAi).unwrap().status, 401);
        let busy = Effect::Status(Status { code: 429, retry_after: Some(Duration::from_millis(1200)) });
        let answer = instead(&busy, Dialect::OpenAi).unwrap();
        assert_eq!(answer.status, 429);
        assert!(answer.headers.contains(&("retry-after", "2".into())), "rounded up: {:?}", answer.headers);
    }
}
