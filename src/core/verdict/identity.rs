//! Which credential and which tenant reached which provider, and whether a credential reached one that it is not for: a fallback that changes the
//! address and nothing else hands the primary's key to somebody else.
//!
//! Two providers of one credential may well get the same key.

use super::Millis;
use crate::history::{Evidence, ProviderPassage, SeenCount};
use crate::units::Fingerprint;

/// What a provider was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentIdentity {
    /// The provider.
    pub provider: String,
    /// The legal area that it stands in; `None` where nobody said.
    pub residency: Option<String>,
    /// Requests of the workload that reached it.
    pub attempts: u64,
    /// The keys that they carried, and how often.
    pub keys: Vec<(Fingerprint, u64)>,
    /// The tenants that they named, and how often.
    pub tenants: Vec<(Fingerprint, u64)>,
}

/// A key that reached a provider which it is not for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakedKey {
    /// The key.
    pub key: Fingerprint,
    /// The provider whose key it is.
    pub of: String,
    /// True where that is a primary.
    pub of_primary: bool,
    /// The provider that it was sent to.
    pub to: String,
    /// In how many requests.
    pub requests: u64,
    /// The number of the first; `None` where it had none.
    pub first_request: Option<u64>,
    /// When that was, from the first fault. `None` where there was no fault.
    pub first: Option<Millis>,
}

/// What each provider was sent with: those that were asked.
pub(super) fn identities(evidence: &Evidence) -> Vec<SentIdentity> {
    let counts = |seen: &[(Fingerprint, SeenCount)]| seen.iter().map(|(name, seen)| (*name, seen.count)).collect();
    let each = evidence.passage.providers.iter().zip(&evidence.providers).map(|(passage, provider)| SentIdentity {
        provider: provider.clone(),
        residency: passage.residency.clone(),
        attempts: passage.requests.count,
        keys: counts(&passage.keys),
        tenants: counts(&passage.tenants),
    });
    each.filter(|sent| sent.attempts > 0).collect()
}

/// Keys that reached a provider which they are not for.
pub(super) fn leaked(evidence: &Evidence) -> Vec<LeakedKey> {
    let passage = &evidence.passage;
    let mut found = Vec::new();
    for (place, provider) in passage.providers.iter().enumerate() {
        for (key, seen) in &provider.keys {
            let Some(owner) = owner(evidence, *key).filter(|owner| *owner != place) else { continue };
            if passage.providers[owner].credential == provider.credential {
                continue;
            }
            let name = |place: usize| evidence.providers.get(place).cloned().unwrap_or_default();
            let first = seen.first.unwrap_or_default();
            found.push(LeakedKey {
                key: *key,
                of: name(owner),
                of_primary: evidence.primary.iter().any(|primary| usize::from(*primary) == owner),
                to: name(place),
                requests: seen.count,
                first_request: first.0,
                first: evidence.fault.map(|fault| Millis(first.1 - fault.lo)),
            });
        }
    }
    found
}

/// Whose a key is: of those that it reached the one that took it, and where several did or none, the one that it reached first.
fn owner(evidence: &Evidence, key: Fingerprint) -> Option<usize> {
    let seen = |provider: &ProviderPassage| provider.keys.iter().find(|(other, _)| *other == key).map(|(_, seen)| *seen);
    let each = evidence.passage.providers.iter().enumerate().filter_map(|(place, provider)| Some((place, seen(provider)?)));
    each.min_by_key(|(_, seen)| (seen.taken == 0, seen.first.map_or(i64::MAX, |(_, at)| at))).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Passage, bare};

    fn provider(credential: &str, keys: &[(u32, u64, i64)]) -> ProviderPassage {
        let seen =
            |(key, taken, at): &(u32, u64, i64)| (Fingerprint(*key), SeenCount { count: 3, taken: *taken, first: Some((Some(9), *at)) });
        ProviderPassage {
            credential: credential.into(),
            requests: SeenCount { count: 3, taken: 3, first: None },
            keys: keys.iter().map(seen).collect(),
            ..ProviderPassage::default()
        }
    }

    fn of(providers: Vec<ProviderPassage>) -> Vec<LeakedKey> {
        let mut evidence = bare(br#"{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "requests": []}"#).unwrap();
        evidence.passage = Passage { providers, ..Passage::default() };
        leaked(&evidence)
    }

    #[test]
    fn a_key_that_reaches_another_provider_is_told_with_whose_it_is() {
        let leaks = of(vec![provider("one", &[(1, 3, 10)]), provider("two", &[(1, 0, 5), (2, 3, 20)])]);
        let [leak] = leaks.as_slice() else { panic!("{leaks:?}") };
        assert_eq!((leak.of.as_str(), leak.to.as_str(), leak.of_primary, leak.requests, leak.first_request), ("a", "b", true, 3, Some(9)));
        assert_eq!(of(vec![provider("one", &[(1, 3, 10)]), provider("one", &[(1, 3, 20)])]), [], "they share it");
        assert_eq!(of(vec![provider("one", &[(1, 3, 10)]), provider("two", &[(2, 3, 20)])]), []);
    }
}
