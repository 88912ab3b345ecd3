//! Which credentials a simulated provider takes. Revoking one is what a credential drill does to a provider.
//!
//! Keys never leave this file: what is shown of them is their fingerprints.

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

    pub(super) fn takes(&self, key: &str) -> bool {
        self.lock().get(key) == Some(&KeyState::Valid)
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
        assert!(keys.takes("sk-secret") && !keys.takes("sk-other") && !keys.takes(""));
        keys.set("sk-next", KeyState::Valid);
        keys.set("sk-secret", KeyState::Revoked);
        assert!(!keys.takes("sk-secret") && keys.takes("sk-next"));
        assert_eq!(keys.state(Fingerprint::of("sk-secret")), Some(KeyState::Revoked));
        assert_eq!(keys.state(Fingerprint::of("sk-other")), None);
        assert!(!format!("{keys:?}").contains("sk-"), "{keys:?}");
    }
}
