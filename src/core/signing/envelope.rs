//! DSSE envelopes (Dead Simple Signing Envelope, protocol and JSON form, v1.0): a payload, its kind, and who signed both.

use super::key::{KeyName, SigningKey, VerifyingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A signed payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The bytes, in base64.
    pub payload: String,
    /// What kind of bytes they are: a media type or a URI.
    pub payload_type: String,
    /// Who signed.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// The signature of the pre-authentication encoding, in base64.
    pub sig: String,
    /// The name of the key: a help in finding it, and nothing to trust. Others may leave it out or call it otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keyid: String,
}

/// Why an envelope is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Base64 that is none.
    #[error("a part of it is no base64")]
    Base64,
    /// The payload is of another kind.
    #[error("what was signed is of another kind")]
    Kind,
    /// None of its signatures is by this key.
    #[error("no signature is by this key")]
    Unsigned,
}

impl Envelope {
    /// A payload signed by one key.
    pub fn sign(kind: &str, payload: &[u8], key: &SigningKey) -> Self {
        let signature =
            EnvelopeSignature { sig: STANDARD.encode(key.sign(&encoded(kind, payload))), keyid: key.public().name().to_string() };
        Self { payload: STANDARD.encode(payload), payload_type: kind.to_owned(), signatures: vec![signature] }
    }

    /// The payload, where it is of this kind and a signature of it is by this key.
    ///
    /// # Errors
    /// Why not.
    pub fn verified(&self, kind: &str, key: &VerifyingKey) -> Result<Vec<u8>, EnvelopeError> {
        let payload = STANDARD.decode(&self.payload).map_err(|_| EnvelopeError::Base64)?;
        if self.payload_type != kind {
            return Err(EnvelopeError::Kind);
        }
        let encoded = encoded(kind, &payload);
        let is_signed = |each: &EnvelopeSignature| STANDARD.decode(&each.sig).is_ok_and(|signature| key.verifies(&encoded, &signature));
        if self.signatures.iter().any(is_signed) { Ok(payload) } else { Err(EnvelopeError::Unsigned) }
    }

    /// The payload, of which nobody has said that it is what was signed: to find out whose key it must be.
    ///
    /// # Errors
    /// Where it is no base64.
    pub fn unverified(&self) -> Result<Vec<u8>, EnvelopeError> {
        STANDARD.decode(&self.payload).map_err(|_| EnvelopeError::Base64)
    }

    /// By which keys it says that it was signed.
    pub fn named_keys(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|each| each.keyid.as_str()).filter(|name| !name.is_empty())
    }

    /// True where it says that this key signed it.
    pub fn names(&self, key: &KeyName) -> bool {
        let key = key.to_string();
        self.named_keys().any(|name| name == key)
    }
}

/// DSSE's pre-authentication encoding: `DSSEv1`, and kind and payload each behind its length, with a space between.
fn encoded(kind: &str, payload: &[u8]) -> Vec<u8> {
    [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_encoded_as_in_the_protocols_own_example() {
        let written = encoded("http://example.com/HelloWorld", b"hello world");
        assert_eq!(written, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn an_envelope_holds_for_its_key_kind_and_payload_alone() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let envelope = Envelope::sign("text/plain", b"word", &key);
        assert!(envelope.names(&key.public().name()) && !envelope.names(&other.public().name()));
        let read: Envelope = serde_json::from_str(&serde_json::to_string(&envelope).unwrap()).unwrap();
        assert_eq!(read.verified("text/plain", &key.public()).unwrap(), b"word");
        assert_eq!(read.verified("text/html", &key.public()), Err(EnvelopeError::Kind));
        assert_eq!(read.verified("text/plain", &other.public()), Err(EnvelopeError::Unsigned));
        let with = |payload: &str| Envelope { payload: payload.into(), ..read.clone() }.verified("text/plain", &key.public());
        assert_eq!((with("d29yZA=="), with("d29yZB==").is_err(), with("?")), (Ok(b"word".to_vec()), true, Err(EnvelopeError::Base64)));
        // Another kind with the same signature is no way around it.
        let disguised = Envelope { payload_type: "text/html".into(), ..read };
        assert_eq!(disguised.verified("text/html", &key.public()), Err(EnvelopeError::Unsigned));
    }
}
