//! The replacement of a credential's key, folded from what is recorded of keys: which key was old and which is new, and what of that is proven.
//!
//! Drills and runbooks that are walked for real record the same events, so both are folded here. What this file does not do: look at requests
//! (`rotation`), or believe what a step of the runbook says of itself.

use super::credential::{KeyMinted, KeyProbed, KeyStanding};
use super::event::Event;
use super::evidence::{Edge, signed};
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
