//! A value that must not be seen: a key, a token, a password.

use hmac::{Hmac, KeyInit, Mac};
use std::fmt;
use std::hash::{Hash, Hasher};
use zeroize::Zeroizing;

/// A secret. It cannot be printed (its `Debug` shows a fingerprint, and it has no `Display`) nor serialised, its memory is overwritten
/// when it is dropped, and it is compared in a time that does not tell where two secrets begin to differ. [`Secret::expose`] is the one
/// way in, so that a search for that word finds every place where a secret is used.
///
/// ```
/// // All that the two below need is there, so that they fail for the secret alone.
/// let secret = lifeboat_core::units::Secret::new("sk-one".to_owned());
/// println!("{}", secret.expose());
/// serde_json::to_string(secret.expose());
/// ```
/// ```compile_fail
/// let secret = lifeboat_core::units::Secret::new("sk-one".to_owned());
/// println!("{secret}");
/// ```
/// ```compile_fail
/// let secret = lifeboat_core::units::Secret::new("sk-one".to_owned());
/// serde_json::to_string(&secret);
/// ```
///
/// What it does not do: it cannot take back copies that others made of the text before it came here.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; nothing is copied.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// From bytes that hold UTF-8, as keys do; `None` for others. The bytes are overwritten where they are not taken over.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        String::from_utf8(bytes).map_err(|error| drop(Zeroizing::new(error.into_bytes()))).ok().map(Self::new)
    }

    /// The text itself, for the one place where it is sent or stored.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True where there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secret without white space around it: a file's last line end is not part of a key.
    pub fn trimmed(self) -> Self {
        if self.0.trim().len() == self.0.len() { self } else { Self::new(self.0.trim().to_owned()) }
    }

    fn mac(&self) -> Hmac<sha2::Sha256> {
        let mut mac = Hmac::new_from_slice(b"lifeboat secret comparison").expect("HMAC takes a key of any length");
        mac.update(self.0.as_bytes());
        mac
    }
}

impl PartialEq for Secret {
    /// Hashes are compared, each in full, so that neither the place of a difference nor a length shows in the time that it takes.
    fn eq(&self, other: &Self) -> bool {
        self.mac().verify(&other.mac().finalize().into_bytes()).is_ok()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    /// A copy; the text that it is taken from stays where it is.
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl Hash for Secret {
    /// For tables in memory, whose hasher is seeded by the operating system.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_bytes().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("[no secret]") } else { write!(f, "[secret {}]", self.fingerprint()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Fingerprint;

    #[test]
    fn a_secret_shows_its_fingerprint_and_nothing_else() {
        let secret = Secret::new("sk-very-secret".into());
        let shown = format!("{secret:?} {:#?}", Some(&secret));
        assert!(shown.contains(&Fingerprint::of("sk-very-secret").to_string()), "{shown}");
        assert!(!shown.contains("sk-") && !shown.contains("very"), "{shown}");
        assert_eq!(format!("{:?}", Secret::new(String::new())), "[no secret]");
    }

    #[test]
    fn secrets_are_equal_where_their_texts_are() {
        let one = Secret::new("sk-one".into());
        assert_eq!(one, Secret::from("sk-one".to_owned()));
        assert_ne!(one, Secret::from("sk-one ".to_owned()));
        assert_ne!(one, Secret::from(String::new()));
        assert_eq!(one, Secret::from("\tsk-one\r\n".to_owned()).trimmed());
    }

    #[test]
    fn bytes_are_a_secret_where_they_are_text() {
        assert_eq!(Secret::from_bytes(b"sk-one".to_vec()), Some(Secret::from("sk-one".to_owned())));
        assert_eq!(Secret::from_bytes(vec![0xff, 0xfe]), None);
    }

    #[test]
    fn the_text_is_where_it_was_taken_over() {
        let text = "sk-one".to_owned();
        let place = text.as_ptr();
        assert_eq!(Secret::new(text).expose().as_ptr(), place);
    }
}
