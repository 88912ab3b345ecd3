//! What this host's clocks stand on: which hardware the kernel counts by, and whether anything keeps the wall clock right.
//!
//! Whether the kernel takes its clock for synchronised is told by adjtimex(2), which cannot be asked without unsafe code; so it is told by what the
//! services leave that keep clocks right, and where none of them does, it is unknown. How far the wall clock was set while a drill ran shows by
//! itself: it went another way than the monotonic one, which is never set.
//!
//! What this file does not do: set a clock, ask a server for the time, or vouch for the moment (a witness does).

use crate::model::words;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Instant, SystemTime};

/// Where the kernel says by what it counts.
const SOURCE: &str = "sys/devices/system/clocksource/clocksource0/current_clocksource";
/// Left by systemd's client once it has set the clock by a server, and by those that do as it does.
const SYNCHRONISED: &str = "run/systemd/timesync/synchronized";
/// Services that keep a clock right and leave nowhere whether they have; by what shows that they run.
const SERVICES: [(&str, &str); 4] = [
    ("run/chrony/chronyd.pid", "chrony"),
    ("run/chronyd.pid", "chrony"),
    ("run/ntpd.pid", "ntpd"),
    ("run/systemd/timesync", "systemd-timesyncd"),
];

words! {
    /// Whether a wall clock is kept right by others.
    Synchronised {
        /// A service says that it has set it by a server.
        Yes = "yes",
        /// Nobody says so here: no service is known to run, or it does not tell.
        Unknown = "unknown",
    }
}

/// The clocks of a host, as far as they can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// What the kernel counts by (`tsc`, `kvm-clock`, `arch_sys_counter`); `unknown` where it does not say.
    pub source: String,
    /// Whether the wall clock is kept right.
    pub synchronised: Synchronised,
    /// The service that keeps it right, where one is known to run.
    pub by: Option<String>,
    /// By how many milliseconds the wall clock was set while the drill ran, forward where it is positive. Only a history's start is told by it.
    pub set_by_ms: i64,
}

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub struct ClockReading {
    wall: SystemTime,
    steady: Instant,
}

impl ClockReading {
    /// Now.
    pub fn now() -> Self {
        Self { wall: SystemTime::now(), steady: Instant::now() }
    }

    /// What is known of this host's clocks now, and of how the wall clock was set since this reading.
    pub fn state(self) -> ClockState {
        let now = Self::now();
        let millis = |nanos: u128| i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX);
        let wall = match now.wall.duration_since(self.wall) {
            Ok(forward) => millis(forward.as_nanos()),
            Err(back) => -millis(back.duration().as_nanos()),
        };
        let set = wall - millis(now.steady.duration_since(self.steady).as_nanos());
        ClockState { set_by_ms: if set.abs() < NOISE_MS { 0 } else { set }, ..told_below(Path::new("/")) }
    }
}

/// Two readings are some moments apart, and rounded; no clock is set by so little.
const NOISE_MS: i64 = 5;

/// What a system says whose files are below this folder.
fn told_below(root: &Path) -> ClockState {
    let source = std::fs::read_to_string(root.join(SOURCE)).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let by = SERVICES.iter().find(|(sign, _)| root.join(sign).exists()).map(|(_, name)| (*name).to_owned());
    let synchronised = if root.join(SYNCHRONISED).exists() { Synchronised::Yes } else { Synchronised::Unknown };
    ClockState { source: source.unwrap_or_else(|| "unknown".to_owned()), synchronised, by, set_by_ms: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_system_says_of_its_clocks_is_told_and_the_rest_is_unknown() {
        let root = tempfile::tempdir().unwrap();
        let told = || told_below(root.path());
        let nothing = ClockState { source: "unknown".into(), synchronised: Synchronised::Unknown, by: None, set_by_ms: 0 };
        assert_eq!(told(), nothing);
        for (path, text) in [(SOURCE, "tsc\n"), ("run/chrony/chronyd.pid", "7\n")] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        assert_eq!(told(), ClockState { source: "tsc".into(), by: Some("chrony".into()), ..nothing.clone() }, "chrony does not tell");
        std::fs::remove_dir_all(root.path().join("run")).unwrap();
        std::fs::create_dir_all(root.path().join("run/systemd/timesync")).unwrap();
        std::fs::write(root.path().join(SYNCHRONISED), "").unwrap();
        let by = Some("systemd-timesyncd".into());
        assert_eq!(told(), ClockState { source: "tsc".into(), synchronised: Synchronised::Yes, by, ..nothing });
    }

    #[test]
    fn a_clock_that_was_set_shows() {
        let hour = std::time::Duration::from_secs(3600);
        let now = ClockReading::now();
        assert_eq!(now.state().set_by_ms, 0);
        let near = |set: i64, wanted: i64| (set - wanted).abs() < 1000;
        assert!(near(ClockReading { wall: now.wall - hour, ..now }.state().set_by_ms, 3_600_000));
        assert!(near(ClockReading { wall: now.wall + hour, ..now }.state().set_by_ms, -3_600_000));
    }
}
