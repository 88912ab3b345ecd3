//! Shares of counts, in integers: a share counts in whole billionths, so that 29 % of 100 are 29, and not the 28 that floats leave of it.

/// How finely a share is taken.
pub(super) const WHOLE: u64 = 1_000_000_000;

/// A share from 0 to 1 in whole billionths, to the nearest.
pub(super) fn billionths(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * WHOLE as f64).round() as u64
}

/// So much of a count is this share, rounded down.
pub fn share_of(count: u64, share: f64) -> u64 {
    (u128::from(billionths(share)) * u128::from(count) / u128::from(WHOLE)) as u64
}

/// So many of a count may be missing where this share must be there: 10 of 100 at 90 %.
pub fn spare(count: u64, share: f64) -> u64 {
    (u128::from(WHOLE - billionths(share)) * u128::from(count) / u128::from(WHOLE)) as u64
}

/// Whether a part of a count is at least this share of it.
pub fn reaches(part: u64, count: u64, share: f64) -> bool {
    u128::from(part) * u128::from(WHOLE) >= u128::from(billionths(share)) * u128::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_leave_nothing_out() {
        assert_eq!([share_of(100, 0.29), share_of(300, 0.41), share_of(7, 0.5), share_of(u64::MAX, 1.0)], [29, 123, 3, u64::MAX]);
        assert_eq!([spare(100, 0.9), spare(100, 0.97), spare(7, 0.9), spare(7, 1.0), spare(7, 0.0)], [10, 3, 0, 0, 7]);
        assert!(reaches(29, 100, 0.29) && !reaches(28, 100, 0.29) && reaches(0, 0, 1.0));
    }
}
