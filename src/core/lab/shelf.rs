//! Where the lab keeps one credential when nobody else does: a store in memory that can do all that a store can.

use crate::secret::{Ability, Pending, SecretError, Store, Version, VersionedSecret};
use crate::units::Secret;
use std::sync::{Mutex, MutexGuard};

/// The store of one credential. Versions count from 1; the one before the current is kept.
#[derive(Debug)]
pub struct Shelf {
    place: String,
    is_sealed: bool,
    content: Mutex<Content>,
}

#[derive(Debug)]
struct Content {
    current: (Secret, u64),
    staged: Option<(Secret, u64)>,
    previous: Option<(Secret, u64)>,
    newest: u64,
}

impl Shelf {
    /// Of the credential of this name, with its first value.
    pub fn new(credential: &str, value: Secret) -> Self {
        let content = Content { current: (value, 1), staged: None, previous: None, newest: 1 };
        Self { place: format!("the lab's shelf of {credential}"), is_sealed: false, content: Mutex::new(content) }
    }

    /// The same as a store that is down: it can neither be read nor written.
    pub fn sealed(credential: &str, value: Secret) -> Self {
        Self { is_sealed: true, ..Self::new(credential, value) }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("nothing panics while it holds the content")
    }

    fn at_once<T: Send + 'static>(&self, act: impl FnOnce(&str, &mut Content) -> Result<T, SecretError>) -> Pending<'_, T> {
        let done = if self.is_sealed { Err(sealed(&self.place)) } else { act(&self.place, &mut self.content()) };
        Box::pin(async { done })
    }
}

impl Content {
    fn make_current(&mut self, next: (Secret, u64)) -> Version {
        let version = version(&next);
        self.previous = Some(std::mem::replace(&mut self.current, next));
        version
    }

    fn number(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }
}

fn version((_, number): &(Secret, u64)) -> Version {
    Version(number.to_string())
}

fn held(kept: &(Secret, u64)) -> VersionedSecret {
    VersionedSecret::new(kept.0.clone(), version(kept))
}

fn sealed(place: &str) -> SecretError {
    SecretError::Refused {
        place: place.to_owned(),
        why: "it is sealed".to_owned(),
        hint: "unseal it, or deploy the key by another way that does not need it".to_owned(),
    }
}

fn absent(place: &str, which: &Version) -> SecretError {
    SecretError::Absent {
        place: place.to_owned(),
        problem: format!("there is no version {which} to go back to"),
        hint: "read it again; the version before the current one and a staged one are kept".to_owned(),
    }
}

impl Store for Shelf {
    fn place(&self) -> &str {
        &self.place
    }

    fn abilities(&self) -> &'static [Ability] {
        &[Ability::Write, Ability::Compare, Ability::Stage, Ability::Rollback]
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        self.at_once(|_, content| Ok(held(&content.current)))
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        self.at_once(|place, content| {
            let found = version(&content.current);
            if let Some(expected) = over.filter(|expected| **expected != found) {
                return Err(SecretError::Changed { place: place.to_owned(), expected: expected.clone(), found: Some(found) });
            }
            let number = content.number();
            Ok(content.make_current((value.clone(), number)))
        })
    }

    fn stage<'a>(&'a self, value: &'a Secret) -> Pending<'a, Version> {
        self.at_once(|place, content| match &content.staged {
            Some(staged) if staged.0 != *value => Err(SecretError::Staged { place: place.to_owned(), version: version(staged) }),
            Some(staged) => Ok(version(staged)),
            None => {
                let staged = (value.clone(), content.number());
                let named = version(&staged);
                content.staged = Some(staged);
                Ok(named)
            }
        })
    }

    fn staged(&self) -> Pending<'_, Option<VersionedSecret>> {
        self.at_once(|_, content| Ok(content.staged.as_ref().map(held)))
    }

    fn commit<'a>(&'a self, which: &'a Version) -> Pending<'a, ()> {
        self.at_once(|place, content| {
            let staged = content.staged.take_if(|staged| version(staged) == *which).ok_or_else(|| absent(place, which))?;
            content.make_current(staged);
            Ok(())
        })
    }

    fn rollback<'a>(&'a self, which: &'a Version) -> Pending<'a, Version> {
        self.at_once(|place, content| {
            if content.staged.take_if(|staged| version(staged) == *which).is_none() && version(&content.current) != *which {
                let previous = content.previous.take_if(|previous| version(previous) == *which).ok_or_else(|| absent(place, which))?;
                content.make_current(previous);
            }
            Ok(version(&content.current))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_value_is_staged_committed_and_taken_back() {
        let shelf = Shelf::new("k", secret("one"));
        let first = shelf.read().await.unwrap();
        let second = shelf.stage(&secret("two")).await.unwrap();
        assert_eq!(shelf.read().await.unwrap(), first);
        assert_eq!(shelf.stage(&secret("two")).await.unwrap(), second, "the same again is no other");
        let stuck = shelf.stage(&secret("three")).await.unwrap_err();
        assert!(matches!(&stuck, SecretError::Staged { version, .. } if *version == second), "{stuck}");
        shelf.commit(&second).await.unwrap();
        assert_eq!(shelf.read().await.unwrap(), VersionedSecret::new(secret("two"), second.clone()));
        assert_eq!(shelf.staged().await.unwrap(), None);
        assert!(shelf.commit(&second).await.is_err());
        assert_eq!(shelf.rollback(&first.version).await.unwrap(), first.version);
        assert_eq!(shelf.read().await.unwrap().value, secret("one"));
        let staged = shelf.stage(&secret("four")).await.unwrap();
        assert_eq!(shelf.rollback(&staged).await.unwrap(), first.version, "what is staged is taken away");
        assert!(shelf.rollback(&staged).await.is_err());
    }

    #[tokio::test]
    async fn a_sealed_store_does_nothing() {
        let shelf = Shelf::sealed("k", secret("one"));
        let version = Version("1".to_owned());
        let refused = |error: SecretError| assert!(error.to_string().contains("it is sealed"), "{error}");
        refused(shelf.read().await.unwrap_err());
        refused(shelf.write(&secret("two"), None).await.unwrap_err());
        refused(shelf.stage(&secret("two")).await.unwrap_err());
        refused(shelf.staged().await.unwrap_err());
        refused(shelf.commit(&version).await.unwrap_err());
        refused(shelf.rollback(&version).await.unwrap_err());
    }

    #[tokio::test]
    async fn a_write_over_another_version_is_refused() {
        let shelf = Shelf::new("k", secret("one"));
        let first = shelf.read().await.unwrap().version;
        let second = shelf.write(&secret("two"), Some(&first)).await.unwrap();
        let late = shelf.write(&secret("three"), Some(&first)).await.unwrap_err();
        assert!(matches!(&late, SecretError::Changed { found: Some(found), .. } if *found == second), "{late}");
        shelf.write(&secret("three"), None).await.unwrap();
        assert_eq!(shelf.read().await.unwrap().value, secret("three"));
    }
}
