//! Faults of which no read-back has shown that they are gone: what must not be left behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// List of faults that may still be in force. Each is a proxy and the name of a toxic on it.
#[derive(Debug, Default)]
pub(super) struct Unhealed(Mutex<Vec<(String, String)>>);

impl Unhealed {
    /// Before it is asked for: whatever becomes of the question, it may be in force from now on.
    pub(super) fn note(&self, proxy: &str, toxic: &str) {
        self.held().push((proxy.to_owned(), toxic.to_owned()));
    }

    pub(super) fn forget(&self, proxy: &str, toxic: &str) {
        self.held().retain(|(on, name)| on != proxy || name != toxic);
    }

    pub(super) fn forget_proxy(&self, proxy: &str) {
        self.held().retain(|(on, _)| on != proxy);
    }

    pub(super) fn forget_all(&self) {
        self.held().clear();
    }

    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        // A panic while the lock was held leaves a list that is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
