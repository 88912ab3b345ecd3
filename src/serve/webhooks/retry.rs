//! When what was not taken is tried again: the schedule that Standard Webhooks suggests, some three days, each wait a little longer or shorter so that
//! not all come at once.

use crate::store::Tried;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The wait after the first try, the second and so on, in milliseconds.
const WAITS: [i64; 9] = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// The longest wait that whoever receives may ask for.
const LONGEST: i64 = 24 * HOUR;

/// What becomes of a delivery after so many tries. `asked` is the wait that the other side asks for, in milliseconds; `chance` is any number, of
/// which jitter is made.
pub(super) fn after(tries: i64, asked: Option<i64>, chance: u64) -> Tried {
    let place = usize::try_from(tries - 1).unwrap_or(0);
    let Some(wait) = WAITS.get(place) else { return Tried::Failed };
    // Nine tenths to eleven tenths.
    let share = 900 + i64::try_from(chance % 201).unwrap_or(100);
    let wait = wait * share / 1_000;
    Tried::Again(wait.max(asked.unwrap_or(0).min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_ten_times_over_some_three_days_and_then_no_more() {
        let mut whole = 0;
        for tries in 1..=9 {
            let Tried::Again(wait) = after(tries, None, 100) else { panic!("try {tries} is not the last") };
            assert_eq!(wait, WAITS[usize::try_from(tries).unwrap() - 1]);
            whole += wait;
        }
        assert!((70 * HOUR..80 * HOUR).contains(&whole), "{whole}");
        assert_eq!(after(10, None, 0), Tried::Failed);
        assert_eq!(after(10, Some(1), 0), Tried::Failed, "who asks for a wait is not waited for forever");
    }

    #[test]
    fn waits_differ_by_a_tenth_and_are_no_shorter_than_asked() {
        for chance in 0..1_000 {
            let Tried::Again(wait) = after(1, None, chance) else { panic!("it is tried again") };
            assert!((4_500..=5_500).contains(&wait), "{wait}");
        }
        assert_eq!(after(1, Some(60_000), 0), Tried::Again(60_000));
        assert_eq!(after(1, Some(i64::MAX), 0), Tried::Again(LONGEST));
        assert_eq!(after(1, Some(-5), 0), Tried::Again(4_500));
    }
}
