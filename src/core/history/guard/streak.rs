//! For how long something has been too much, with a second threshold for when it is well again.

/// What a value says at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardLevel {
    /// Beyond the threshold.
    Over,
    /// Not beyond it, and not yet well again.
    Between,
    /// Well.
    Clear,
}

/// Since when something has been too much without a break.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streak {
    since: Option<u64>,
}

impl Streak {
    /// Takes one look in; `began` is when what it saw began, for it may be about a while that ends now. Since when it has been too much, where it
    /// still is. A look that saw nothing changes nothing, and is no ground to trip.
    pub fn look(&mut self, level: Option<GuardLevel>, began: u64) -> Option<u64> {
        match level? {
            GuardLevel::Over => Some(*self.since.get_or_insert(began)),
            GuardLevel::Between => self.since,
            GuardLevel::Clear => {
                self.since = None;
                None
            }
        }
    }

    /// Nothing has been too much for so long that whatever was is over.
    pub const fn clear(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use GuardLevel::{Between, Clear, Over};

    #[test]
    fn a_moment_that_is_better_but_not_well_is_no_break() {
        let mut streak = Streak::default();
        let looks = [(Clear, 1), (Between, 2), (Over, 3), (Between, 4), (Over, 5), (Clear, 6), (Between, 7), (Over, 8)];
        let seen = looks.map(|(level, at)| streak.look(Some(level), at));
        assert_eq!(seen, [None, None, Some(3), Some(3), Some(3), None, None, Some(8)]);
        assert_eq!((streak.look(None, 9), streak.look(Some(Between), 10)), (None, Some(8)), "what is not seen is neither");
        streak.clear();
        assert_eq!(streak.look(Some(Between), 11), None);
    }
}
