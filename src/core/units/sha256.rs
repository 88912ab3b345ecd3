//! SHA-256 (FIPS 180-4) as it is written: 64 hexadecimal digits in lower case.

use super::hexadecimal;
use sha2::{Digest as _, Sha256};

/// A hash that grows with what is added to it.
#[derive(Debug, Clone, Default)]
pub struct RunningHash(Sha256);

impl RunningHash {
    /// Takes in more bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was taken in.
    pub fn hex(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

/// The SHA-256 of these bytes.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut hash = RunningHash::default();
    hash.add(bytes);
    hash.hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_standards_own_example() {
        // FIPS 180-4's example message "abc".
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
