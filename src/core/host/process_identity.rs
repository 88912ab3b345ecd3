//! Which process this is, so that another one can tell later whether it still runs: by its number, when it began, and the boot and the space in
//! which that number means anything. Linux's `/proc` says all of it.
//!
//! What this file does not do: say anything of a process on another host, in another container, or of an earlier boot; that it is one of these
//! is all that can be told.

use serde::{Deserialize, Serialize};

/// A process, as another one can recognise it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The boot of its host: two processes with the same one are on one kernel.
    pub boot: String,
    /// The space of process numbers that it lives in: containers have their own.
    pub space: String,
    /// Its number there.
    pub pid: u32,
    /// When it began, in the kernel's ticks since the boot: a number that was given again belongs to a younger process.
    pub born: u64,
}

/// What can be told of a process from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessState {
    /// It runs.
    Runs,
    /// It has ended.
    Gone,
    /// It is, or was, on another host, in another container or of an earlier boot: nothing can be told.
    Elsewhere,
}

impl ProcessIdentity {
    /// That of this process.
    pub fn own() -> Self {
        Self::of(std::process::id()).unwrap_or_else(|| Self { boot: boot(), space: space(), pid: std::process::id(), born: 0 })
    }

    /// That of the process with this number here; `None` where there is none.
    pub fn of(pid: u32) -> Option<Self> {
        Some(Self { boot: boot(), space: space(), pid, born: born(pid)? })
    }

    /// Whether it still runs, as far as that can be told here.
    pub fn state(&self) -> ProcessState {
        if self.boot.is_empty() || self.boot != boot() || self.space != space() {
            return ProcessState::Elsewhere;
        }
        match born(self.pid) {
            Some(born) if born == self.born => ProcessState::Runs,
            _ => ProcessState::Gone,
        }
    }
}

/// The identifier of this host's boot; empty where nobody tells.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn space() -> String {
    std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default()
}

/// When a process began (proc(5), the 22nd field of `stat`); `None` where there is none, or it has ended and nobody has asked how.
fn born(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then(|| fields.nth(18)?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_as_long_as_it_runs_and_no_longer() {
        let own = ProcessIdentity::own();
        assert_eq!(own.state(), ProcessState::Runs);
        assert_eq!(ProcessIdentity { born: own.born + 1, ..own.clone() }.state(), ProcessState::Gone, "its number was given again");
        assert_eq!(ProcessIdentity { boot: "another".into(), ..own.clone() }.state(), ProcessState::Elsewhere);
        assert_eq!(ProcessIdentity { space: "pid:[1]".into(), ..own }.state(), ProcessState::Elsewhere, "a container's");
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let other = ProcessIdentity::of(child.id()).unwrap();
        assert_eq!(other.state(), ProcessState::Runs);
        child.kill().unwrap();
        let ends = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while other.state() == ProcessState::Runs {
            assert!(std::time::Instant::now() < ends, "it was killed");
        }
        assert_eq!(other.state(), ProcessState::Gone, "also before anybody has asked how it ended");
        child.wait().unwrap();
        assert_eq!(other.state(), ProcessState::Gone);
    }
}
