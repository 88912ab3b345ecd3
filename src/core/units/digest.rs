//! Hashes by whichever of SHA-2's functions somebody else has chosen (FIPS 180-4).

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// One of the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashFunction {
    /// The hash of these bytes.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HashFunction::{Sha256, Sha384, Sha512};
    use crate::units::hexadecimal;

    #[test]
    fn they_are_the_standards_own_examples() {
        // FIPS 180-4's example message "abc".
        let begins = |hash: Vec<u8>, digits: &str| hexadecimal(&hash).starts_with(digits);
        assert!(begins(Sha256.of(b"abc"), "ba7816bf8f01cfea"));
        assert!(begins(Sha384.of(b"abc"), "cb00753f45a35e8b"));
        assert!(begins(Sha512.of(b"abc"), "ddaf35a193617aba"));
        assert_eq!((Sha256.of(b"").len(), Sha384.of(b"").len(), Sha512.of(b"").len()), (32, 48, 64));
    }
}
