//! Whether this process was there all the time. One that was stopped (SIGSTOP, a debugger, a machine that is out of memory) or whose machine
//! slept neither sends, nor sees, nor renews a lease: what it measured meanwhile is its own absence. Such a drill stops.
//!
//! A wall clock that somebody sets changes nothing that is measured, since drills count on the monotonic clock; it is recorded, because reports
//! show times of day.
//!
//! What this file does not do: notice that the generator fell a little behind, which the traffic tells by itself.

use super::DrillStop;
use super::interrupts::Interrupt;
use crate::history::{Event, Remark, RemarkAbout, StopReason};
use crate::journal::{HostTime, Recorder, Wall, since_boot};
use crate::units::Duration;

/// How often it is looked.
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);
/// A machine that slept for less may only have rounded.
const NAP: u64 = 1_000_000_000;
/// A wall clock that moves by less is only being kept right.
const SET: u64 = 1_000_000_000;

/// One look at the clocks of this host, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct HostClocks {
    /// Time in which the machine was awake.
    awake: HostTime,
    /// The same with the time in which it slept.
    since_boot: u64,
}

impl HostClocks {
    fn now() -> Self {
        Self { awake: HostTime::now(), since_boot: since_boot() }
    }
}

/// Ends with the stop, once this process was away for longer than the lease of a fault. Until then it records that the wall clock was set.
pub(super) async fn noticed(recorder: Recorder, lease: Duration) -> Interrupt {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut last, mut wall) = (HostClocks::now(), Wall::read());
    loop {
        looks.tick().await;
        let now = HostClocks::now();
        if let Some(away) = away(last, now, lease) {
            return Interrupt::Stop(DrillStop::new(StopReason::Fault, away).with_hint(HINT));
        }
        last = now;
        let read = Wall::read();
        if let Some(set) = set(wall.at(now.awake), read.at(now.awake)) {
            recorder.record(Event::Remark(Remark { about: RemarkAbout::Clock, text: set })).await;
            wall = read;
        }
    }
}

const HINT: &str = "run it again on a machine that stays awake, and do not stop its process; what a standing fault proxy still played has ended with its lease";

/// Why this process was away between two looks; `None` where it was not, or hardly.
fn away(last: HostClocks, now: HostClocks, lease: Duration) -> Option<String> {
    let stood = now.awake.since(last.awake);
    let slept = now.since_boot.saturating_sub(last.since_boot).saturating_sub(stood);
    let told = |length: u64| Duration::from_millis(length / 1_000_000);
    if slept >= NAP {
        return Some(format!("this machine slept for {} while the drill ran", told(slept)));
    }
    let lasts = lease.as_nanos();
    (stood >= lasts).then(|| format!("this process stood still for {}, longer than the lease of a fault ({lease})", told(stood)))
}

/// That the wall clock was set, where it shows something else than it would have.
fn set(expected: i64, shown: i64) -> Option<String> {
    let by = expected.abs_diff(shown);
    let way = if shown > expected { "forward" } else { "back" };
    let length = Duration::from_millis(by / 1_000_000);
    (by >= SET).then(|| {
        format!("this host's clock was set {way} by {length}; times of day count from before that, and nothing that was measured changes")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const LEASE: Duration = Duration::from_secs(10);

    fn after(awake: u64, slept: u64) -> Option<String> {
        let last = HostClocks { awake: HostTime(7 * SECOND), since_boot: 100 * SECOND };
        away(last, HostClocks { awake: HostTime(7 * SECOND + awake), since_boot: 100 * SECOND + awake + slept }, LEASE)
    }

    #[test]
    fn a_process_that_stood_still_for_longer_than_a_lease_was_away_and_one_that_was_slow_was_not() {
        assert_eq!((after(SECOND / 2, 0), after(9 * SECOND, 0)), (None, None));
        assert_eq!(after(62 * SECOND, 0).unwrap(), "this process stood still for 1 min 2 s, longer than the lease of a fault (10 s)");
    }

    #[test]
    fn a_machine_that_slept_is_noticed_by_the_clock_that_counts_its_sleep() {
        assert_eq!(after(SECOND / 2, SECOND / 10), None);
        assert_eq!(after(SECOND / 2, 3600 * SECOND).unwrap(), "this machine slept for 1 h while the drill ran");
        // The two clocks are not read at one moment.
        let last = HostClocks { awake: HostTime(5), since_boot: 9 };
        assert_eq!(away(last, HostClocks { awake: HostTime(5 + SECOND), since_boot: 7 + SECOND }, LEASE), None);
    }

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_is_kept_right() {
        let at = |seconds: i64| seconds * 1_000_000_000;
        assert_eq!(set(at(100), at(100) + 900_000_000), None);
        assert!(set(at(100), at(3700)).unwrap().starts_with("this host's clock was set forward by 1 h;"));
        assert!(set(at(100), at(-20)).unwrap().starts_with("this host's clock was set back by 2 min;"));
    }
}
