//! Nothing that a drill started outlives it, not even where the drill was killed and could end nothing itself.
//!
//! The system under test is started through a process of this binary that holds the end of a pipe from the drill. When the pipe closes,
//! for whatever reason, the keeper ends the system's process group: politely, then for certain.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{Read, Write, sink, stderr, stdin};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long the system may take to end when asked politely.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// The exit code where the program could not be started; why stands on stderr and nothing else does.
pub(super) const NOT_STARTED: u8 = 125;

/// Runs a program in a process group of its own until it ends by itself or stdin does. Returns the exit code: the program's own, 128 and
/// the signal's number where a signal ended it, 125 where it could not be started.
pub fn keep(program: &str, arguments: &[String]) -> u8 {
    let mut child = match Command::new(program).args(arguments).stdin(Stdio::null()).process_group(0).spawn() {
        Ok(child) => child,
        Err(error) => {
            let _ = writeln!(stderr(), "{}", cannot_start(program, &error));
            return NOT_STARTED;
        }
    };
    let group = Pid::from_child(&child);
    std::thread::spawn(move || {
        // Nobody writes: the end of the reading is the end of the drill.
        let _ = std::io::copy(&mut stdin().lock().by_ref(), &mut sink());
        let _ = kill_process_group(group, Signal::TERM);
        std::thread::sleep(GRACE);
        let _ = kill_process_group(group, Signal::KILL);
    });
    // While it is not reaped, its number is nobody else's: what it left in its group is ended, and nothing else.
    let _ = waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    let _ = kill_process_group(group, Signal::KILL);
    let ended = child.wait().ok();
    let code = ended.and_then(|status| status.code().or_else(|| Some(128 + status.signal()?)));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

fn cannot_start(program: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("there is no program `{program}`\n\nhint: install it, or put its folder into PATH")
        }
        _ => format!("`{program}` cannot be started: {error}\n\nhint: see that it is a program, and may be executed"),
    }
}
