//! Processes of a system that a drill started, and that outlived it: found by the mark that they and whatever they started carry in their environment.
//!
//! A supervisor ends them whatever becomes of the drill; this is for the case that all supervisors were killed with it, and for what made itself a
//! daemon. Only processes of this user are looked at, for only their environments can be read.

use crate::drill::SYSTEM_MARK;
use crate::host::{ProcessIdentity, ProcessState};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;

/// Characters of a command line that are told.
const TOLD: usize = 80;

/// A process that still runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftProcess {
    /// Which.
    pub process: ProcessIdentity,
    /// Its command line, as far as it is told.
    pub command: String,
}

/// The processes that the drill with this folder started.
pub(super) fn left_processes(folder: &Path) -> Vec<LeftProcess> {
    let mark = [SYSTEM_MARK.as_bytes(), b"=", folder.as_os_str().as_encoded_bytes()].concat();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let carries = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark)
    };
    let told = |pid: u32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command: String = String::from_utf8_lossy(&command).trim_end_matches('\0').replace('\0', " ").chars().take(TOLD).collect();
        Some(LeftProcess { process: ProcessIdentity::of(pid)?, command })
    };
    numbers.filter(carries).filter_map(told).collect()
}

impl LeftProcess {
    /// Ends it, unless its number is another's by now; true where it is gone, or was told to go.
    pub fn end(&self) -> bool {
        if self.process.state() != ProcessState::Runs {
            return true;
        }
        let pid = i32::try_from(self.process.pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_system_left_is_found_by_its_mark_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("sleep").arg("600").env(SYSTEM_MARK, folder.path()).spawn().unwrap();
        // Between its start and the moment from which the system shows its variables a process has none.
        let seen = (0..1000).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            Some(left_processes(folder.path())).filter(|left| !left.is_empty())
        });
        let left = seen.unwrap_or_default();
        assert_eq!(left.iter().map(|left| (left.process.pid, left.command.as_str())).collect::<Vec<_>>(), [(child.id(), "sleep 600")]);
        assert!(left_processes(&folder.path().join("another")).is_empty());
        assert!(left[0].end());
        child.wait().unwrap();
        assert!(left_processes(folder.path()).is_empty() && left[0].end());
    }
}
