//! What makes a drill's fingerprints its own.

use super::Fingerprint;
use hmac::{Hmac, KeyInit, Mac};
use std::fmt;

/// A random number that stands in no file. A fingerprint that went through it is the same wherever one drill names a key, and says nothing
/// to whoever has another drill's history or the key itself.
#[derive(Clone, Copy)]
pub struct Salt([u8; 16]);

impl Salt {
    /// Of these bytes, which nobody must be able to guess.
    pub const fn of(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// How this drill names the key with that fingerprint: the first 32 bits of HMAC-SHA-256 over it.
    pub fn mask(self, inner: Fingerprint) -> Fingerprint {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(&inner.0.to_be_bytes());
        let bytes = mac.finalize().into_bytes();
        Fingerprint(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// How this drill names a text: the first 64 bits of HMAC-SHA-256 over it, in hexadecimal. Who has the salt can try texts, and nobody else.
    pub fn name(self, text: &str) -> String {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(b"text:");
        mac.update(text.as_bytes());
        super::hexadecimal(&mac.finalize().into_bytes()[..8])
    }

    /// In hexadecimal, where it is kept beside what it made.
    pub fn hex(self) -> String {
        super::hexadecimal(&self.0)
    }

    /// From that form; `None` for any other text.
    pub fn from_hex(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
        Some(Self(number.to_be_bytes()))
    }
}

/// How a text begins that stands in a prompt's place.
pub const SEALED_PROMPT: &str = "[prompt ";

/// What stands in a prompt's place: a name for it that says nothing to others, and its length.
pub fn sealed_prompt(text: &str, name: &str) -> String {
    format!("{SEALED_PROMPT}{name} of {} characters]", text.chars().count())
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[salt]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_name_in_a_drill_and_another_in_the_next() {
        let (one, other) = (Salt::of([1; 16]), Salt::of([2; 16]));
        let (first, second) = (Fingerprint::of("sk-one"), Fingerprint::of("sk-two"));
        assert_eq!(one.mask(first), one.mask(first));
        assert_ne!(one.mask(first), one.mask(second));
        assert_ne!(one.mask(first), other.mask(first));
        assert_ne!(one.mask(first), first);
        assert_eq!(format!("{one:?}"), "[salt]");
        assert_eq!((one.name("a"), one.name("a").len()), (Salt::from_hex(&one.hex()).unwrap().name("a"), 16));
        assert_ne!(one.name("a"), other.name("a"));
        assert!(Salt::from_hex("1f").is_none());
    }
}
