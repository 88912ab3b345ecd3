//! The process that heals in a drill's place, on servers whose faults do not end by themselves.
//!
//! It holds the other end of a pipe. Whatever ends the drill's process, the operating system closes the pipe; only a drill that has
//! healed everything itself says so first.

use super::Stop;
use crate::host;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio::sync::watch;

/// What says how the network is reached here.
const PROXIES: [&str; 8] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// Why a drill without one does not go on.
const GONE: &str = "the watchdog that heals if this drill is killed has gone, and the server has no leases\n\nhint: see who ended it, and run \
                    the drill again";

/// A running watchdog. Dropped without [`Watchdog::dismiss`] it heals.
#[derive(Debug)]
pub(super) struct Watchdog {
    child: Child,
}

impl Watchdog {
    /// Starts `lifeboat`'s own watchdog for these proxies. Should it end before the drill does, `lost` is told.
    pub(super) fn start(lifeboat: &Path, control: &str, proxies: &[&String], lost: watch::Sender<Option<String>>) -> Result<Self, Stop> {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(lifeboat);
        command.args(["watchdog", "--control", control]);
        for proxy in proxies {
            command.args(["--proxy", proxy]);
        }
        // In a group of its own: a Ctrl-C on the drill's terminal, or a kill of its group, must not reach it.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        host::environment::<&str>(&mut command, &PROXIES.map(str::to_owned), []);
        let child = command.spawn().map_err(|error| {
            Stop::environment(format!(
                "the server at {control} has no leases, and the watchdog that stands in for them cannot start: {error}"
            ))
        })?;
        let process = Pid::from_child(&child);
        let watched = std::thread::Builder::new().name("watchdog".into()).spawn(move || {
            // It stays to be waited for by whoever dismisses it, so that its number is nobody else's.
            let _ = waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            lost.send_if_modified(|lost| {
                let early = lost.is_none();
                if early {
                    *lost = Some(GONE.to_owned());
                }
                early
            });
        });
        let watchdog = Self { child };
        watched.map(|_| watchdog).map_err(|error| Stop::environment(format!("nobody can watch over the watchdog: {error}")))
    }

    /// Everything is healed: it ends without doing anything.
    pub(super) fn dismiss(mut self) {
        use std::io::Write;
        if let Some(mut pipe) = self.child.stdin.take() {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.child.wait();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Closes the pipe, which is what it waits for; it is left to its work.
        drop(self.child.stdin.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drill_is_told_when_its_watchdog_has_gone() {
        let (lost, mut told) = watch::channel(None);
        // A program that ends at once, whatever it is told.
        let watchdog = Watchdog::start(Path::new("true"), "http://127.0.0.1:1", &[], lost).unwrap();
        let told = tokio::time::timeout(std::time::Duration::from_secs(30), told.wait_for(Option::is_some)).await.unwrap();
        assert!(told.unwrap().as_ref().unwrap().contains("the watchdog that heals if this drill is killed has gone"));
        watchdog.dismiss();
    }

    #[tokio::test]
    async fn one_that_is_dismissed_is_not_missed() {
        // The drill takes down what it built: nothing that ends now is lost.
        let (lost, told) = watch::channel(Some(String::new()));
        Watchdog::start(Path::new("true"), "http://127.0.0.1:1", &[], lost).unwrap().dismiss();
        assert_eq!(told.borrow().as_deref(), Some(""));
    }
}
