//! Who knows every secret, and what stands in the place of each.

use super::finder::Finder;
use crate::units::{Fingerprint, Salt, Secret, sealed_prompt};
use std::fmt;
use std::sync::{Arc, OnceLock, RwLock};

/// Every secret that is known so far, with the words that stand for each. Clones share what they know, so that a key which is minted on the
/// way is known everywhere at once.
#[derive(Clone, Default)]
pub struct Redactor {
    salt: Option<Salt>,
    known: Arc<RwLock<Arc<KnownSecrets>>>,
}

#[derive(Default)]
struct KnownSecrets {
    /// With what stands in the place of each. Fingerprints that others know are among them.
    secrets: Vec<(Secret, String)>,
    /// Made when it is first looked for: many are learnt at once.
    finder: OnceLock<Finder>,
}

impl KnownSecrets {
    fn finder(&self) -> &Finder {
        self.finder.get_or_init(|| Finder::of(self.secrets.iter().map(|(secret, _)| secret.expose())))
    }
}

impl Redactor {
    /// That names keys as a history of this salt does.
    pub fn new(salt: Salt) -> Self {
        Self { salt: Some(salt), ..Self::default() }
    }

    /// Knows one more secret, by its owner's name: `azure`, `clients of chat`, with every secret within it. One that is empty or already known
    /// changes nothing. Its fingerprint, as proxies and the lab say it, is replaced by the one that the history knows.
    pub fn learn(&self, whose: &str, secret: &Secret) {
        let key = self.salt.map(|salt| salt.mask(secret.fingerprint()));
        let words = key.map_or_else(|| format!("[the credential of {whose}]"), |key| format!("[the credential of {whose}, {key}]"));
        for part in [secret.clone()].iter().chain(&secret.parts()) {
            self.learn_as(part, words.clone());
        }
        if let Some(key) = key.filter(|_| !secret.is_empty()) {
            self.learn_as(&secret.fingerprint().to_string().into(), key.to_string());
        }
    }

    /// Knows one more text of the team's own: no secret, and nothing for others to read. A word such as `ping` is not looked for.
    pub fn learn_prompt(&self, text: &str) {
        const SHORTEST: usize = 12;
        if text.trim().chars().count() >= SHORTEST {
            let name = self.salt.map_or_else(|| "withheld,".to_owned(), |salt| salt.name(text));
            self.learn_as(&text.into(), sealed_prompt(text, &name));
        }
    }

    /// How the history names a key; as proxies know it where there is no history.
    pub fn fingerprint(&self, secret: &Secret) -> Fingerprint {
        self.salt.map_or_else(|| secret.fingerprint(), |salt| salt.mask(secret.fingerprint()))
    }

    /// The same with words of one's own in its place.
    pub fn learn_as(&self, secret: &Secret, words: String) {
        let mut known = self.known.write().expect("nothing panics while it holds them");
        if secret.is_empty() || known.secrets.iter().any(|(other, _)| other == secret) {
            return;
        }
        let secrets: Vec<(Secret, String)> = known.secrets.iter().cloned().chain([(secret.clone(), words)]).collect();
        *known = Arc::new(KnownSecrets { secrets, finder: OnceLock::new() });
    }

    /// A whole text, with what stands for it in the place of every secret, in any disguise.
    pub fn redact(&self, text: &str) -> String {
        let mut stream = RedactingStream { redactor: self.clone(), open: text.as_bytes().to_vec() };
        let kept = stream.end();
        // A form in UTF-16 may begin within a letter.
        String::from_utf8(kept).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// True where a text holds a known secret, in any disguise.
    pub fn finds(&self, text: &str) -> bool {
        !self.known().finder().find(text.as_bytes(), false).places.is_empty()
    }

    /// For bytes that come one chunk after the other.
    pub fn stream(&self) -> RedactingStream {
        RedactingStream { redactor: self.clone(), open: Vec::new() }
    }

    fn known(&self) -> Arc<KnownSecrets> {
        self.known.read().expect("nothing panics while it holds them").clone()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known().secrets.iter().map(|(_, words)| words)).finish()
    }
}

/// Bytes that come one chunk after the other: a secret that is cut between two of them is found as well. What may be the beginning of one
/// is held back until more comes; nothing else is.
#[derive(Debug)]
pub struct RedactingStream {
    redactor: Redactor,
    open: Vec<u8>,
}

impl RedactingStream {
    /// What can be let go of, now that this has come.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.open.extend_from_slice(chunk);
        self.pass(true)
    }

    /// How much is held back.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.open.len()
    }

    /// The rest, for nothing more comes.
    pub fn end(&mut self) -> Vec<u8> {
        self.pass(false)
    }

    fn pass(&mut self, more: bool) -> Vec<u8> {
        let known = self.redactor.known();
        let found = known.finder().find(&self.open, more);
        let mut kept = Vec::with_capacity(found.open);
        let mut rest = 0;
        for (place, owner) in found.places {
            kept.extend_from_slice(&self.open[rest..place.start]);
            kept.extend_from_slice(known.secrets[owner].1.as_bytes());
            rest = place.end;
        }
        kept.extend_from_slice(&self.open[rest..found.open]);
        self.open.drain(..found.open);
        kept
    }
}
