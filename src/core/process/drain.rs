//! What a program prints that a step left running: somebody must take it, or the program ends at the first line that nobody reads.
//!
//! A process of this binary of its own, in a group of its own, reads the pipe and keeps nothing. It outlives the step and Lifeboat, and ends with
//! the last program that holds the pipe's other end.

use std::io::{sink, stdin};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// Reads stdin to its end, and keeps nothing.
pub fn drain() {
    let _ = std::io::copy(&mut stdin().lock(), &mut sink());
}

/// Starts a process that takes what still comes out of a pipe. Where none can be started, the pipe closes.
pub(super) fn let_run_on(supervisor: &Path, pipe: OwnedFd) {
    let mut command = Command::new(supervisor);
    command.args(["keep", "--drain"]).env_clear().current_dir("/").stdin(pipe).stdout(Stdio::null()).stderr(Stdio::null());
    // Where Lifeboat is gone when it ends, whoever takes in orphans takes note of that.
    let _ = command.process_group(0).spawn();
}
