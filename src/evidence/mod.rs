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
//! ```
//!
//! What this room does not do: judge a history (`verdict`), or say whom to trust.

pub mod chain;
mod check;
mod clock;
pub mod inputs;
mod listing;
pub mod manifest;
mod program;
pub mod verify;

pub use check::{Check, CheckState};
pub use clock::{ClockReading, ClockState, Synchronised};
pub use inputs::StartedFiles;
pub use manifest::{FileRole, InputFile, Manifest, ManifestError, ManifestFacts, ReadManifest};
pub use verify::{Integrity, VerifiedFolder, VerifyError};
