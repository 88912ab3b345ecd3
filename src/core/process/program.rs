//! A program that is to be started: its arguments, where it runs, what it is given, and who ends it.

use super::capture::CapturedOutput;
use super::child::ChildProcess;
use super::drain::let_run_on;
use super::end_report::{EndOrder, EndReport};
use super::environment::environment;
use super::error::{ProcessError, ProcessExit};
use super::supervisor::SupervisionScope;
use crate::redact::Redactor;
use crate::units::Secret;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
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
pub struct Program {
    /// The program, then its arguments.
    pub argv: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// What it is given of this process's environment, besides what every program needs.
    pub pass: Vec<String>,
    /// Variables of its own.
    pub env: Vec<(String, Secret)>,
    /// Who ends it.
    pub supervision: Supervision,
    /// How long it may take to end when it is asked to, before it is killed.
    pub grace: Duration,
}

/// Who ends a program and what it started, where nobody waits for it any more.
#[derive(Debug, Clone)]
pub enum Supervision {
    /// This process, which must not be killed meanwhile.
    Unsupervised,
    /// A supervisor, whose binary this is, though this process be killed. With the program ends what the scope says; where that is everything,
    /// the program's files are its owner's alone.
    By(PathBuf, SupervisionScope),
}

/// How a program is run to its end.
pub struct RunOptions<'a> {
    /// What it finds on its standard input; nothing where it is supervised.
    pub input: Option<&'a Secret>,
    /// How long it may take.
    pub within: Option<Duration>,
    /// Knows what no message may show.
    pub redactor: &'a Redactor,
    /// Told the last lines of what it has printed so far, without secrets.
    pub progress: &'a (dyn Fn(&str) + Sync),
    /// Who else may ask it to end.
    pub order: Option<&'a EndOrder>,
}

impl<'a> RunOptions<'a> {
    /// Without input and limit.
    pub fn new(redactor: &'a Redactor) -> Self {
        Self { input: None, within: None, redactor, progress: &|_| {}, order: None }
    }
}

/// A run that has come to its end, however that was.
pub struct FinishedRun {
    program: String,
    end: RunEnd,
    within: Duration,
    grace: Duration,
    /// What ended with it, or had to be killed.
    report: EndReport,
    /// What it printed for whoever reads it.
    pub stdout: CapturedOutput,
    /// What it said beside that.
    pub stderr: CapturedOutput,
}

/// How a run came to its end.
enum RunEnd {
    /// By itself.
    Ended(ExitStatus),
    /// It took too long.
    TooLong,
    /// Somebody had it end.
    Asked,
}

impl FinishedRun {
    /// What it printed, for people.
    pub fn said(&self) -> String {
        together([self.stdout.shown(), self.stderr.shown()])
    }

    /// The same of one that failed: why stands on its standard error, and comes first.
    pub fn complained(&self) -> String {
        together([self.stderr.shown(), self.stdout.shown()])
    }

    /// True where it ended with one of these exit codes; where none is named, with success.
    pub fn is_done(&self, codes: &[u8]) -> bool {
        let counts = |code: i32| codes.iter().any(|wanted| i32::from(*wanted) == code);
        match &self.end {
            RunEnd::Ended(status) if codes.is_empty() => status.success(),
            RunEnd::Ended(status) => status.code().is_some_and(counts),
            RunEnd::TooLong | RunEnd::Asked => false,
        }
    }

    /// How it ended, where it was asked to.
    pub fn when_asked(&self) -> Option<String> {
        (!matches!(self.end, RunEnd::Ended(_))).then(|| self.report.when_asked(self.grace))
    }

    /// What it had left in the background and was ended with it.
    pub fn left_behind(&self) -> Option<String> {
        self.report.left_behind()
    }

    /// Why it did not do its work; `said` is what it printed last.
    pub fn failure(&self, said: String) -> ProcessError {
        let program = self.program.clone();
        let how = self.report.when_asked(self.grace);
        match self.end {
            RunEnd::Ended(status) => ProcessError::Failed { program, exit: ProcessExit::of(status), said },
            RunEnd::TooLong => ProcessError::TooSlow { program, within: self.within, how, said },
            RunEnd::Asked => ProcessError::Ended { program, how, said },
        }
    }
}

fn together(texts: [String; 2]) -> String {
    texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

impl Program {
    /// Starts it. What it prints goes where these say, in this order: standard output, standard error.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(&self, [stdout, stderr]: [Stdio; 2]) -> Result<ChildProcess, ProcessError> {
        self.spawn(Stdio::null(), stdout, stderr)
    }

    fn spawn(&self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<ChildProcess, ProcessError> {
        let (program, arguments) = self.argv.split_first().ok_or(ProcessError::Empty)?;
        has_folder(&self.folder)?;
        let (mut command, line) = match &self.supervision {
            Supervision::Unsupervised => {
                let mut command = Command::new(program);
                command.stdin(stdin);
                (command, None)
            }
            Supervision::By(supervisor, scope) => {
                let mut command = Command::new(supervisor);
                let (ours, theirs) = UnixStream::pair().map_err(|source| not_started(program, source))?;
                // It holds the end of a line from this process, and ends the program where that is gone.
                let grace = self.grace.as_millis().to_string();
                command.args(["keep", "--grace-ms", &grace]).args(scope.flags()).args(["--", program]).stdin(OwnedFd::from(theirs));
                (command, Some(ours))
            }
        };
        environment(command.as_std_mut(), &self.pass, self.env.iter().map(|(name, value)| (name.clone(), value.expose())));
        command.args(arguments).current_dir(&self.folder).stdout(stdout).stderr(stderr).process_group(0);
        // The command holds the pipes' ends too, and goes with this function: output is whole only once nobody holds them. Where it is
        // supervised, the supervisor is what could not be started.
        let child = command.spawn().map_err(|source| not_started(&command.as_std().get_program().to_string_lossy(), source))?;
        Ok(match line {
            None => ChildProcess::leading_a_group(child, self.grace),
            Some(line) => ChildProcess::supervised(child, line, self.grace),
        })
    }

    /// Runs it to its end, or ends it when its time is over or somebody asks for that. Dropping the future ends it.
    ///
    /// # Errors
    /// Where it cannot be started or waited for; how it ended is in what is returned.
    pub async fn run(&self, options: RunOptions<'_>) -> Result<FinishedRun, ProcessError> {
        let stdin = if options.input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = self.spawn(stdin, Stdio::piped(), Stdio::piped())?;
        let (input, mut out, mut err) = (child.stdin(), child.stdout(), child.stderr());
        let mut stdout = CapturedOutput::without_secrets_of(options.redactor);
        let mut stderr = CapturedOutput::without_secrets_of(options.redactor);
        let (waited, report, talked) = {
            let talk = async {
                let (out, err) = (stdout.fill(out.as_mut(), options.progress), stderr.fill(err.as_mut(), options.progress));
                tokio::join!(give(input, options.input), out, err);
            };
            let (mut talk, mut talked) = (pin!(talk), false);
            let (mut late, mut asked) = (pin!(after(options.within)), pin!(given(options.order)));
            let waited = loop {
                tokio::select! {
                    status = child.wait() => break Ok(status),
                    () = &mut talk, if !talked => talked = true,
                    () = &mut late => break Err(RunEnd::TooLong),
                    () = &mut asked => break Err(RunEnd::Asked),
                }
            };
            // What it left in the background would hold the pipes open; it ends here, and nothing more than what is in them can come.
            let by_itself = waited.is_ok();
            let ending = async { if by_itself { child.end_the_rest().await } else { child.end().await } };
            let mut ending = pin!(ending);
            let report = loop {
                tokio::select! {
                    report = &mut ending => break report,
                    // What it says while it ends, it may wait to be read.
                    () = &mut talk, if !talked => talked = true,
                }
            };
            if !talked {
                let runs_on = matches!(self.supervision, Supervision::By(_, SupervisionScope::Alone));
                talked = tokio::time::timeout(if runs_on { LAST_WORDS / 10 } else { LAST_WORDS }, &mut talk).await.is_ok();
            }
            (waited, report, talked)
        };
        stdout.close();
        stderr.close();
        if let Supervision::By(supervisor, SupervisionScope::Alone) = &self.supervision
            && !talked
        {
            let (out, err) = (out.and_then(|pipe| pipe.into_owned_fd().ok()), err.and_then(|pipe| pipe.into_owned_fd().ok()));
            out.into_iter().chain(err).for_each(|pipe| let_run_on(supervisor, pipe));
        }
        let program = self.argv.first().cloned().unwrap_or_default();
        let end = match waited {
            Ok(Ok(status)) => RunEnd::Ended(status),
            Ok(Err(source)) => return Err(ProcessError::Lost { program, source }),
            Err(end) => end,
        };
        Ok(FinishedRun { program, end, within: options.within.unwrap_or_default(), grace: self.grace, report, stdout, stderr })
    }
}

fn not_started(program: &str, source: std::io::Error) -> ProcessError {
    ProcessError::NotStarted { program: program.to_owned(), source }
}

async fn given(order: Option<&EndOrder>) {
    match order {
        Some(order) => order.given().await,
        None => std::future::pending().await,
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

/// Whether a program can run in a folder: it is there, it is one, and it may be entered. The operating system says of a folder that is not there
/// that there is no such program.
fn has_folder(folder: &Path) -> Result<(), ProcessError> {
    let why = match folder.metadata() {
        Ok(about) if about.is_dir() => match rustix::fs::access(folder, rustix::fs::Access::EXEC_OK) {
            Ok(()) => return Ok(()),
            Err(_) => "may not be entered".to_owned(),
        },
        Ok(_) => "is not a folder".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => "may not be entered".to_owned(),
        Err(error) => format!("cannot be used: {error}"),
    };
    Err(ProcessError::Folder { folder: folder.to_owned(), why })
}

/// Whether a program is there and may be executed, found as the operating system finds it; first, whether its folder is.
///
/// # Errors
/// [`ProcessError::NotStarted`] and [`ProcessError::Folder`], as it would be.
pub fn can_start(program: &str, folder: &Path) -> Result<(), ProcessError> {
    has_folder(folder)?;
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
    Err(not_started(program, kind.into()))
}

#[cfg(test)]
mod tests {
    use super::super::GRACE;
    use super::*;
    use std::time::Instant;

    fn shell(script: &str) -> Program {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        Program { argv, folder: ".".into(), pass: Vec::new(), env: Vec::new(), supervision: Supervision::Unsupervised, grace: GRACE }
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
        assert_eq!(failed.complained(), "no credentials\n[secret]");
        let slow = run("echo waiting for sk-a-secret >&2; sleep 60", Some(Duration::from_millis(300)), &redactor).await;
        let told = slow.failure(slow.said()).to_string();
        assert_eq!(told, "`sh` did not end within 300 ms; it was asked to end (SIGTERM) and did\nwaiting for [secret]");
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
