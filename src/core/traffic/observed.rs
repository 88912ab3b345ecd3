//! What traffic has observed once it has ended.

/// The number of requests that were due, and until when none is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// How many requests were due.
    pub requests: u64,
    /// Nanoseconds since the drill's origin: no request that was due before this is missing.
    pub until: u64,
}
