//! What lets others check a drill without trusting whoever ran it: the manifest of its folder, its history's seals, signatures, a witness, bundles.
//!
//! ```text
//!  attestation  who signed it: two statements about its manifest     statement  their form (in-toto)     sigstore  their files' form
//!  witness      when it was there: time stamps of plan and record    time_stamp their form (RFC 3161)    der       that form's form
//!  bundle       the folder as one file                               opened     one that somebody hands over, opened within bounds
//!  ship         a bundle taken to where it is kept                   bucket     S3, with locks
//!  check        what one look at a piece of evidence showed          scratch    a folder for a moment
//! ```
//!
//! What this room does not do: judge a history (`verdict`), or say whom to trust.

pub mod attestation;
mod bucket;
pub mod bundle;
mod check;
mod der;
pub mod opened;
mod scratch;
pub mod ship;
mod sigstore;
mod statement;
mod time_stamp;
pub mod witness;

pub use check::{Check, CheckState};
