//! Which credentials a simulated provider takes. Revoking one is what a credential drill does to a provider.
//!
//! Keys never leave this file: what is shown of them is their fingerprints.

use crate::dialect::ProviderFault;
use crate::units::Fingerprint;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard};

/// Whether a key is taken. A key that was never set is refused like a revoked one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Requests that bear it are answered.
    Valid,
    /// Requests that bear it are refused, from now on; answers that began go on.
    Revoked,
    /// Refused as one whose time is over.
    Expired,
    /// Refused as one that is known and may not do this.
    Forbidden,
    /// Refused as one whose money or quota is spent.
    OutOfQuota,
}

impl KeyState {
    /// The states in which a key is refused, each with its word.
    pub const REFUSED: [(&'static str, Self); 4] =
        [("revoked", Self::Revoked), ("expired", Self::Expired), ("forbidden", Self::Forbidden), ("out-of-quota", Self::OutOfQuota)];

    /// What a provider says to a key in this state; nothing against a valid one.
    const fn fault(self) -> Option<ProviderFault> {
        match self {
            Self::Valid => None,
            Self::Revoked => Some(ProviderFault::InvalidKey),
            Self::Expired => Some(ProviderFault::ExpiredToken),
            Self::Forbidden => Some(ProviderFault::Forbidden),
            Self::OutOfQuota => Some(ProviderFault::OutOfQuota),
        }
    }
}

/// The keys of one provider.
pub(super) struct Keys(Mutex<HashMap<String, KeyState>>);

impl Keys {
    pub(super) fn new(valid: String) -> Self {
        Self(Mutex::new(HashMap::from([(valid, KeyState::Valid)])))
    }

    pub(super) fn set(&self, key: &str, state: KeyState) {
        self.lock().insert(key.to_owned(), state);
    }

    /// Why this key is refused; `None` where it is taken.
    pub(super) fn refusal(&self, key: &str) -> Option<ProviderFault> {
        self.lock().get(key).map_or(Some(ProviderFault::InvalidKey), |state| state.fault())
    }

    /// The state of the key with this fingerprint; `None` for one that was never set.
    pub(super) fn state(&self, fingerprint: Fingerprint) -> Option<KeyState> {
        self.lock().iter().find(|(key, _)| Fingerprint::of(key) == fingerprint).map(|(_, state)| *state)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, KeyState>> {
        self.0.lock().expect("nothing panics while it holds the keys")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.lock().iter().map(|(key, state)| (Fingerprint::of(key).to_string(), *state))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_until_it_is_revoked_and_never_shown() {
        let keys = Keys::new("sk-secret".into());
        assert_eq!(keys.refusal("sk-secret"), None);
        assert_eq!([keys.refusal("sk-other"), keys.refusal("")], [Some(ProviderFault::InvalidKey), Some(ProviderFault::InvalidKey)]);
        keys.set("sk-next", KeyState::Valid);
        keys.set("sk-secret", KeyState::Revoked);
        assert_eq!([keys.refusal("sk-secret"), keys.refusal("sk-next")], [Some(ProviderFault::InvalidKey), None]);
        keys.set("sk-next", KeyState::OutOfQuota);
        assert_eq!(keys.refusal("sk-next"), Some(ProviderFault::OutOfQuota));
        assert_eq!(keys.state(Fingerprint::of("sk-secret")), Some(KeyState::Revoked));
        assert_eq!(keys.state(Fingerprint::of("sk-other")), None);
        assert!(!format!("{keys:?}").contains("sk-"), "{keys:?}");
    }
}
