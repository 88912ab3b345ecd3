//! Nothing that a drill started outlives it, not even where the drill was killed and could end nothing itself.
//!
//! ```text
//!  drill ──line──► outer ──line──► inner ──► the program and whatever it starts
//! ```
//!
//! Both supervisors are processes of this binary, each in a process group of its own, whose standard input is a socket. Over it comes the order
//! to end everything ([`order`]), and back goes what was ended ([`EndReport`]). When the line of one closes, for whatever reason, the
//! inner ends everything below it, politely, then for certain: what left the group of the program by `setsid(2)` too, for both take in
//! orphans (`PR_SET_CHILD_SUBREAPER`). Where the outer is killed, the inner's line closes; where the inner is killed, the program is killed
//! with it (`PR_SET_PDEATHSIG`) and the outer ends the rest. Where both are killed at one moment, the program still ends, but not what it
//! started.
//!
//! A step that ends by itself takes what is left in its group with it, and nothing else: it may start a service in a session of its own, and
//! its undo ends that. With a system under test ends everything; and where the runbook says so, nothing ([`SupervisionScope`]): what was left
//! belongs to nobody then, and outlives Lifeboat.
//!
//! The signal at a parent's death must be asked for between fork and exec, which takes unsafe code, or before an exec by the process that
//! becomes the program, as here: hence the third [`SupervisorRole`].

use super::child::order;
use super::end_report::EndReport;
use super::seen::{SeenProcess, below, names, running_below, running_in};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpid, getppid, kill_process, set_child_subreaper, set_parent_process_death_signal, waitid,
};
use std::fs::File;
use std::io::{Read, Write, stderr, stdin};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The exit code where the program could not be started; why stands on stderr and nothing else does.
pub const NOT_STARTED: u8 = 125;
/// This very program, even where its file was replaced meanwhile.
const ITSELF: &str = "/proc/self/exe";
/// Between two looks at what is left.
const LOOK: Duration = Duration::from_millis(10);

/// Which process of the chain from the drill to the program this is: each watches the pipe of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupervisorRole {
    /// Holds the pipe from the drill.
    Outer,
    /// Holds the pipe from the outer supervisor, and ends what it keeps.
    Inner,
    /// Becomes the program.
    Program,
}

/// Which processes end with a supervised program that ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupervisionScope {
    /// Its process group.
    Group,
    /// Everything that it started.
    All,
    /// None: what it started runs on.
    Alone,
}

impl SupervisionScope {
    /// What `lifeboat keep` is told. What belongs to the drill as a whole writes files that are its owner's alone.
    pub(super) const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Group => &[],
            Self::All => &["--private", "--all"],
            Self::Alone => &["--leave"],
        }
    }
}

/// How a program is supervised.
#[derive(Debug, Clone, Copy)]
pub struct SupervisionOrder {
    /// What ends with it.
    pub scope: SupervisionScope,
    /// How long it may take to end when it is asked to.
    pub grace: Duration,
}

/// Runs a program in a process group of its own until it ends by itself or stdin does. Returns the exit code: the program's own, 128 and
/// the signal's number where a signal ended it, 125 where it could not be started.
pub fn supervise(role: SupervisorRole, how: SupervisionOrder, program: &str, arguments: &[String]) -> u8 {
    match role {
        SupervisorRole::Outer => outer(how, program, arguments),
        SupervisorRole::Inner => inner(how, program, arguments),
        SupervisorRole::Program => become_it(program, arguments),
    }
}

fn outer(how: SupervisionOrder, program: &str, arguments: &[String]) -> u8 {
    let _ = set_child_subreaper(Some(getpid()));
    let line = UnixStream::pair().and_then(|(ours, theirs)| Ok((ours.try_clone()?, ours, OwnedFd::from(theirs))));
    let (mut to_inner, mut from_inner, theirs) = match line {
        Ok(line) => line,
        Err(error) => return not_started(program, &error),
    };
    let mut inner = match start(SupervisorRole::Inner, how, program, arguments, theirs.into()) {
        Ok(inner) => inner,
        Err(error) => return not_started(program, &error),
    };
    std::thread::spawn(move || {
        if let Ok(mut orders) = line_above() {
            let _ = std::io::copy(&mut orders, &mut to_inner);
        }
        let _ = to_inner.shutdown(Shutdown::Write);
    });
    let ended = inner.wait().ok();
    if ended.is_some_and(|status| status.signal().is_some()) {
        // It was killed, so what it kept is this process's to end.
        end_all();
    } else {
        let mut said = Vec::new();
        let _ = from_inner.read_to_end(&mut said);
        tell_above(&said);
    }
    code(ended)
}

/// What an inner supervisor does: its program runs, it ends what is there because it was told to, or its program has ended by itself.
static STAGE: AtomicU8 = AtomicU8::new(RUNS);
const RUNS: u8 = 0;
const TOLD: u8 = 1;
const BY_ITSELF: u8 = 2;
/// Whoever waits for the end does not any longer.
static AT_ONCE: AtomicBool = AtomicBool::new(false);
/// What had to be killed, by name.
static KILLED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn reached(stage: u8) -> bool {
    STAGE.compare_exchange(RUNS, stage, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

fn inner(how: SupervisionOrder, program: &str, arguments: &[String]) -> u8 {
    let _ = set_child_subreaper(Some(getpid()));
    let mut child = match start(SupervisorRole::Program, how, program, arguments, Stdio::null()) {
        Ok(child) => child,
        Err(error) => return not_started(program, &error),
    };
    let group = Pid::from_child(&child);
    std::thread::spawn(move || obey(how.grace));
    // While it is not reaped, its number is nobody else's: what it left in its group is ended, and nothing else.
    let _ = waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    let mut report = EndReport::default();
    let ended;
    if reached(BY_ITSELF) {
        match how.scope {
            SupervisionScope::Alone => {}
            SupervisionScope::Group => report.others = end_these(&|| running_in(group), how.grace),
            SupervisionScope::All => report.others = end_these(&|| running_below(getpid()), how.grace),
        }
        ended = child.wait().ok();
    } else {
        ended = child.wait().ok();
        until_nothing_is_left();
    }
    report.killed.clone_from(&KILLED.lock().unwrap_or_else(PoisonError::into_inner));
    tell_above(&serde_json::to_vec(&report).unwrap_or_default());
    code(ended)
}

/// Waits for an order, or for the end of whoever gives them, and ends everything below this process.
fn obey(grace: Duration) {
    let Ok(mut orders) = line_above() else { return };
    let mut next = move || {
        let mut byte = [0];
        orders.read_exact(&mut byte).ok().map(|()| byte[0])
    };
    let first = next();
    AT_ONCE.store(first == Some(order::AT_ONCE), Ordering::SeqCst);
    let told = reached(TOLD);
    std::thread::spawn(move || {
        while let Some(order) = next() {
            if order == order::AT_ONCE {
                AT_ONCE.store(true, Ordering::SeqCst);
            }
        }
    });
    if told {
        end_these(&|| running_below(getpid()), grace);
    }
}

/// Asks these to end, and kills those that have not after the grace, and whatever comes to them meanwhile. Returns the names of the first.
fn end_these(these: &dyn Fn() -> Vec<SeenProcess>, grace: Duration) -> Vec<String> {
    let first = these();
    let patience = Instant::now() + grace;
    first.iter().for_each(|process| signal(process, Signal::TERM));
    loop {
        let left = these();
        if left.is_empty() {
            return names(&first);
        }
        if Instant::now() >= patience || AT_ONCE.load(Ordering::SeqCst) {
            let mut killed = KILLED.lock().unwrap_or_else(PoisonError::into_inner);
            if killed.is_empty() {
                *killed = names(&left);
            }
            drop(killed);
            left.iter().for_each(|process| signal(process, Signal::KILL));
        }
        std::thread::sleep(LOOK);
    }
}

fn signal(process: &SeenProcess, signal: Signal) {
    // It may have ended by itself meanwhile.
    let _ = kill_process(process.pid, signal);
}

/// The line to whoever started this process.
fn line_above() -> std::io::Result<File> {
    Ok(File::from(stdin().as_fd().try_clone_to_owned()?))
}

/// Says what was ended to whoever may still listen.
fn tell_above(said: &[u8]) {
    if let Ok(mut line) = line_above() {
        let _ = line.write_all(said);
    }
}

/// Becomes the program, which from now on ends with the inner supervisor.
fn become_it(program: &str, arguments: &[String]) -> u8 {
    let supervisor = getppid();
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    if getppid() != supervisor {
        // The supervisor was gone before it could be asked for.
        return NOT_STARTED;
    }
    let error = Command::new(program).args(arguments).exec();
    not_started(program, &error)
}

fn start(role: SupervisorRole, how: SupervisionOrder, program: &str, arguments: &[String], stdin: Stdio) -> std::io::Result<Child> {
    let part = if role == SupervisorRole::Inner { "inner" } else { "program" };
    let mut command = Command::new(ITSELF);
    command.args(["keep", "--part", part, "--grace-ms", &how.grace.as_millis().to_string()]);
    command.args(how.scope.flags().iter().filter(|flag| **flag != "--private")).args(["--", program]).args(arguments);
    command.stdin(stdin).process_group(0).spawn()
}

/// Waits until nothing is left below this process, which somebody else sees to.
fn until_nothing_is_left() {
    while {
        reap();
        !below(getpid()).is_empty()
    } {
        std::thread::sleep(LOOK);
    }
}

/// Kills everything below this process.
fn end_all() {
    while {
        reap();
        let left = below(getpid());
        left.iter().for_each(|process| signal(process, Signal::KILL));
        !left.is_empty()
    } {
        std::thread::sleep(LOOK);
    }
}

/// Orphans come to this process, which must take note of their end.
fn reap() {
    while waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG).is_ok_and(|ended| ended.is_some()) {}
}

fn code(ended: Option<ExitStatus>) -> u8 {
    let code = ended.and_then(|status| status.code().or_else(|| Some(128 + status.signal()?)));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

fn not_started(program: &str, error: &std::io::Error) -> u8 {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no program `{program}`\n\nhint: install it, or put its folder into PATH"),
        _ => format!("`{program}` cannot be started: {error}\n\nhint: check that it is a program and executable (`chmod +x`)"),
    };
    let _ = writeln!(stderr(), "{why}");
    NOT_STARTED
}
