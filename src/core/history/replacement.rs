//! The replacement of a credential's key, folded from what is recorded of keys: which key was old and which is new, and what of that is proven.
//!
//! Drills and runbooks that are walked for real record the same events, so both are folded here. What this file does not do: look at requests
//! (`rotation`), or believe what a step of the runbook says of itself.

use super::credential::{KeyMinted, KeyProbed, KeyStanding};
use super::edge::{Edge, signed};
use super::event::Event;
use crate::units::Fingerprint;
use std::collections::BTreeMap;

/// Keys of which is kept what a provider said: more than anybody replaces at once.
const KEYS: usize = 4096;

/// The replacement of one credential's key, as far as its events show it. Moments are nanoseconds on the history's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyReplacement {
    /// The key that it had.
    pub old: Option<Fingerprint>,
    /// The key that was minted last.
    pub new: Option<Fingerprint>,
    /// When that was.
    pub minted: Option<Edge>,
    /// When the store was first read back with the new key in it.
    pub stored: Option<Edge>,
    /// What the store held when it was read last, and which store.
    pub store: Option<(Fingerprint, String)>,
    /// When the issuer took the old key back, by its own answer.
    pub revoked: Option<Edge>,
    /// A drill's own last question about the old key, put to the provider directly.
    pub old_probe: Option<ProbeAnswer>,
    /// The same about the new one.
    pub new_probe: Option<ProbeAnswer>,
    /// What the provider said last of each key, where that was clear.
    answers: BTreeMap<Fingerprint, KeyStanding>,
    /// True once the replacement has begun: what is held from then on is no longer the old key.
    begun: bool,
}

/// What a provider said to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// Whether it takes the key.
    pub standing: KeyStanding,
    /// By which status; 0 where none came.
    pub status: u16,
    /// Before it was asked, and after the answer.
    pub edge: Edge,
}

impl KeyReplacement {
    /// The credential whose keys an event tells of.
    pub fn credential(event: &Event) -> Option<&str> {
        Some(match event {
            Event::KeyHeld(event) => &event.credential,
            Event::KeyMinted(event) => &event.credential,
            Event::KeyStored(event) => &event.credential,
            Event::KeyRevoked(event) => &event.credential,
            Event::KeyProbed(event) => &event.credential,
            _ => return None,
        })
    }

    /// To be called when the replacement begins, before any later event.
    pub fn begin(&mut self) {
        self.begun = true;
    }

    /// Takes in one more event about a key of this credential.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::KeyHeld(held) if self.old.is_none() || !self.begun => self.old = Some(held.key),
            Event::KeyMinted(minted) => self.minted(minted),
            Event::KeyStored(stored) => {
                if Some(stored.key) == self.new {
                    self.stored.get_or_insert(Edge { lo: signed(stored.lo), hi: signed(stored.hi) });
                }
                self.store = Some((stored.key, stored.place.clone()));
            }
            Event::KeyRevoked(revoked) if Some(revoked.key) == self.old => {
                self.revoked.get_or_insert(Edge { lo: signed(revoked.lo), hi: signed(revoked.hi) });
            }
            Event::KeyProbed(probed) => self.probed(probed),
            _ => {}
        }
    }

    /// Takes the old key as revoked, where nothing says so but the step that did it.
    pub fn revoke(&mut self, at: u64) {
        self.revoked.get_or_insert(Edge { lo: signed(at), hi: signed(at) });
    }

    /// The old key again is no new one.
    fn minted(&mut self, minted: &KeyMinted) {
        if Some(minted.key) != self.old {
            self.new = Some(minted.key);
            self.minted = Some(Edge { lo: signed(minted.lo), hi: signed(minted.hi) });
            self.stored = None;
        }
    }

    fn probed(&mut self, probed: &KeyProbed) {
        let known = self.answers.len() < KEYS || self.answers.contains_key(&probed.key);
        if probed.standing != KeyStanding::Unknown && known {
            self.answers.insert(probed.key, probed.standing);
        }
        let edge = Edge { lo: signed(probed.lo), hi: signed(probed.hi) };
        let answer = Some(ProbeAnswer { standing: probed.standing, status: probed.status, edge }).filter(|_| probed.last);
        if Some(probed.key) == self.old {
            self.old_probe = answer.or(self.old_probe);
        } else if Some(probed.key) == self.new {
            self.new_probe = answer.or(self.new_probe);
        }
    }

    /// What the provider said last of a key, where that was clear.
    pub fn said_of(&self, key: Option<Fingerprint>) -> Option<KeyStanding> {
        self.answers.get(&key?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{KeyHeld, KeyRevoked, KeyStored};

    const OLD: Fingerprint = Fingerprint(0xa);
    const NEW: Fingerprint = Fingerprint(0xb);

    fn credential() -> String {
        "key".to_owned()
    }

    fn held(key: Fingerprint) -> Event {
        Event::KeyHeld(KeyHeld { credential: credential(), key, id: None })
    }

    fn minted(key: Fingerprint, at: u64) -> Event {
        Event::KeyMinted(KeyMinted { credential: credential(), key, id: "1".into(), lo: at, hi: at + 1 })
    }

    fn stored(key: Fingerprint, at: u64) -> Event {
        Event::KeyStored(KeyStored { credential: credential(), key, place: "here".into(), version: "1".into(), lo: at, hi: at + 1 })
    }

    fn revoked(key: Fingerprint, at: u64) -> Event {
        Event::KeyRevoked(KeyRevoked { credential: credential(), key, lo: at, hi: at + 1 })
    }

    fn probed(key: Fingerprint, standing: KeyStanding, last: bool) -> Event {
        Event::KeyProbed(KeyProbed { credential: credential(), key, standing, status: 200, lo: 7, hi: 8, last, why: String::new() })
    }

    #[test]
    fn the_old_key_is_the_one_that_was_held_when_the_replacement_began() {
        let mut keys = KeyReplacement::default();
        keys.apply(&held(NEW));
        keys.apply(&held(OLD));
        keys.begin();
        keys.apply(&held(NEW));
        assert_eq!(keys.old, Some(OLD));
        // The old key again is no new one, and another key that is taken back proves nothing of it.
        keys.apply(&minted(OLD, 1));
        keys.apply(&revoked(NEW, 2));
        assert_eq!((keys.new, keys.minted, keys.revoked), (None, None, None));
        keys.apply(&revoked(OLD, 3));
        keys.revoke(9);
        assert_eq!(keys.revoked, Some(Edge { lo: 3, hi: 4 }), "the first proof counts");
    }

    #[test]
    fn what_is_stored_counts_from_the_last_key_that_was_minted() {
        let mut keys = KeyReplacement::default();
        let edge = |lo| Some(Edge { lo, hi: lo + 1 });
        for event in [held(OLD), minted(NEW, 1), stored(NEW, 2), stored(NEW, 3)] {
            keys.apply(&event);
        }
        assert_eq!((keys.minted, keys.stored), (edge(1), edge(2)));
        keys.apply(&stored(OLD, 4));
        assert_eq!((keys.stored, keys.store.as_ref().map(|(key, _)| *key)), (edge(2), Some(OLD)), "it was there once");
        keys.apply(&minted(Fingerprint(0xc), 5));
        assert_eq!((keys.new, keys.stored), (Some(Fingerprint(0xc)), None));
    }

    #[test]
    fn only_the_last_question_is_the_drills_own_and_only_a_clear_answer_is_kept() {
        let mut keys = KeyReplacement::default();
        for event in [held(OLD), minted(NEW, 1), probed(OLD, KeyStanding::Accepted, false), probed(NEW, KeyStanding::Accepted, false)] {
            keys.apply(&event);
        }
        assert_eq!((keys.old_probe, keys.new_probe), (None, None));
        keys.apply(&probed(OLD, KeyStanding::Refused, true));
        keys.apply(&probed(NEW, KeyStanding::Unknown, true));
        let said = |probe: Option<ProbeAnswer>| probe.map(|probe| probe.standing);
        assert_eq!((said(keys.old_probe), said(keys.new_probe)), (Some(KeyStanding::Refused), Some(KeyStanding::Unknown)));
        assert_eq!((keys.said_of(keys.old), keys.said_of(keys.new)), (Some(KeyStanding::Refused), Some(KeyStanding::Accepted)));
        assert_eq!(keys.said_of(None), None);
    }
}
