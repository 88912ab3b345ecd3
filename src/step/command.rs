//! `run`: a program and its arguments, in a process group of its own so that nothing it started outlives it.

use super::{Context, StepError};
use crate::model::Command;
use std::process::Stdio;
use tokio::io::AsyncReadExt;

/// Output beyond this is read and thrown away, so that a talkative program is not held up.
const KEPT: usize = 1 << 20;

pub(super) async fn run(command: &Command, context: &Context) -> Result<String, StepError> {
    let argv = command.argv.iter().map(|argument| context.expand(argument)).collect::<Result<Vec<_>, _>>()?;
    let (program, arguments) = argv.split_first().ok_or_else(|| StepError::Failed("the command is empty".into()))?;
    let mut process = tokio::process::Command::new(program);
    process.args(arguments).current_dir(&context.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in &command.env {
        process.env(name, context.expand(value)?);
    }
    let mut child = process.process_group(0).kill_on_drop(true).spawn().map_err(|error| cannot_start(program, &error))?;
    let _group = Group::of(&child);
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = tokio::join!(kept(&mut out), kept(&mut err), child.wait());
    let status = status.map_err(|error| StepError::Failed(format!("`{program}` cannot be waited for: {error}")))?;
    let output = [stdout, stderr].iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
    let output = context.presentable(&output);
    if status.success() {
        return Ok(output);
    }
    let how = status.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with exit code {code}"));
    Err(StepError::Failed(if output.is_empty() { format!("`{program}` {how}") } else { format!("`{program}` {how}\n{output}") }))
}

fn cannot_start(program: &str, error: &std::io::Error) -> StepError {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such program".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it is not executable".to_owned(),
        _ => error.to_string(),
    };
    StepError::Failed(format!("`{program}` cannot be started: {why}"))
}

async fn kept(pipe: &mut Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let Some(pipe) = pipe else { return String::new() };
    let mut text = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        text.extend_from_slice(&buffer[..count.min(KEPT.saturating_sub(text.len()))]);
    }
    String::from_utf8_lossy(&text).into_owned()
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
