//! Texts without secrets: whatever a program printed, a server answered or a person wrote goes through here before it is shown or kept.
//!
//! What this room does not do: know which secrets there are (whoever reads or mints one tells it), or write anything anywhere.

use crate::units::Secret;
use std::fmt;
use std::sync::{Arc, RwLock, RwLockReadGuard};

/// Every secret that is known so far, with the words that stand for each. Clones share what they know, so that a key which is minted on the
/// way is known everywhere at once.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Vec<Known>>>);

struct Known {
    secret: Secret,
    stands_for: String,
}

impl Redactor {
    /// Knows one more secret, by its owner's name: `azure`, `clients of chat`. One that is empty or known already changes nothing.
    pub fn learn(&self, whose: &str, secret: &Secret) {
        if secret.is_empty() || self.known().iter().any(|known| known.secret == *secret) {
            return;
        }
        let stands_for = format!("[the credential of {whose}, {}]", secret.fingerprint());
        let mut known = self.0.write().expect("nothing panics while it holds them");
        known.push(Known { secret: secret.clone(), stands_for });
        // One may be the beginning of another.
        known.sort_by_key(|known| std::cmp::Reverse(known.secret.expose().len()));
    }

    /// A text with every secret replaced by what stands for it.
    pub fn redact(&self, text: &str) -> String {
        self.known().iter().fold(text.to_owned(), |text, known| text.replace(known.secret.expose(), &known.stands_for))
    }

    /// True where a text holds a known secret.
    pub fn finds(&self, text: &str) -> bool {
        self.known().iter().any(|known| text.contains(known.secret.expose()))
    }

    fn known(&self) -> RwLockReadGuard<'_, Vec<Known>> {
        self.0.read().expect("nothing panics while it holds them")
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known().iter().map(|known| &known.stands_for)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_replaced_in_every_clone_and_never_shown() {
        let redactor = Redactor::default();
        let clone = redactor.clone();
        redactor.learn("first", &"sk-one".into());
        redactor.learn("second", &"sk-one-and-more".into());
        redactor.learn("nobody", &Secret::default());
        redactor.learn("again", &"sk-one".into());
        let said = clone.redact("a sk-one-and-more b sk-one c");
        assert!(said.starts_with("a [the credential of second, ") && said.contains("] b [the credential of first, "), "{said}");
        assert!(clone.finds("xsk-onex") && !clone.finds("sk-on"));
        let shown = format!("{clone:?}");
        assert!(!shown.contains("sk-") && shown.contains("of second"), "{shown}");
    }
}
