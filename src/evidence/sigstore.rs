//! Sigstore's bundle, version 0.3: one file of JSON that holds an envelope and by whose key it is signed, as cosign reads it.
//!
//! There is one way in which it is written here, to the byte, so that whatever is changed in one can be told.
//!
//! What this file does not do: put anything into a public log. A record that nobody outside should see does not go there; a witness proves when it
//! was made.

use crate::signing::{Envelope, KeyName, VerifyingKey};
use serde::{Deserialize, Serialize};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SigstoreBundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    public_key: PublicKeyHint,
    /// None: but others miss the field where it is not there.
    tlog_entries: [(); 0],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeyHint {
    hint: String,
}

/// Why a bundle is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Untaken {
    /// It is not one as they are written here.
    Form,
    /// Its signature is not by this key, which it names.
    Signature,
    /// It is signed by a key that is none of these: its name.
    Stranger(String),
}

impl SigstoreBundle {
    /// One of an envelope by this key.
    pub(super) fn new(mut dsse_envelope: Envelope, key: &KeyName) -> Self {
        // The key is named once: cosign passes over a signature whose key is named in another way than its own.
        dsse_envelope.signatures.iter_mut().for_each(|signature| signature.keyid.clear());
        let material = Material { public_key: PublicKeyHint { hint: key.to_string() }, tlog_entries: [] };
        Self { media_type: MEDIA_TYPE.to_owned(), verification_material: material, dsse_envelope }
    }

    /// As it stands in its file.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data can be written as JSON") + "\n"
    }

    /// The one in a file.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Untaken> {
        let read: Self = serde_json::from_slice(bytes).map_err(|_| Untaken::Form)?;
        let own = read.media_type == MEDIA_TYPE
            && read.dsse_envelope.signatures.len() == 1
            && read.dsse_envelope.named_keys().next().is_none()
            && read.text().as_bytes() == bytes;
        if own { Ok(read) } else { Err(Untaken::Form) }
    }

    /// The payload, where it is signed by one of these keys.
    pub(super) fn verified(&self, kind: &str, keys: &[VerifyingKey]) -> Result<(Vec<u8>, KeyName), Untaken> {
        let hint = &self.verification_material.public_key.hint;
        for key in keys {
            let name = key.name();
            if let Ok(payload) = self.dsse_envelope.verified(kind, key) {
                // It is by this key and says that it is by another.
                return if *hint == name.to_string() { Ok((payload, name)) } else { Err(Untaken::Form) };
            }
            if *hint == name.to_string() {
                return Err(Untaken::Signature);
            }
        }
        Err(Untaken::Stranger(hint.chars().take(64).collect()))
    }

    /// The payload, whoever signed it.
    pub(super) fn unverified(&self) -> Option<Vec<u8>> {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.decode(&self.dsse_envelope.payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::SigningKey;

    #[test]
    fn every_single_change_of_a_bundle_is_found() {
        let key = SigningKey::generate().unwrap();
        let name = key.public().name();
        let text = SigstoreBundle::new(Envelope::sign("a/b", b"{\"word\":1}", &key), &name).text();
        let keys = [SigningKey::generate().unwrap().public(), key.public()];
        let verified = |bytes: &[u8]| SigstoreBundle::read(bytes).and_then(|bundle| bundle.verified("a/b", &keys));
        assert_eq!(verified(text.as_bytes()).unwrap(), (b"{\"word\":1}".to_vec(), name.clone()));
        for place in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                assert!(verified(&bytes).is_err(), "bit {bit} of byte {place}");
            }
            let (before, after) = text.as_bytes().split_at(place);
            assert!(verified(before).is_err(), "cut at {place}");
            assert!(verified(&[before, b" ", after].concat()).is_err() && verified(&[before, &after[1..]].concat()).is_err(), "{place}");
        }
        let bundle = SigstoreBundle::read(text.as_bytes()).unwrap();
        assert_eq!(bundle.verified("a/b", &keys[..1]), Err(Untaken::Stranger(name.to_string())));
        assert_eq!(bundle.unverified().unwrap(), b"{\"word\":1}");
    }
}
