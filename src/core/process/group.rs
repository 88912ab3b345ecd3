//! The process group of a program, so that nothing which the program started outlives it.

use super::end_report::EndReport;
use super::seen::{names, running_in};
use rustix::process::{Pid, Signal, kill_process_group};
use std::time::{Duration, Instant};
use tokio::process::Child;

/// Between two looks at what is left.
const LOOK: Duration = Duration::from_millis(10);

/// The process group of a program that no supervisor ends. Whatever is left of it when this is dropped is asked to end, and killed after the
/// grace.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    group: Option<Pid>,
    grace: Duration,
}

impl ProcessGroup {
    /// The group that a child leads.
    pub(super) fn of(child: &Child, grace: Duration) -> Self {
        Self { group: child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)), grace }
    }

    /// Asks every process of it to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits until all of it has ended; what has not by then is killed. After that its number may belong to somebody else.
    pub(super) async fn over_by(&mut self, then: Instant) -> EndReport {
        let Some(group) = self.group else { return EndReport::default() };
        let mut report = EndReport::default();
        loop {
            let running = running_in(group);
            if running.is_empty() {
                break;
            }
            if Instant::now() >= then {
                report.killed = names(&running);
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.kill();
        report
    }

    /// Ends what its leader left in the background, once that has ended by itself.
    pub(super) async fn end_the_rest(&mut self) -> EndReport {
        let others = self.group.map_or_else(Vec::new, |group| names(&running_in(group)));
        if others.is_empty() {
            self.kill();
            return EndReport::default();
        }
        self.terminate();
        EndReport { others, ..self.over_by(Instant::now() + self.grace).await }
    }

    /// Kills what is left of it, once.
    pub(super) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.group = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Usually everything has ended, and there is nobody to signal.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let (Some(group), grace) = (self.group, self.grace) else { return };
        self.terminate();
        // Nobody waits for it any more, and whoever drops this must go on.
        let made = std::thread::Builder::new().name("grace".into()).spawn(move || {
            let then = Instant::now() + grace;
            while Instant::now() < then && !running_in(group).is_empty() {
                std::thread::sleep(LOOK);
            }
            let _ = kill_process_group(group, Signal::KILL);
        });
        if made.is_err() {
            self.kill();
        }
    }
}
