//! What proves that somebody is who they say: tokens, of which only a hash is kept, and signatures.

use super::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;

/// The hash of a token. Whoever has it cannot make the token from it, and comparing two tells nothing of either by how long it takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of this token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash of a token]")
    }
}

/// Bytes as they are written in texts: two small digits each.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// HMAC-SHA-256 over a text with a key of bytes.
pub fn authentication_code(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA-256 over a text with a secret, in hexadecimal.
pub fn signature(secret: &Secret, text: &str) -> String {
    hexadecimal(&sealed(secret, text).finalize().into_bytes())
}

/// True where this is the signature of a text with a secret. How long it takes tells nothing of the right one.
pub fn is_signed(secret: &Secret, text: &str, signature: &str) -> bool {
    let digits = signature.as_bytes();
    let pairs = digits.as_chunks::<2>().0.iter();
    let bytes: Option<Vec<u8>> =
        pairs.map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect();
    bytes.filter(|_| digits.len() == 64).is_some_and(|bytes| sealed(secret, text).verify_slice(&bytes).is_ok())
}

fn sealed(secret: &Secret, text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_others_make() {
        // RFC 4231, test case 2.
        let (secret, text) = (Secret::from("Jefe"), "what do ya want for nothing?");
        let right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature(&secret, text), right);
        assert_eq!(hexadecimal(&authentication_code(b"Jefe", text.as_bytes())), right);
        assert!(is_signed(&secret, text, right) && is_signed(&secret, text, &right.to_uppercase()));
        for wrong in ["", "5b", &right[..62], &format!("{right}00"), &right.replace('5', "6"), "zz", "ü"] {
            assert!(!is_signed(&secret, text, wrong), "{wrong}");
        }
        assert_eq!(TokenHash::of("a"), TokenHash::of("a"));
        assert_ne!(TokenHash::of("a"), TokenHash::of("b"));
    }
}
