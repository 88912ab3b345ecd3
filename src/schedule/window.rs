//! From when until when an occurrence may begin on time. It begins some time after it was due, so that all of a team's schedules do not begin at
//! once: how long is drawn from the schedule's name, and the same each time.

use crate::model::DrillSchedule;
use crate::units::{Duration, sha256_hex};
use chrono::{DateTime, TimeDelta, Utc};

/// A moment so long after another.
pub(super) fn after(at: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    let length = TimeDelta::from_std(length.std()).unwrap_or(TimeDelta::MAX);
    at.checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// When an occurrence that was due at a moment begins, if nothing stands in its way.
pub fn begins(schedule: &DrillSchedule, due: DateTime<Utc>) -> DateTime<Utc> {
    after(due, jitter_of(schedule))
}

/// When its window ends: from then on it does not begin on time.
pub fn closes(schedule: &DrillSchedule, due: DateTime<Utc>) -> DateTime<Utc> {
    after(due, schedule.window)
}

/// How long after it was due it begins: whole seconds up to its `jitter`, by the SHA-256 of its name.
pub fn jitter_of(schedule: &DrillSchedule) -> Duration {
    let most = schedule.jitter.std().as_secs();
    let drawn = u64::from_str_radix(&sha256_hex(schedule.name.as_bytes())[..12], 16).unwrap_or(0);
    Duration::from_secs(drawn % (most + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_each_time_within_its_bound_and_another_for_another_name() {
        let of = |name: &str, jitter: u64| {
            let mut schedule = crate::schedule::example("every day 07:00 UTC");
            (schedule.name, schedule.jitter) = (name.to_owned(), Duration::from_secs(jitter));
            jitter_of(&schedule).std().as_secs()
        };
        assert_eq!((of("a", 0), of("b", 0)), (0, 0));
        // These values are kept: a schedule would move if they changed.
        assert_eq!(
            (of("support-chat-quarterly", 600), of("search-monthly", 600)),
            (of("support-chat-quarterly", 600), of("search-monthly", 600))
        );
        let all: Vec<u64> = (0..200).map(|number| of(&format!("schedule-{number}"), 59)).collect();
        assert!(all.iter().all(|drawn| *drawn <= 59) && (0..60).filter(|second| all.contains(second)).count() > 45);
    }
}
