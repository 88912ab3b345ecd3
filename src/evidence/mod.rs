//! What lets others check a drill without trusting whoever ran it: the manifest of its folder, its history's seals, signatures, a witness, bundles.
//!
//! ```text
//!  manifest   what is in a folder, by hash, and where it comes from: made, written, read
//!  clock      what a host's clocks stand on
//!  chain      a history held against its seals
//!  inputs     copies of what a drill was made of, as it was used
//!  verify     a folder held against its manifest, and its history against its seals
//!  listing    what stands in a folder, without following a link
//!  program    the program that runs, by its hash
//!  check      what a look at a piece of evidence showed
//!
//!  attestation  who signed it: two statements about its manifest     statement  their form (in-toto)     sigstore  their files' form
//!  witness      when it was there: time stamps of plan and record    time_stamp their form (RFC 3161)    der       that form's form
//!  bundle       the folder as one file                               opened     one that somebody hands over, opened within bounds
//!  ship         a bundle taken to where it is kept                   bucket     S3, with locks           scratch   a folder for a moment
//! ```
//!
//! What this room does not do: judge a history (`verdict`), or say whom to trust.

pub mod attestation;
mod bucket;
pub mod bundle;
pub mod chain;
mod check;
mod clock;
mod der;
pub mod inputs;
mod listing;
pub mod manifest;
pub mod opened;
mod program;
mod scratch;
pub mod ship;
mod sigstore;
mod statement;
mod time_stamp;
pub mod verify;
pub mod witness;

pub use check::{Check, CheckState};
pub use clock::{ClockReading, ClockState, Synchronised};
pub use inputs::StartedFiles;
pub use manifest::{FileRole, InputFile, Manifest, ManifestError, ManifestFacts, ReadManifest};
pub use verify::{Integrity, VerifiedFolder, VerifyError};
