//! The process that heals in a drill's place, on servers whose faults do not end by themselves.
//!
//! It holds the other end of a pipe. Whatever ends the drill's process, the operating system closes the pipe; only a drill that has
//! healed everything itself says so first.

use super::Stop;
use crate::host;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What says how the network is reached here.
const PROXIES: [&str; 8] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// A running watchdog. Dropped without [`Watchdog::dismiss`] it heals.
#[derive(Debug)]
pub(super) struct Watchdog {
    child: Child,
}

impl Watchdog {
    /// Starts `lifeboat`'s own watchdog for these proxies.
    pub(super) fn start(lifeboat: &Path, control: &str, proxies: &[&String]) -> Result<Self, Stop> {
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
        Ok(Self { child })
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
