//! A program that is to be started: its arguments, where it runs, what it is given, and who ends it.

use super::capture::CapturedOutput;
use super::child::ChildProcess;
use super::environment::environment;
use super::error::{ProcessError, ProcessExit};
use super::supervisor::SupervisionScope;
use crate::redact::Redactor;
use crate::units::Secret;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};

/// How long what a program printed just before its end may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A program and its arguments, never a shell line.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The program, then its arguments.
    pub(crate) argv: Vec<String>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
    /// What it is given of this process's environment, besides what every program needs.
    pub(crate) pass: Vec<String>,
    /// Variables of its own.
    pub(crate) env: Vec<(String, Secret)>,
    /// Who ends it.
    pub(crate) supervision: Supervision,
}

/// Who ends a program and what it started, where nobody waits for it any more.
#[derive(Debug, Clone)]
pub(crate) enum Supervision {
    /// This process, which must not be killed meanwhile.
    Unsupervised,
    /// A supervisor, whose binary this is, though this process be killed. With the program ends what the scope says; where that is everything,
    /// the program's files are its owner's alone.
    By(PathBuf, SupervisionScope),
}

/// How a program is run to its end.
pub(crate) struct RunOptions<'a> {
    /// What it finds on its standard input; nothing where it is supervised.
    pub(crate) input: Option<&'a Secret>,
    /// How long it may take.
    pub(crate) within: Option<Duration>,
    /// Knows what no message may show.
    pub(crate) redactor: &'a Redactor,
    /// Told the last lines of what it has printed so far, without secrets.
    pub(crate) progress: &'a (dyn Fn(&str) + Sync),
}

impl<'a> RunOptions<'a> {
    /// Without input and limit.
    pub(crate) fn new(redactor: &'a Redactor) -> Self {
        Self { input: None, within: None, redactor, progress: &|_| {} }
    }
}

/// A run that has come to its end, however that was.
pub(crate) struct FinishedRun {
    program: String,
    /// How it ended; `None` where it was ended because it took too long.
    status: Option<ExitStatus>,
    within: Duration,
    pub(crate) stdout: CapturedOutput,
    pub(crate) stderr: CapturedOutput,
}

impl FinishedRun {
    /// What it printed, for people.
    pub(crate) fn said(&self) -> String {
        let both = [self.stdout.shown(), self.stderr.shown()];
        both.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// True where it ended with one of these exit codes; where none is named, with success.
    pub(crate) fn is_done(&self, codes: &[u8]) -> bool {
        let counts = |code: i32| codes.iter().any(|wanted| i32::from(*wanted) == code);
        self.status.is_some_and(|status| if codes.is_empty() { status.success() } else { status.code().is_some_and(counts) })
    }

    /// Why it did not do its work; `said` is what it printed last.
    pub(crate) fn failure(&self, said: String) -> ProcessError {
        let program = self.program.clone();
        match self.status {
            Some(status) => ProcessError::Failed { program, exit: ProcessExit::of(status), said },
            None => ProcessError::TooSlow { program, within: self.within, said },
        }
    }
}

impl Program {
    /// Starts it. What it prints goes where these say, in this order: standard output, standard error.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(crate) fn start(&self, [stdout, stderr]: [Stdio; 2]) -> Result<ChildProcess, ProcessError> {
        self.spawn(Stdio::null(), stdout, stderr)
    }

    fn spawn(&self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<ChildProcess, ProcessError> {
        let (program, arguments) = self.argv.split_first().ok_or(ProcessError::Empty)?;
        let mut command = match &self.supervision {
            Supervision::Unsupervised => {
                let mut command = Command::new(program);
                command.stdin(stdin).kill_on_drop(true);
                command
            }
            Supervision::By(supervisor, scope) => {
                let mut command = Command::new(supervisor);
                // It holds the end of a pipe from this process, and ends the program where that is gone.
                command.arg("keep").args(scope.flags()).args(["--", program]).stdin(Stdio::piped());
                command
            }
        };
        environment(command.as_std_mut(), &self.pass, self.env.iter().map(|(name, value)| (name.clone(), value.expose())));
        command.args(arguments).current_dir(&self.folder).stdout(stdout).stderr(stderr).process_group(0);
        // The command holds the pipes' ends too, and goes with this function: output is whole only once nobody holds them.
        let child = command.spawn().map_err(|source| {
            // Where it is supervised, the supervisor is what could not be started.
            ProcessError::NotStarted { program: command.as_std().get_program().to_string_lossy().into_owned(), source }
        })?;
        Ok(match self.supervision {
            Supervision::Unsupervised => ChildProcess::leading_a_group(child),
            Supervision::By(..) => ChildProcess::supervised(child),
        })
    }

    /// Runs it to its end, or ends it when its time is over. Dropping the future ends it.
    ///
    /// # Errors
    /// Where it cannot be started or waited for; how it ended is in what is returned.
    pub(crate) async fn run(&self, options: RunOptions<'_>) -> Result<FinishedRun, ProcessError> {
        let stdin = if options.input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = self.spawn(stdin, Stdio::piped(), Stdio::piped())?;
        let pipes = (child.stdin(), child.stdout(), child.stderr());
        let mut stdout = CapturedOutput::without_secrets_of(options.redactor);
        let mut stderr = CapturedOutput::without_secrets_of(options.redactor);
        let waited = {
            let talk = async {
                let (out, err) = (stdout.fill(pipes.1, options.progress), stderr.fill(pipes.2, options.progress));
                tokio::join!(give(pipes.0, options.input), out, err);
            };
            let (mut talk, mut talked) = (pin!(talk), false);
            let mut late = pin!(after(options.within));
            let waited = loop {
                tokio::select! {
                    status = child.wait() => break Some(status),
                    () = &mut talk, if !talked => talked = true,
                    () = &mut late => break None,
                }
            };
            // What it left in the background would hold the pipes open; it ends here, and nothing more than what is in them can come.
            if waited.is_none() {
                child.end().await;
            } else {
                child.end_the_rest();
            }
            if !talked {
                let _ = tokio::time::timeout(LAST_WORDS, &mut talk).await;
            }
            waited
        };
        stdout.close();
        stderr.close();
        let program = self.argv.first().cloned().unwrap_or_default();
        let status = waited.transpose().map_err(|source| ProcessError::Lost { program: program.clone(), source })?;
        Ok(FinishedRun { program, status, within: options.within.unwrap_or_default(), stdout, stderr })
    }
}

async fn give(pipe: Option<ChildStdin>, input: Option<&Secret>) {
    if let (Some(mut pipe), Some(input)) = (pipe, input) {
        // A program that does not want it is judged by how it ends.
        let _ = pipe.write_all(input.expose().as_bytes()).await;
    }
}

async fn after(within: Option<Duration>) {
    match within {
        Some(within) => tokio::time::sleep(within).await,
        None => std::future::pending().await,
    }
}

/// Whether a program is there and may be executed, found as the operating system finds it.
///
/// # Errors
/// [`ProcessError::NotStarted`], as it would be.
pub(crate) fn can_start(program: &str, folder: &Path) -> Result<(), ProcessError> {
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
    Err(ProcessError::NotStarted { program: program.to_owned(), source: kind.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str) -> Program {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        Program { argv, folder: ".".into(), pass: Vec::new(), env: Vec::new(), supervision: Supervision::Unsupervised }
    }

    async fn run(script: &str, within: Option<Duration>, redactor: &Redactor) -> FinishedRun {
        shell(script).run(RunOptions { within, ..RunOptions::new(redactor) }).await.unwrap()
    }

    #[tokio::test]
    async fn an_error_ends_with_what_the_program_said_last_without_secrets() {
        let redactor = Redactor::default();
        redactor.learn_as(&"sk-a-secret".into(), "[secret]".into());
        let failed = run("echo sk-a-secret; echo no credentials >&2; exit 255", None, &redactor).await;
        let told = failed.failure(failed.said()).to_string();
        assert_eq!(told, "`sh` ended with exit code 255\n[secret]\nno credentials");
        let slow = run("echo waiting for sk-a-secret >&2; sleep 60", Some(Duration::from_millis(300)), &redactor).await;
        let told = slow.failure(slow.said()).to_string();
        assert_eq!(told, "`sh` did not end within 0 s\nwaiting for [secret]");
        let absent = Program { argv: vec!["./no-such-program".into()], ..shell("") };
        let told = absent.run(RunOptions::new(&redactor)).await.err().unwrap().to_string();
        assert_eq!(told, "`./no-such-program` cannot be started: there is no such program");
    }

    #[tokio::test]
    async fn one_that_takes_too_long_is_asked_to_end_first_and_takes_what_it_started_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'echo asked; exit 3' TERM; sleep 61 & echo $!; echo ready; while :; do sleep 0.05; done";
        let program = Program { folder: folder.path().into(), ..shell(script) };
        let began = Instant::now();
        let redactor = Redactor::default();
        let options = RunOptions { within: Some(Duration::from_millis(500)), ..RunOptions::new(&redactor) };
        let ended = program.run(options).await.unwrap();
        assert!(ended.said().contains("ready\nasked"), "{}", ended.said());
        // It is given a second, and nobody waits for the minute.
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        let sleeper: i32 = ended.said().lines().next().unwrap().parse().unwrap();
        let gone = || std::fs::read_to_string(format!("/proc/{sleeper}/stat")).map_or(true, |stat| stat.contains(") Z "));
        while !gone() && began.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(gone(), "what it started has outlived it");
    }

    #[tokio::test]
    async fn progress_is_told_while_it_runs_and_long_output_is_cut_in_the_middle() {
        let last = std::sync::Mutex::new(String::new());
        let progress = |said: &str| said.clone_into(&mut last.lock().unwrap());
        let redactor = Redactor::default();
        let options = RunOptions { progress: &progress, ..RunOptions::new(&redactor) };
        let finished = shell("echo first; head -c 300000 /dev/zero | tr '\\0' x; echo; echo last").run(options).await.unwrap();
        assert!(last.lock().unwrap().ends_with("last"), "{:?}", last.lock().unwrap());
        let shown = finished.stdout.shown();
        assert!(shown.starts_with("first\nx") && shown.ends_with("x\nlast\n") && shown.contains(super::super::CUT), "{}", shown.len());
        assert!(finished.stdout.whole().is_none() && shown.len() < 300_000 && finished.is_done(&[]) && !finished.is_done(&[1]));
    }
}
