//! What lets others check a drill without trusting whoever ran it: the manifest of its folder, its history's seals, signatures, a witness, bundles.
//!
//! ```text
//! ```
//!
//! What this room does not do: judge a history (`verdict`), or say whom to trust.
