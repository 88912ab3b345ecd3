//! Which credentials a simulated provider takes. Revoking one is what a credential drill does to a provider.
//!
//! Keys leave this file for the tests' log alone: what is shown of them is their fingerprints.

use super::keylog::{KeyFate, tell};
use crate::dialect::RefusalReason;
use crate::units::{Fingerprint, Secret};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// So many keys are swept for expired ones.
const MANY: usize = 10_000;

/// Whether a key is taken. A key that was never set is refused like a revoked one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Requests that carry it are answered.
    Valid,
    /// Requests that carry it are refused, from now on; answers that began go on.
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
    const fn fault(self) -> Option<RefusalReason> {
        match self {
            Self::Valid => None,
            Self::Revoked => Some(RefusalReason::InvalidKey),
            Self::Expired => Some(RefusalReason::ExpiredToken),
            Self::Forbidden => Some(RefusalReason::Forbidden),
            Self::OutOfQuota => Some(RefusalReason::OutOfQuota),
        }
    }
}

/// The keys of one provider.
pub(super) struct Keys {
    /// Whose, for the tests' log.
    whose: String,
    held: Mutex<HashMap<Secret, KeyStanding>>,
    /// True where a key that is revoked is taken all the same.
    lasting: AtomicBool,
}

/// Standing of a key: its state, and until when it is taken where it was lent.
#[derive(Clone, Copy)]
struct KeyStanding {
    state: KeyState,
    until: Option<Instant>,
}

impl KeyStanding {
    fn state(self) -> KeyState {
        if self.state == KeyState::Valid && self.until.is_some_and(|until| until <= Instant::now()) {
            KeyState::Expired
        } else {
            self.state
        }
    }
}

impl Keys {
    pub(super) fn new(whose: &str, valid: Secret) -> Self {
        tell(KeyFate::Taken, whose, &valid);
        let held = HashMap::from([(valid, KeyStanding { state: KeyState::Valid, until: None })]);
        Self { whose: whose.to_owned(), held: Mutex::new(held), lasting: AtomicBool::new(false) }
    }

    /// From now on a key that is revoked is taken all the same.
    pub(super) fn last(&self) {
        self.lasting.store(true, Ordering::Relaxed);
    }

    pub(super) fn set(&self, key: Secret, state: KeyState) {
        tell(if state == KeyState::Valid { KeyFate::Minted } else { KeyFate::Revoked }, &self.whose, &key);
        self.lock().insert(key, KeyStanding { state, until: None });
    }

    /// Revokes the key with this fingerprint; false where there is none.
    pub(super) fn revoke(&self, fingerprint: Fingerprint) -> bool {
        let mut keys = self.lock();
        let Some((key, held)) = keys.iter_mut().find(|(key, _)| key.fingerprint() == fingerprint) else { return false };
        tell(KeyFate::Revoked, &self.whose, key);
        if self.lasting.load(Ordering::Relaxed) {
            return true;
        }
        *held = KeyStanding { state: KeyState::Revoked, until: None };
        true
    }

    /// A key that is taken until then.
    pub(super) fn lend(&self, key: Secret, until: Instant) {
        tell(KeyFate::Lent, &self.whose, &key);
        let mut keys = self.lock();
        // Anyone who mints for days must not fill the memory: what has expired is as good as never minted, but for its words.
        if keys.len() >= MANY {
            keys.retain(|_, held| held.until.is_none_or(|until| until > Instant::now()));
        }
        keys.insert(key, KeyStanding { state: KeyState::Valid, until: Some(until) });
    }

    /// True for a key that is taken and was not itself minted from another.
    pub(super) fn may_mint(&self, key: &Secret) -> bool {
        self.lock().get(key).is_some_and(|held| held.state() == KeyState::Valid && held.until.is_none())
    }

    /// Why this key is refused; `None` where it is taken.
    pub(super) fn refusal(&self, key: &str) -> Option<RefusalReason> {
        self.lock().get(&Secret::from(key)).map_or(Some(RefusalReason::InvalidKey), |held| held.state().fault())
    }

    /// The state of the key with this fingerprint; `None` for one that was never set.
    pub(super) fn state(&self, fingerprint: Fingerprint) -> Option<KeyState> {
        self.lock().iter().find(|(key, _)| key.fingerprint() == fingerprint).map(|(_, held)| held.state())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Secret, KeyStanding>> {
        self.held.lock().expect("nothing panics while it holds the keys")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.lock().iter().map(|(key, held)| (key.fingerprint().to_string(), held.state()))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_until_it_is_revoked_and_never_shown() {
        let keys = Keys::new("first", "sk-secret".into());
        assert_eq!(keys.refusal("sk-secret"), None);
        assert_eq!([keys.refusal("sk-other"), keys.refusal("")], [Some(RefusalReason::InvalidKey), Some(RefusalReason::InvalidKey)]);
        keys.set("sk-next".into(), KeyState::Valid);
        keys.set("sk-secret".into(), KeyState::Revoked);
        assert_eq!([keys.refusal("sk-secret"), keys.refusal("sk-next")], [Some(RefusalReason::InvalidKey), None]);
        keys.set("sk-next".into(), KeyState::OutOfQuota);
        assert_eq!(keys.refusal("sk-next"), Some(RefusalReason::OutOfQuota));
        assert_eq!(keys.state(Fingerprint::of("sk-secret")), Some(KeyState::Revoked));
        assert_eq!(keys.state(Fingerprint::of("sk-other")), None);
        assert!(!format!("{keys:?}").contains("sk-"), "{keys:?}");
    }
}
