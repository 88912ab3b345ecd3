//! Stretches of time between two moments, and what is left of some where others are taken away.

use chrono::{DateTime, TimeDelta, Utc};

/// From one moment until another, the second not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// When it begins.
    pub from: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
}

impl Period {
    /// So long from a moment on.
    pub fn of(from: DateTime<Utc>, takes: TimeDelta) -> Self {
        Self { from, until: from.checked_add_signed(takes).unwrap_or(DateTime::<Utc>::MAX_UTC) }
    }

    /// True where both have a moment in common. One that takes no time is in what it lies in.
    pub fn touches(&self, other: &Self) -> bool {
        let (first, second) = if self.from <= other.from { (self, other) } else { (other, self) };
        second.from < first.until || second.from == first.from
    }

    /// True where the moment lies in it.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }
}

/// What is left of `open` without `closed`; all in order, and those of `open` do not touch each other.
pub(super) fn without(open: Vec<Period>, mut closed: Vec<Period>) -> Vec<Period> {
    closed.sort_unstable();
    let mut left = Vec::new();
    for Period { mut from, until } in open {
        for gone in &closed {
            if gone.until <= from || gone.from >= until {
                continue;
            }
            if gone.from > from {
                left.push(Period { from, until: gone.from });
            }
            from = from.max(gone.until);
        }
        if from < until {
            left.push(Period { from, until });
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    fn period(from: i64, until: i64) -> Period {
        Period { from: at(from), until: at(until) }
    }

    #[test]
    fn what_touches_has_a_moment_in_common() {
        assert!(period(0, 10).touches(&period(9, 12)) && period(9, 12).touches(&period(0, 10)) && period(0, 10).touches(&period(3, 4)));
        assert!(!period(0, 10).touches(&period(10, 12)) && !period(10, 12).touches(&period(0, 10)));
        // An event that takes no time.
        assert!(period(0, 10).touches(&period(0, 0)) && period(0, 10).touches(&period(5, 5)) && !period(0, 10).touches(&period(10, 10)));
    }

    #[test]
    fn what_is_closed_is_taken_out_of_what_is_open() {
        let left = without(vec![period(0, 10), period(20, 30)], vec![period(25, 40), period(2, 4), period(3, 5), period(20, 22)]);
        assert_eq!(left, [period(0, 2), period(5, 10), period(22, 25)]);
        assert_eq!(without(vec![period(0, 10)], vec![period(0, 10)]), []);
        assert_eq!(without(vec![period(0, 10)], vec![]), [period(0, 10)]);
    }
}
