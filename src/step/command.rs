//! `run`: a program and its arguments, in a process group of its own so that nothing it started outlives it.

use super::{CUT, Context, Output, StepError};
use crate::host;
use crate::model::Command;
use crate::redact::RedactingStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use tokio::io::AsyncReadExt;

/// Of a longer output the middle is read and thrown away, so that a talkative program is not held up. In bytes.
const KEPT: usize = 1 << 16;
/// How long what a program printed just before its end may take to arrive.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(1);

pub(super) async fn run(command: &Command, context: &Context) -> Result<Output, StepError> {
    let argv = command.argv.iter().map(|argument| context.expand(argument)).collect::<Result<Vec<_>, _>>()?;
    let (program, arguments) = argv.split_first().ok_or_else(|| StepError::Failed("the command is empty".into()))?;
    let folder = match &command.folder {
        Some(folder) => context.folder.join(context.expand(folder)?),
        None => context.folder.clone(),
    };
    // The keeper holds the end of a pipe from this process, and ends the program where that is gone.
    let mut process = match &context.keeper {
        Some(keeper) => {
            can_start(program, &folder)?;
            let mut process = tokio::process::Command::new(keeper);
            process.arg("keep").arg("--").arg(program).stdin(Stdio::piped());
            process
        }
        None => {
            let mut process = tokio::process::Command::new(program);
            process.stdin(Stdio::null());
            process
        }
    };
    process.args(arguments).current_dir(&folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let own = command.env.iter().map(|(name, value)| Ok((name.clone(), context.expand(value)?)));
    host::environment(process.as_std_mut(), &command.pass, own.collect::<Result<Vec<_>, StepError>>()?);
    let kept = context.keeper.is_some();
    let mut child = process.process_group(0).kill_on_drop(!kept).spawn().map_err(|error| cannot_start(program, &error))?;
    // A keeper ends what it keeps by itself, when this end of its pipe is dropped; without one it is done here.
    let _pipe = child.stdin.take();
    let group = if kept { Group(None) } else { Group::of(&child) };
    let (mut out, mut err) = (CapturedOutput::by(context), CapturedOutput::by(context));
    let status = {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut reading = pin!(async { tokio::join!(out.fill(stdout), err.fill(stderr)) });
        let mut read = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                _ = &mut reading, if !read => read = true,
            }
        };
        // What it left in the background would hold the pipes open; it ends here, and nothing more than what is in them can come.
        drop(group);
        if !read {
            let _ = tokio::time::timeout(LAST_WORDS, &mut reading).await;
        }
        status.map_err(|error| StepError::Failed(format!("`{program}` cannot be waited for: {error}")))?
    };
    let ((shown, value), (warned, _)) = (out.end(), err.end());
    let output = [shown, warned].iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
    let done = if command.exit_codes.is_empty() { status.success() } else { status.code().is_some_and(|code| counts(command, code)) };
    if done {
        return Ok(Output { shown: output, value: value.trim_end_matches(['\n', '\r']).into() });
    }
    let how = status.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with exit code {code}"));
    Err(StepError::Failed(if output.is_empty() { format!("`{program}` {how}") } else { format!("`{program}` {how}\n{output}") }))
}

fn counts(command: &Command, code: i32) -> bool {
    command.exit_codes.iter().any(|wanted| i32::from(*wanted) == code)
}

/// Whether a program is there and may be executed, found as the operating system finds it.
///
/// # Errors
/// In words that name it.
pub fn can_start(program: &str, folder: &Path) -> Result<(), StepError> {
    let paths = || std::env::var_os("PATH").map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>()).unwrap_or_default();
    let candidates: Vec<PathBuf> =
        if program.contains('/') { vec![folder.join(program)] } else { paths().iter().map(|path| path.join(program)).collect() };
    let found: Vec<std::fs::Metadata> =
        candidates.iter().filter_map(|path| path.metadata().ok()).filter(std::fs::Metadata::is_file).collect();
    let kind = match found.as_slice() {
        [] => std::io::ErrorKind::NotFound,
        files if files.iter().any(|file| file.permissions().mode() & 0o111 != 0) => return Ok(()),
        _ => std::io::ErrorKind::PermissionDenied,
    };
    Err(cannot_start(program, &kind.into()))
}

fn cannot_start(program: &str, error: &std::io::Error) -> StepError {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such program".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it is not executable".to_owned(),
        _ => error.to_string(),
    };
    StepError::Failed(format!("`{program}` cannot be started: {why}"))
}

/// What comes out of a pipe: for people without secrets, which are taken out before anything is cut, and as it is for later steps.
struct CapturedOutput {
    stream: RedactingStream,
    shown: CutOutput,
    value: CutOutput,
}

impl CapturedOutput {
    fn by(context: &Context) -> Self {
        Self { stream: context.redactor.stream(), shown: CutOutput::default(), value: CutOutput::default() }
    }

    async fn fill(&mut self, pipe: Option<impl tokio::io::AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
            self.shown.push(&self.stream.push(&buffer[..count]));
            self.value.push(&buffer[..count]);
        }
    }

    /// For people, and for later steps. What was cut might hold a part of a secret, which nobody could find: then both get the same.
    fn end(mut self) -> (String, String) {
        self.shown.push(&self.stream.end());
        let shown = self.shown.text();
        let value = if self.value.cut { shown.clone() } else { self.value.text() };
        (shown, value)
    }
}

/// The beginning and the end of an output: what a program was about to do, and why it failed.
#[derive(Default)]
struct CutOutput {
    bytes: Vec<u8>,
    cut: bool,
}

impl CutOutput {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * KEPT {
            self.bytes.drain(KEPT / 2..self.bytes.len() - KEPT / 2);
            self.cut = true;
        }
    }

    fn text(&self) -> String {
        if !self.cut {
            return String::from_utf8_lossy(&self.bytes).into_owned();
        }
        let (head, tail) = self.bytes.split_at(KEPT / 2);
        format!("{}\n{CUT}\n{}", String::from_utf8_lossy(head), String::from_utf8_lossy(tail))
    }
}

/// The process group of a command; whatever is left of it is ended when this is dropped.
struct Group(Option<rustix::process::Pid>);

impl Group {
    fn of(child: &tokio::process::Child) -> Self {
        Self(child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Usually everything has ended, and there is nobody to signal.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
