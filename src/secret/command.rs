//! What other programs keep: one command prints the value, another takes a new one from its standard input.
//!
//! A value never stands among arguments, where every user of the host could read it. What a failed command printed is not shown: nobody
//! knows whether the secret is in it.

use super::{Ability, Pending, SecretError, Store, Version, VersionedSecret, still};
use crate::host;
use crate::units::Secret;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// No command may take longer than this.
const TIMEOUT: Duration = Duration::from_secs(30);
/// No value is longer than this. In bytes.
const LONGEST: u64 = 1 << 16;

/// One secret of another program.
#[derive(Debug)]
pub(super) struct Commands {
    pub(super) place: String,
    pub(super) read: Vec<String>,
    pub(super) write: Option<Vec<String>>,
    /// What they are given of this process's environment.
    pub(super) pass: Vec<String>,
    /// Where they run.
    pub(super) folder: PathBuf,
}

impl Commands {
    /// Runs one to its end; returns what it printed. A variable is added to its environment.
    pub(super) async fn run(&self, argv: &[String], input: Option<&Secret>, variable: Option<(&str, &str)>) -> Result<Secret, SecretError> {
        let (program, arguments) = argv.split_first().ok_or_else(|| self.refused("the command is empty".to_owned()))?;
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(&self.folder).process_group(0).kill_on_drop(true);
        host::environment(command.as_std_mut(), &self.pass, variable.map(|(name, value)| (name.to_owned(), value)));
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| SecretError::Unreachable {
            place: self.place.clone(),
            problem: format!("`{program}` cannot be started: {error}"),
            hint: "install it, or write its whole path".to_owned(),
        })?;
        let group = Group(child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)));
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let talk = async {
            let give = async {
                if let (Some(mut pipe), Some(input)) = (stdin, input) {
                    // A program that does not want it is judged by how it ends.
                    let _ = pipe.write_all(input.expose().as_bytes()).await;
                }
            };
            let take = async {
                let mut said = Zeroizing::new(Vec::with_capacity(1024));
                if let Some(pipe) = stdout {
                    let _ = pipe.take(LONGEST + 1).read_to_end(&mut said).await;
                }
                said
            };
            let ((), said, status) = tokio::join!(give, take, child.wait());
            (said, status)
        };
        let ended = tokio::time::timeout(TIMEOUT, talk).await;
        drop(group);
        let (mut said, status) = ended.map_err(|_| SecretError::Unknown {
            place: self.place.clone(),
            problem: format!("`{program}` did not end within {} s", TIMEOUT.as_secs()),
        })?;
        let status = status.map_err(|error| self.refused(format!("`{program}` cannot be waited for: {error}")))?;
        if !status.success() {
            let how = status.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with exit code {code}"));
            let why = format!("`{program}` {how}; its output is not shown, because it may contain the secret");
            let hint = format!("run the command by hand and look at its output; {}", host::GIVES_LITTLE);
            return Err(SecretError::Refused { place: self.place.clone(), why, hint });
        }
        if said.len() as u64 > LONGEST {
            return Err(self.refused(format!("`{program}` printed more than 64 KiB")));
        }
        Secret::from_bytes(std::mem::take(&mut *said))
            .map(Secret::trimmed)
            .ok_or_else(|| self.refused(format!("`{program}` printed no text")))
    }

    fn refused(&self, why: String) -> SecretError {
        SecretError::Refused { place: self.place.clone(), why, hint: "run the command by hand and look at its output".to_owned() }
    }
}

/// The process group of a command; whatever is left of it is ended when this is dropped.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Usually everything has ended, and there is nobody to signal.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Store for Commands {
    fn place(&self) -> &str {
        &self.place
    }

    fn abilities(&self) -> &'static [Ability] {
        if self.write.is_some() { &[Ability::Write] } else { &[] }
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        Box::pin(async {
            let value = self.run(&self.read, None, None).await?;
            if value.is_empty() {
                return Err(SecretError::Absent {
                    place: self.place.clone(),
                    problem: "the command printed nothing".to_owned(),
                    hint: "run it by hand; it prints the key on its standard output".to_owned(),
                });
            }
            Ok(VersionedSecret::unnumbered(value))
        })
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        Box::pin(async move {
            let write = self.write.as_ref().ok_or_else(|| SecretError::Cannot {
                place: self.place.clone(),
                what: "be written: the store has no command for it",
                hint: "add `write: [PROGRAM, ARGUMENT]` to the store; it takes the value from its standard input",
            })?;
            still(self, over).await?;
            self.run(write, Some(value), None).await?;
            Ok(VersionedSecret::unnumbered(value.clone()).version)
        })
    }
}
