//! A running program, and its end.

use super::group::ProcessGroup;
use super::supervisor::GRACE;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

/// How long a supervisor may take for the last signal and to end itself.
const SLACK: Duration = Duration::from_secs(5);
/// How long a program without a supervisor may take to end when it is asked to.
const SOON: Duration = Duration::from_secs(1);

/// A running program. Dropping it ends the program and whatever it started: a supervisor does it where there is one, else its group is killed.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    child: Child,
    end: End,
}

/// What ends it.
#[derive(Debug)]
enum End {
    /// The supervisor, when this end of its pipe is gone.
    Lifeline(Option<ChildStdin>),
    /// This process.
    Group(ProcessGroup),
}

/// The pipe whose end makes a supervisor end its program. Held apart from the child by whoever has another task wait for it.
#[derive(Debug)]
pub(crate) struct Lifeline {
    _pipe: Option<ChildStdin>,
}

impl ChildProcess {
    /// Of a supervisor, whose standard input is the pipe that it watches.
    pub(super) fn supervised(mut child: Child) -> Self {
        let pipe = child.stdin.take();
        Self { child, end: End::Lifeline(pipe) }
    }

    /// Of a program that leads a group.
    pub(super) fn leading_a_group(child: Child) -> Self {
        let group = ProcessGroup::of(&child);
        Self { child, end: End::Group(group) }
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

    /// The supervisor's pipe, to be kept by somebody else: dropping the child alone ends nothing then.
    pub(crate) fn take_lifeline(&mut self) -> Lifeline {
        let _pipe = if let End::Lifeline(pipe) = &mut self.end { pipe.take() } else { None };
        Lifeline { _pipe }
    }

    /// How it ended, where it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
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

    /// Asks it to end, waits a little, kills what is still there, and waits until it has ended.
    pub(crate) async fn end(&mut self) {
        let patience = match &mut self.end {
            End::Lifeline(pipe) => {
                *pipe = None;
                GRACE + SLACK
            }
            End::Group(group) => {
                group.terminate();
                SOON
            }
        };
        if tokio::time::timeout(patience, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
        self.end_the_rest();
    }

    /// Ends what it left in the background, once it has ended itself. A supervisor does so by itself.
    pub(super) fn end_the_rest(&mut self) {
        if let End::Group(group) = &mut self.end {
            group.kill();
        }
    }
}
