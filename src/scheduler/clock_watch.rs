//! Whether the clock by which schedules are due goes as clocks do: a jump of more than a minute is told, and nothing begins until it has gone well for
//! a while. A clock that was set wrong and is set right again a moment later begins and misses nothing.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// What a clock may be off by between two looks.
const SLACK: TimeDelta = TimeDelta::minutes(1);
/// For so long nothing is done after a jump.
pub(super) const STEADY: Duration = Duration::from_secs(120);

/// A jump of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockJump {
    /// How far; negative where it was set back.
    pub(super) by: TimeDelta,
}

/// Watches a clock beside another that nobody sets.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    last: Option<(DateTime<Utc>, Duration)>,
    unsteady_until: Option<Duration>,
}

impl ClockWatch {
    /// What the clock shows at a moment of the other, which counts on while the machine sleeps.
    pub(super) fn shows(&mut self, now: DateTime<Utc>, counted: Duration) -> Option<ClockJump> {
        let last = self.last.replace((now, counted));
        let (before, count) = last?;
        let passed = TimeDelta::from_std(counted.saturating_sub(count)).unwrap_or(TimeDelta::MAX);
        let by = (now - before).checked_sub(&passed)?;
        if by.abs() <= SLACK {
            return None;
        }
        self.unsteady_until = Some(counted + STEADY);
        Some(ClockJump { by })
    }

    /// For how long nothing is to be done, from a moment of the other clock on.
    pub(super) fn is_unsteady_for(&self, counted: Duration) -> Option<Duration> {
        self.unsteady_until?.checked_sub(counted).filter(|left| !left.is_zero())
    }
}

impl std::fmt::Display for ClockJump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = crate::units::Duration::from_secs(self.by.num_seconds().unsigned_abs());
        let where_to = if self.by < TimeDelta::zero() { "back" } else { "ahead" };
        let steady = crate::units::Duration::from_secs(STEADY.as_secs());
        write!(f, "the clock jumped {where_to} by {by}: nothing begins until it has gone steadily for {steady}")
    }
}

/// A clock of this host that nobody sets, and that counts on while the machine sleeps.
pub(super) fn counted() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_a_day_is_told_and_a_slow_look_is_none() {
        let (noon, mut watch) = (DateTime::from_timestamp(1_800_000_000, 0).unwrap(), ClockWatch::default());
        let at = |seconds: u64| Duration::from_secs(1_000 + seconds);
        let shows = |seconds: i64| noon + TimeDelta::seconds(seconds);
        assert_eq!(watch.shows(shows(0), at(0)), None);
        assert_eq!(watch.shows(shows(900), at(880)), None, "a machine that slept, and a clock that was corrected by seconds");
        assert_eq!(watch.is_unsteady_for(at(880)), None);
        let jump = watch.shows(shows(900 + 86_400 + 5), at(885)).unwrap();
        assert!(jump.to_string().starts_with("the clock jumped ahead by 24 h"), "{jump}");
        assert_eq!(watch.is_unsteady_for(at(885)), Some(STEADY));
        // Set right again.
        let jump = watch.shows(shows(915), at(895)).unwrap();
        assert!(jump.to_string().starts_with("the clock jumped back by 24 h"), "{jump}");
        assert_eq!(watch.shows(shows(1_036), at(1_016)), None);
        assert_eq!(watch.is_unsteady_for(at(1_016)), None, "two minutes later all is well");
    }
}
