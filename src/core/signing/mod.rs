//! Signatures by Ed25519 (RFC 8032) that others can check: key files as OpenSSL and cosign read them, and DSSE envelopes.
//!
//! ```text
//!  key         a pair of keys, its file, its name
//!  envelope    DSSE: what is signed is bytes and their kind, so that nothing is signed twice with two meanings
//! ```
//!
//! What this room does not do: know what is signed, or where keys are kept. Whom to trust is said by whoever verifies.

mod envelope;
mod key;

pub use envelope::{Envelope, EnvelopeError, EnvelopeSignature};
pub use key::{KeyError, KeyName, SigningKey, VerifyingKey};
