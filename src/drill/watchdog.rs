//! The process that heals in a drill's place, on servers whose faults do not end by themselves.
//!
//! It holds the other end of a pipe. Whatever ends the drill's process, the operating system closes the pipe; only a drill that has
//! healed everything itself says so first. One that has gone away is missed: without it a crash would leave the faults for ever.

use super::DrillStop;
use crate::process;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often it is looked after.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

/// A running watchdog. Dropped without [`Watchdog::dismiss`] it heals.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// Closing it is what it waits for.
    pipe: Option<ChildStdin>,
    /// Looks after it, and gives it back when it is told to end.
    monitor: JoinHandle<Child>,
    over: watch::Sender<bool>,
}

impl Watchdog {
    /// Starts `lifeboat`'s own watchdog for these proxies. Should it go away, that is told.
    pub(super) fn start(
        lifeboat: &Path,
        control: &str,
        proxies: &[&String],
        gone: watch::Sender<Option<DrillStop>>,
    ) -> Result<Self, DrillStop> {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(lifeboat);
        command.args(["watchdog", "--control", control]);
        for proxy in proxies {
            command.args(["--proxy", proxy]);
        }
        // In a group of its own: a Ctrl-C on the drill's terminal, or a kill of its group, must not reach it.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        process::environment::<&str>(&mut command, &[], []);
        let mut child = command.spawn().map_err(|error| {
            DrillStop::environment(format!(
                "the server at {control} has no leases, and the watchdog that stands in for them cannot start: {error}"
            ))
        })?;
        let pipe = child.stdin.take();
        let over = watch::Sender::new(false);
        let mut told = over.subscribe();
        let control = control.to_owned();
        let monitor = tokio::spawn(async move {
            while tokio::time::timeout(LOOK, told.wait_for(|over| *over)).await.is_err() {
                if let Ok(Some(status)) = child.try_wait() {
                    let stop = DrillStop::environment(format!(
                        "the watchdog has stopped ({status}), and the server at {control} has no leases: a crash of this process would leave its \
                         faults in place"
                    ));
                    gone.send_replace(Some(stop.with_hint("find out what ended it; a server of `lifeboat proxy` needs none")));
                    let _ = told.wait_for(|over| *over).await;
                    break;
                }
            }
            child
        });
        Ok(Self { pipe, monitor, over })
    }

    /// Everything is healed: it ends without doing anything.
    pub(super) async fn dismiss(mut self) {
        use std::io::Write;
        if let Some(mut pipe) = self.pipe.take() {
            // One that has gone away reads nothing.
            let _ = pipe.write_all(b"done\n");
        }
        self.over.send_replace(true);
        if let Ok(mut child) = self.monitor.await {
            let _ = child.wait();
        }
    }
}
