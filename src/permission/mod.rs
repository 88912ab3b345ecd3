//! Whether a drill may begin here and now, and go on: what people allowed, forbade or hold.
//!
//! ```text
//!  trust   which commands of which project this user has agreed to
//! ```
//!
//! What this room does not do: ask anybody, print, or start and stop drills; it says what holds and why.

pub mod trust;
