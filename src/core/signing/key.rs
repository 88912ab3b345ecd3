//! Keys: made from the operating system's randomness, kept as PKCS #8 and SPKI in PEM (RFC 5958, RFC 8410), named by their own hash.
//!
//! A key's name is the SHA-256 of its public half in SPKI's DER form, in hexadecimal: what `openssl pkey -pubin -outform DER | sha256sum` prints.

use crate::units::{Explained, sha256_hex};
use ed25519_dalek::Signer;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use std::borrow::Cow;
use std::fmt;
use zeroize::Zeroizing;

/// The hash by which a key is named: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct KeyName(String);

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A private key was wanted.
    #[error("this is no private key of Ed25519 in PEM")]
    NotPrivate,
    /// A public key was wanted.
    #[error("this is no public key of Ed25519 in PEM")]
    NotPublic,
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

impl Explained for KeyError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NotPrivate | Self::NotPublic => {
                Some("make a pair with `lifeboat key`, or with `openssl genpkey -algorithm ed25519`".into())
            }
            Self::NoRandomness => None,
        }
    }
}

/// The private half of a pair. It is never printed, and overwritten in memory when it is dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the private key of {}", self.public().name())
    }
}

impl SigningKey {
    /// A new one.
    ///
    /// # Errors
    /// Where the operating system gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        rustix::rand::getrandom(&mut *seed, rustix::rand::GetRandomFlags::empty()).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&seed)))
    }

    /// The one in a file of PEM.
    ///
    /// # Errors
    /// Where it is something else, or locked with a passphrase.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(text).map(Self).map_err(|_| KeyError::NotPrivate)
    }

    /// As it stands in its file.
    pub fn to_pem(&self) -> Zeroizing<String> {
        // The public half beside it is what older programs cannot read.
        let pair = ed25519_dalek::pkcs8::KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF).expect("a key of 32 bytes can be encoded")
    }

    /// Its public half.
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// The signature of bytes: 64 bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).to_bytes().to_vec()
    }
}

/// The public half of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// The one in a file of PEM.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        ed25519_dalek::VerifyingKey::from_public_key_pem(text).map(Self).map_err(|_| KeyError::NotPublic)
    }

    /// As it stands in its file.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).expect("a key of 32 bytes can be encoded")
    }

    /// What it is called.
    pub fn name(&self) -> KeyName {
        KeyName(sha256_hex(self.0.to_public_key_der().expect("a key of 32 bytes can be encoded").as_bytes()))
    }

    /// True where this is the signature of these bytes by the other half, in its one strict form.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 1, as RFC 8410 puts a key into PEM.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes().as_chunks::<2>().0.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        let key = SigningKey(ed25519_dalek::SigningKey::from_bytes(&bytes(SEED).try_into().unwrap()));
        let right = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
        assert_eq!(key.sign(b""), bytes(right));
        assert!(key.public().verifies(b"", &bytes(right)) && !key.public().verifies(b"x", &bytes(right)));
        assert!(!key.public().verifies(b"", &bytes(right)[1..]));
    }

    #[test]
    fn a_pair_is_read_back_from_its_files_and_told_from_everything_else() {
        let key = SigningKey::generate().unwrap();
        let (private, public) = (key.to_pem(), key.public().to_pem());
        assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n") && public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert_eq!(SigningKey::from_pem(&private).unwrap().public(), key.public());
        assert_eq!(VerifyingKey::from_pem(&public).unwrap().name(), key.public().name());
        assert_eq!(SigningKey::from_pem(&public).unwrap_err(), KeyError::NotPrivate);
        assert_eq!(VerifyingKey::from_pem(&private).unwrap_err(), KeyError::NotPublic);
        assert_eq!(VerifyingKey::from_pem("").unwrap_err(), KeyError::NotPublic);
        assert!(!format!("{key:?}").contains("PRIVATE") && format!("{key:?}").contains(&key.public().name().to_string()));
        assert_ne!(SigningKey::generate().unwrap().public(), key.public());
    }
}
