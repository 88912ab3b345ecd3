//! What a drill has while it runs: the locks that keep others away, and the levers that may stop it.

use super::lever::Levers;
use super::locks::HeldLocks;

/// The permit of a drill. The usual one holds nothing and nothing stops it: that of a program that sees to this itself.
#[derive(Debug, Default)]
pub struct Permit {
    /// Looked at while it runs.
    pub levers: Levers,
    /// Held until this is dropped.
    pub locks: HeldLocks,
}
