//! A running program, and its end.

use super::end_report::EndReport;
use super::group::ProcessGroup;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

/// How long a program may take to end when it is asked to, unless somebody says otherwise.
pub const GRACE: Duration = Duration::from_secs(10);
/// How long a supervisor may take for the last signal and to end itself.
const SLACK: Duration = Duration::from_secs(5);

/// A running program. Dropping it has the program end and whatever it started, by a supervisor where there is one: asked first, killed after its
/// grace.
#[derive(Debug)]
pub struct ChildProcess {
    child: Child,
    end: End,
    grace: Duration,
}

/// What ends it.
#[derive(Debug)]
enum End {
    /// The supervisor, which is told to, or finds this end of its line gone.
    Supervisor(Lifeline),
    /// This process.
    Group(ProcessGroup),
}

/// What a supervisor is told, in one byte each.
pub(super) mod order {
    /// Ask the program to end, and kill it after its grace. The end of the line says the same.
    pub(in crate::process) const END: u8 = b't';
    /// Kill it now.
    pub(in crate::process) const AT_ONCE: u8 = b'k';
}

/// The line whose end makes a supervisor end its program, over which it says afterwards what it ended. Held apart from the child by whoever has
/// another task wait for it. Who drops it after having asked does not want to wait any longer.
#[derive(Debug)]
pub struct Lifeline {
    line: Option<UnixStream>,
    asked: bool,
}

impl Lifeline {
    fn give(&mut self, order: u8) {
        self.asked = true;
        if let Some(line) = &mut self.line {
            // A supervisor that is gone has ended its program.
            let _ = line.write_all(&[order]);
        }
    }

    /// What a supervisor that has ended said last.
    fn report(&mut self) -> EndReport {
        let mut said = Vec::new();
        if let Some(line) = &mut self.line
            && line.set_nonblocking(true).is_ok()
        {
            let _ = line.read_to_end(&mut said);
        }
        serde_json::from_slice(&said).unwrap_or_default()
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        if self.asked {
            self.give(order::AT_ONCE);
        }
    }
}

impl ChildProcess {
    /// Of a supervisor, with the other end of the line that is its standard input.
    pub(super) const fn supervised(child: Child, line: UnixStream, grace: Duration) -> Self {
        Self { child, end: End::Supervisor(Lifeline { line: Some(line), asked: false }), grace }
    }

    /// Of a program that leads a group.
    pub(super) fn leading_a_group(child: Child, grace: Duration) -> Self {
        let group = ProcessGroup::of(&child, grace);
        Self { child, end: End::Group(group), grace }
    }

    /// Its standard input, where it was piped and no supervisor watches it.
    pub(super) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its standard output, where it was piped.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its standard error, where it was piped.
    pub(super) fn stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// The supervisor's line, to be kept by somebody else: dropping the child alone ends nothing then.
    pub(crate) fn take_lifeline(&mut self) -> Lifeline {
        let line = if let End::Supervisor(lifeline) = &mut self.end { lifeline.line.take() } else { None };
        Lifeline { line, asked: false }
    }

    /// How it ended, where it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills it, without asking, and waits for its end. A supervisor that is killed has its program killed with it.
    pub(crate) async fn kill(&mut self) -> std::io::Result<ExitStatus> {
        let _ = self.child.start_kill();
        self.wait().await
    }

    /// Asks it to end, gives it its grace, kills what is still there, and waits until it has ended.
    pub async fn end(&mut self) -> EndReport {
        let then = Instant::now() + self.grace;
        let patience = match &mut self.end {
            End::Supervisor(lifeline) => {
                lifeline.give(order::END);
                self.grace + SLACK
            }
            End::Group(group) => {
                group.terminate();
                self.grace
            }
        };
        let late = tokio::time::timeout(patience, self.child.wait()).await.is_err();
        let mut report = match &mut self.end {
            End::Supervisor(lifeline) => lifeline.report(),
            End::Group(group) => group.over_by(then).await,
        };
        if late {
            let _ = self.child.kill().await;
            if report.killed.is_empty() {
                report.killed.push("its supervisor".into());
            }
        }
        report
    }

    /// Ends what it left in the background, once it has ended itself; a supervisor has done so by then. Says what that was.
    pub(super) async fn end_the_rest(&mut self) -> EndReport {
        match &mut self.end {
            End::Supervisor(lifeline) => lifeline.report(),
            End::Group(group) => group.end_the_rest().await,
        }
    }
}
