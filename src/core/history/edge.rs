//! When something changed, as far as that is known: between two moments of one clock.

/// A change that happened somewhere in `[lo, hi]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Not before.
    pub lo: i64,
    /// Not after.
    pub hi: i64,
}

/// Nanoseconds since the origin, signed. Half of the range is 292 years.
pub(super) fn signed(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds).unwrap_or(i64::MAX / 4)
}
