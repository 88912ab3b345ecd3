//! What the arguments of the processes below one are, which everybody on its host may read, for as long as it runs. Its own are what
//! somebody typed.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks. What lives shorter may be missed; no gateway and no generator of load does.
const LOOK: Duration = Duration::from_millis(200);

/// A process that is looked at until this is stopped.
pub(crate) struct Arguments {
    stop: Sender<()>,
    seen: JoinHandle<BTreeSet<String>>,
}

impl Arguments {
    /// Looks at all below it from now on.
    pub(crate) fn of(process: u32) -> Self {
        let (stop, stopped) = channel();
        let seen = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            loop {
                seen.extend(below(process).into_iter().filter(|pid| *pid != process).map(line));
                if stopped.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                    return seen;
                }
            }
        });
        Self { stop, seen }
    }

    /// Every list of arguments that was seen, as one line each.
    pub(crate) fn seen(self) -> BTreeSet<String> {
        let _ = self.stop.send(());
        self.seen.join().unwrap()
    }
}

/// Those of a process and of all below it now.
pub(crate) fn arguments(root: u32) -> Vec<String> {
    below(root).into_iter().map(line).collect()
}

/// A process and all below it now.
pub(crate) fn below(root: u32) -> Vec<u32> {
    let parent = |pid: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|pid| std::iter::successors(Some(*pid), |pid| parent(*pid)).take(64).any(|pid| pid == root)).collect()
}

fn line(pid: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}
