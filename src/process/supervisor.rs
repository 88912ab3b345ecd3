//! Nothing that a drill started outlives it, not even where the drill was killed and could end nothing itself.
//!
//! ```text
//!  drill ──pipe──► outer ──pipe──► inner ──► the program and whatever it starts
//! ```
//!
//! Both supervisors are processes of this binary, each in a process group of its own. When the pipe of one closes, for whatever reason, the
//! inner ends everything below it, politely, then for certain: what left the group of the program by `setsid(2)` too, for both take in
//! orphans (`PR_SET_CHILD_SUBREAPER`). Where the outer is killed, the inner's pipe closes; where the inner is killed, the program is killed
//! with it (`PR_SET_PDEATHSIG`) and the outer ends the rest. Where both are killed at one moment, the program still ends, but not what it
//! started.
//!
//! A step that ends by itself takes what is left in its group with it, and nothing else: it may start a service in a session of its own, and
//! its undo ends that. With a system under test ends everything ([`SupervisionScope`]).
//!
//! The signal at a parent's death must be asked for between fork and exec, which takes unsafe code, or before an exec by the process that
//! becomes the program, as here: hence the third [`SupervisorRole`].

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpid, getppid, kill_process, kill_process_group, set_child_subreaper,
    set_parent_process_death_signal, waitid,
};
use std::collections::BTreeMap;
use std::io::{Read, Write, sink, stderr, stdin};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long the system may take to end when asked politely.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// The exit code where the program could not be started; why stands on stderr and nothing else does.
pub(crate) const NOT_STARTED: u8 = 125;
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
}

impl SupervisionScope {
    /// What `lifeboat keep` is told. What belongs to the drill as a whole writes files that are its owner's alone.
    pub(super) const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Group => &[],
            Self::All => &["--private", "--all"],
        }
    }
}

/// Runs a program in a process group of its own until it ends by itself or stdin does. Returns the exit code: the program's own, 128 and
/// the signal's number where a signal ended it, 125 where it could not be started.
pub fn supervise(role: SupervisorRole, scope: SupervisionScope, program: &str, arguments: &[String]) -> u8 {
    match role {
        SupervisorRole::Outer => outer(scope, program, arguments),
        SupervisorRole::Inner => inner(scope, program, arguments),
        SupervisorRole::Program => become_it(program, arguments),
    }
}

fn outer(scope: SupervisionScope, program: &str, arguments: &[String]) -> u8 {
    let _ = set_child_subreaper(Some(getpid()));
    let mut inner = match start(SupervisorRole::Inner, scope, program, arguments, Stdio::piped()) {
        Ok(inner) => inner,
        Err(error) => return not_started(program, &error),
    };
    let pipe = inner.stdin.take();
    std::thread::spawn(move || {
        until_closed();
        drop(pipe);
    });
    let ended = inner.wait().ok();
    if ended.is_some_and(|status| status.signal().is_some()) {
        // It was killed, so what it kept is this process's to end.
        end_all(Duration::ZERO);
    }
    code(ended)
}

fn inner(scope: SupervisionScope, program: &str, arguments: &[String]) -> u8 {
    static TOLD: AtomicBool = AtomicBool::new(false);
    let _ = set_child_subreaper(Some(getpid()));
    let mut child = match start(SupervisorRole::Program, scope, program, arguments, Stdio::null()) {
        Ok(child) => child,
        Err(error) => return not_started(program, &error),
    };
    let group = Pid::from_child(&child);
    std::thread::spawn(move || {
        until_closed();
        TOLD.store(true, Ordering::SeqCst);
        signal_all(Signal::TERM);
        std::thread::sleep(GRACE);
        let _ = kill_process_group(group, Signal::KILL);
        signal_all(Signal::KILL);
    });
    // While it is not reaped, its number is nobody else's: what it left in its group is ended, and nothing else.
    let _ = waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    if TOLD.load(Ordering::SeqCst) {
        let ended = child.wait().ok();
        end_all(GRACE);
        return code(ended);
    }
    let _ = kill_process_group(group, Signal::KILL);
    let ended = child.wait().ok();
    if scope == SupervisionScope::All {
        end_all(Duration::ZERO);
    }
    code(ended)
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

fn start(role: SupervisorRole, scope: SupervisionScope, program: &str, arguments: &[String], stdin: Stdio) -> std::io::Result<Child> {
    let part = if role == SupervisorRole::Inner { "inner" } else { "program" };
    let mut command = Command::new(ITSELF);
    command.args(["keep", "--part", part]).args((scope == SupervisionScope::All).then_some("--all")).args(["--", program]).args(arguments);
    command.stdin(stdin).process_group(0).spawn()
}

/// Waits for the end of stdin. Nobody writes: the end of the reading is the end of whoever holds the other end.
fn until_closed() {
    let _ = std::io::copy(&mut stdin().lock().by_ref(), &mut sink());
}

/// Waits until nothing is left below this process; after a grace it is killed.
fn end_all(grace: Duration) {
    let patience = Instant::now() + grace;
    loop {
        // Orphans come to this process, which must take note of their end.
        while waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG).is_ok_and(|ended| ended.is_some()) {}
        if below(getpid()).is_empty() {
            return;
        }
        if Instant::now() >= patience {
            signal_all(Signal::KILL);
        }
        std::thread::sleep(LOOK);
    }
}

fn signal_all(signal: Signal) {
    for process in below(getpid()) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(process, signal);
    }
}

/// Every process below this one, zombies among them.
fn below(top: Pid) -> Vec<Pid> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        if let Some(parent) = parent(process) {
            children.entry(parent).or_default().push(process);
        }
    }
    let (mut found, mut open) = (Vec::new(), vec![top.as_raw_nonzero().get()]);
    while let Some(process) = open.pop() {
        let next = children.remove(&process).unwrap_or_default();
        found.extend(next.iter().filter_map(|process| Pid::from_raw(*process)));
        open.extend(next);
    }
    found
}

/// The parent of a process: proc(5), `/proc/pid/stat`. Its name, in brackets, may hold anything.
fn parent(process: i32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let after_name = stat.iter().rposition(|byte| *byte == b')')?;
    String::from_utf8_lossy(&stat[after_name + 1..]).split_whitespace().nth(1)?.parse().ok()
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
