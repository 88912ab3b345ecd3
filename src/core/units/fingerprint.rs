//! How a credential is named without being told.

use super::{ParseError, text_form};
use hmac::{Hmac, KeyInit, Mac};
use std::fmt;
use std::str::FromStr;

/// The first 32 bits of HMAC-SHA-256 over a credential, under a key that only separates this use of the hash from
/// others. Two requests with one key show the same fingerprint, on every host; the key cannot be read back from it. What a drill records of
/// it went through a [`Salt`](super::Salt).
/// Text form: 8 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u32);

impl Fingerprint {
    /// The fingerprint of a credential as it stands on the wire, without `Bearer ` before it.
    pub fn of(secret: &str) -> Self {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"lifeboat credential fingerprint").expect("HMAC takes a key of any length");
        mac.update(secret.as_bytes());
        let bytes = mac.finalize().into_bytes();
        Self(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || {
            ParseError::new(
                format!("`{text}` is not a fingerprint"),
                "write 8 hexadecimal digits, as `lifeboat fingerprint env:NAME` prints them",
            )
        };
        if text.len() != 8 {
            return Err(bad());
        }
        u32::from_str_radix(text, 16).map(Self).map_err(|_| bad())
    }
}

text_form!(Fingerprint, r"^[0-9a-f]{8}$", "The fingerprint of a credential, which tells nothing of it: 8 hexadecimal digits.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_keys_apart_and_read_back() {
        let one = Fingerprint::of("sk-one");
        assert_ne!(one, Fingerprint::of("sk-two"));
        assert_eq!(one.to_string().parse::<Fingerprint>().unwrap(), one);
    }
}
