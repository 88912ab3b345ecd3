//! How a server's clock stands to ours, measured by asking it the time.
//!
//! Of several questions the one with the shortest way there and back tells most: the answer was stamped somewhere on that way, so half of
//! it is the largest error. A clock that was measured is only known to within that; moments that come from it are intervals.

use crate::api::ServerTime;
use crate::journal::HostTime;

/// Offset of a server's clock from ours, in nanoseconds, with its largest error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// How far their clock is ahead of ours.
    pub ahead: i64,
    /// The largest error of that.
    pub error: u64,
}

impl Offset {
    /// Of a server on our own clock.
    pub const NONE: Self = Self { ahead: 0, error: 0 };

    /// From one question: sent and answered by our clock, stamped by theirs.
    pub(super) fn of(sent: HostTime, theirs: ServerTime, answered: HostTime) -> Self {
        let way = answered.since(sent);
        let middle = i128::from(sent.0) + i128::from(way / 2);
        let ahead = i64::try_from(i128::from(theirs.0) - middle).unwrap_or(i64::MAX);
        Self { ahead, error: way.div_ceil(2) }
    }

    /// A moment of their clock on ours: not before the first, not after the second.
    pub fn ours(self, theirs: ServerTime) -> (HostTime, HostTime) {
        let middle = i128::from(theirs.0) - i128::from(self.ahead);
        let moment = |nanoseconds: i128| HostTime(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX));
        (moment(middle - i128::from(self.error)), moment(middle + i128::from(self.error)))
    }

    /// The middle of [`Offset::ours`].
    pub fn near(self, theirs: ServerTime) -> HostTime {
        Self { error: 0, ..self }.ours(theirs).0
    }

    /// True where both clocks may be one: the difference lies within the error.
    pub(super) const fn may_be_none(self) -> bool {
        self.ahead.unsigned_abs() <= self.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Wherever on the way the stamp was made, a moment of their clock lies in the interval.
        #[test]
        fn the_true_moment_is_inside(
            sent in 1u64 << 40..1u64 << 50, there in 0u64..1 << 34, back in 0u64..1 << 34,
            ahead in -(1i64 << 39)..1i64 << 55, later in 0u64..1 << 40,
        ) {
            let theirs = |ours: u64| ServerTime(u64::try_from(i128::from(ours) + i128::from(ahead)).unwrap());
            let offset = Offset::of(HostTime(sent), theirs(sent + there), HostTime(sent + there + back));
            let moment = sent + later;
            let (first, last) = offset.ours(theirs(moment));
            prop_assert!(first.0 <= moment && moment <= last.0, "{first:?} {moment} {last:?}");
            prop_assert_eq!(last.0 - first.0, 2 * offset.error);
        }
    }
}
