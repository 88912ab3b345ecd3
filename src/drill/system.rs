//! The system under test, where the drill starts it itself: a process group that lives exactly as long as the drill, because a supervisor
//! (see `process`) ends it when the drill lets go of a pipe, be it that the drill was killed.

use super::DrillStop;
use crate::history::{Awaited, Event};
use crate::host::{self, private};
use crate::process::{ChildProcess, GRACE, NOT_STARTED, Program, RedactedLog, Supervision, SupervisionScope, last_lines};
use crate::redact::Redactor;
use crate::units::Secret;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at whether it is ready.
const LOOK: Duration = Duration::from_millis(100);
/// How long what it printed last may take to stand in its log.
const SLACK: Duration = Duration::from_secs(5);

/// What to start; every variable in it has its value, so that it must not be printed.
pub(super) struct Launch {
    pub(super) supervisor: PathBuf,
    pub(super) argv: Vec<String>,
    pub(super) env: BTreeMap<String, Secret>,
    /// What it is given of this process's environment.
    pub(super) pass: Vec<String>,
    pub(super) ready: String,
    pub(super) within: Duration,
    pub(super) folder: PathBuf,
    pub(super) log: PathBuf,
    /// Knows what no message may show.
    pub(super) redactor: Redactor,
}

impl Launch {
    /// What whoever watches is told while it is waited for.
    pub(super) fn awaited(&self) -> Event {
        let what = self.redactor.redact(&self.ready);
        Event::Awaited(Awaited { what, most: u64::try_from(self.within.as_nanos()).unwrap_or(u64::MAX) })
    }
}

/// The running system. Dropping it lets go of the pipe, and the supervisor ends it.
#[derive(Debug)]
pub(super) struct System {
    log: RedactedLog,
    child: ChildProcess,
}

impl System {
    /// Starts it and waits until it is ready. Dropping the future ends it.
    pub(super) async fn start(launch: &Launch, http: &reqwest::Client) -> Result<Self, DrillStop> {
        let file = private::create(&launch.log).map_err(|error| {
            DrillStop::environment(format!("cannot write the system's output to {}: {error}", launch.log.display()))
                .with_hint("make room on the disk, or choose another folder with `--out`")
        })?;
        let piped = RedactedLog::into_file(file, &launch.redactor).and_then(|(log, says)| Ok((log, says.try_clone()?, says)));
        let (log, says, warns) = piped.map_err(|error| DrillStop::environment(format!("the system's output cannot be read: {error}")))?;
        let program = Program {
            argv: launch.argv.clone(),
            folder: launch.folder.clone(),
            pass: launch.pass.clone(),
            env: launch.env.clone().into_iter().collect(),
            supervision: Supervision::By(launch.supervisor.clone(), SupervisionScope::All),
            grace: GRACE,
        };
        let child = program.start([says.into(), warns.into()]).map_err(|error| DrillStop::environment(error.to_string()))?;
        let mut system = Self { log, child };
        match system.wait_ready(launch, http).await {
            Ok(()) => Ok(system),
            Err(failure) => {
                // What it printed is whole when it has ended.
                system.stop().await;
                Err(failure.told(launch))
            }
        }
    }

    async fn wait_ready(&mut self, launch: &Launch, http: &reqwest::Client) -> Result<(), Failure> {
        let began = Instant::now();
        let mut last = "no answer yet".to_owned();
        while began.elapsed() < launch.within {
            if let Some(status) = self.child.ended() {
                return Err(if status.code() == Some(i32::from(NOT_STARTED)) { Failure::NotStarted } else { Failure::Ended(status) });
            }
            match http.get(&launch.ready).timeout(Duration::from_secs(2)).send().await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => last = format!("it answered {}", response.status().as_u16()),
                Err(error) if error.is_connect() => "nobody listens there yet".clone_into(&mut last),
                Err(_) => "it does not answer".clone_into(&mut last),
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Failure::NotReady(last))
    }

    /// Lets go of it, and waits until it has ended.
    pub(super) async fn stop(mut self) {
        self.child.end().await;
        self.log.end(SLACK).await;
    }
}

/// Why it does not run.
enum Failure {
    /// Its supervisor says why.
    NotStarted,
    /// By itself.
    Ended(std::process::ExitStatus),
    /// With what was last seen of it.
    NotReady(String),
}

impl Failure {
    fn told(&self, launch: &Launch) -> DrillStop {
        match self {
            Self::NotStarted => DrillStop::environment_of(std::fs::read_to_string(&launch.log).unwrap_or_default().trim_end()),
            Self::Ended(status) => {
                DrillStop::environment(format!("the system under test ended before it was ready ({status}): {}", shown(launch))).with_hint(
                    format!(
                        "correct `start:` of this environment; it must stay in the foreground, and answer at {}; {}",
                        launch.ready,
                        host::GIVES_LITTLE
                    ),
                )
            }
            Self::NotReady(last) => {
                let within = crate::units::Duration::from(launch.within);
                let shown = shown(launch);
                DrillStop::environment(format!("the system under test was not ready at {} within {within}: {last}; {shown}", launch.ready))
                    .with_hint(format!("give it longer with `start: within`, or correct `start: ready`; {}", host::GIVES_LITTLE))
            }
        }
    }
}

/// The end of its output, for a message.
fn shown(launch: &Launch) -> String {
    last_lines(&launch.log)
        .map_or_else(|| "it printed nothing".to_owned(), |last| format!("the end of its output ({}):\n  {last}", launch.log.display()))
}
