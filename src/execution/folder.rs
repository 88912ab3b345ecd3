//! An execution's folder: its history is begun in it, or read back and locked so that it can go on.

use super::doorbell::Doorbell;
use super::texts::{RunbookChange, keep_texts};
use crate::alert::AlertError;
use crate::history::{Event, ExecutionStarted, Live, ReadError, Reader, RunOrigin, RunbookDrilled, Stamped};
use crate::host::{self, private};
use crate::journal::{Clock, HostTime, Wall, random};
use crate::model::{ExecutionPlan, HistoryForm};
use crate::run_folder::{RunFile, RunFolder, RunFolderError, identifier, open_history};
use crate::step::Attendance;
use crate::units::{Explained, Salt, Seed};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tokio::sync::{mpsc, watch};

/// The order for one execution: the plan, and where its folder goes.
#[derive(Debug)]
pub struct ExecutionOrder {
    /// What is done.
    pub plan: ExecutionPlan,
    /// Where the jitter between tries comes from.
    pub seed: Seed,
    /// Why, in the words of whoever wants it.
    pub reason: Option<String>,
    /// The project's root.
    pub root: PathBuf,
    /// The folder; `None` makes one under `executions/` of the project.
    pub out: Option<PathBuf>,
    /// Which drills have walked this runbook before.
    pub drilled: Vec<RunbookDrilled>,
}

/// The participants of an execution: who answers, takes notes and stops it.
#[derive(Debug)]
pub struct Participants {
    /// The binary whose command `keep` ends what a step started when this process is gone.
    pub supervisor: PathBuf,
    /// Who answers questions.
    pub attendance: Attendance,
    /// Where people answer from elsewhere; `None` where only the terminal is there.
    pub doorbell: Option<Doorbell>,
    /// What people write down.
    pub notes: mpsc::Receiver<String>,
    /// Becomes true when a person wants it to stop.
    pub stop: watch::Receiver<bool>,
}

/// Why an execution could not begin, go on or be recorded.
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    /// The folder cannot be made or read.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder or the file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
        /// What to type.
        hint: &'static str,
    },
    /// The folder holds one already.
    #[error("{} already holds an execution or a drill", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Another process walks it.
    #[error("{}: another lifeboat process is running this runbook", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The drill is not over.
    #[error("{}: this drill is still running", path.display())]
    Running {
        /// The folder.
        path: PathBuf,
    },
    /// It is no drill.
    #[error("{}: this is not the history of a drill", path.display())]
    NoDrill {
        /// The file.
        path: PathBuf,
    },
    /// What the history recorded is not what the project says now.
    #[error("{} since this was started, but the recorded version would be run{}", change.what, shown(&change.difference))]
    Changed {
        /// What.
        change: RunbookChange,
        /// The history.
        path: PathBuf,
        /// Whether the mended version may be walked as well.
        mendable: bool,
    },
    /// The mended runbook cannot take the place of what was walked.
    #[error("the mended runbook cannot be walked from here: {why}")]
    CannotMend {
        /// Why.
        why: String,
    },
    /// Something is said of a step of which nothing is to be said.
    #[error("`{step}` is no step that failed or whose end is unknown")]
    NotOpen {
        /// As it was named.
        step: String,
        /// Those of which something may be said.
        open: Vec<String>,
    },
    /// Its history cannot be read.
    #[error("{}: {source}", path.display())]
    History {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ReadError,
    },
    /// It is something else.
    #[error("{}: this is not the history of an execution", path.display())]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to go on with.
    #[error("{}: {why}", path.display())]
    Over {
        /// The folder.
        path: PathBuf,
        /// How it ended.
        why: &'static str,
        /// What to type.
        hint: &'static str,
    },
    /// A step waits for an alert, and nobody can listen for it.
    #[error(transparent)]
    Alerts(#[from] AlertError),
    /// The same, because it is not known which token its sender must send.
    #[error("the environment variable {variable}, which holds the token of the senders of alerts, is not set")]
    NoAlertToken {
        /// Its name.
        variable: String,
    },
    /// The operating system gave no thread.
    #[error("cannot start the journal")]
    Thread(#[from] std::io::Error),
}

impl Explained for ExecutionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Folder { hint, .. } | Self::Over { hint, .. } => Cow::Borrowed(hint),
            Self::Taken { path } => {
                Cow::Owned(format!("continue it with `--resume {}`, or choose another folder with `--out`", path.display()))
            }
            Self::Locked { path } => {
                let folder = path.display();
                Cow::Owned(format!(
                    "two at once would do every step twice; watch it with `lifeboat execute --watch {folder}`, or go on in its place with \
                     `lifeboat execute --take-over {folder}`"
                ))
            }
            Self::Running { .. } => Cow::Borrowed("stop it with Ctrl-C; it then undoes what it did by itself"),
            Self::NoDrill { .. } => Cow::Borrowed("what `lifeboat execute` did is undone with `lifeboat execute --resume DIR --undo`"),
            Self::Changed { path, mendable, .. } => {
                let mended = if *mendable { "go on with the mended version with `--mended`; " } else { "restore it; " };
                let read = format!("or run the recorded version with `--recorded`, after reading it in {}", path.display());
                Cow::Owned(format!("{mended}{read}"))
            }
            Self::CannotMend { .. } => Cow::Borrowed(
                "mend that as well, go on with the recorded version with `--recorded`, or undo it first with `--undo --recorded`",
            ),
            Self::NotOpen { open, .. } if open.is_empty() => Cow::Borrowed("nothing is to be said of any step; leave it out"),
            Self::NotOpen { open, .. } => Cow::Owned(format!("name one of these: {}", open.join(", "))),
            Self::History { .. } => Cow::Borrowed("only its last line may be incomplete; copy the file again from where it came"),
            Self::Other { .. } => Cow::Borrowed("name a folder that `lifeboat execute` made"),
            Self::Alerts(error) => return error.hint(),
            Self::NoAlertToken { variable } => Cow::Owned(format!("export {variable}=… with the token that your monitoring sends")),
            Self::Thread(_) => return None,
        })
    }
}

/// A difference below the sentence that it belongs to.
fn shown(difference: &str) -> String {
    let lines: String = difference.lines().map(|line| format!("\n  {line}")).collect();
    if lines.is_empty() { lines } else { format!(":{lines}") }
}

/// The open history of an execution, locked for this process.
#[derive(Debug)]
pub(super) struct OpenHistory {
    pub(super) folder: PathBuf,
    pub(super) file: File,
    /// How it began, with the plan that is in force.
    pub(super) started: ExecutionStarted,
    /// What was recorded before; empty for one that begins.
    pub(super) past: Vec<Stamped>,
}

impl OpenHistory {
    /// A new one.
    pub(super) fn begin(orders: ExecutionOrder) -> Result<Self, ExecutionError> {
        let ExecutionOrder { plan, seed, reason, root, out, drilled: _ } = orders;
        let id = identifier(&plan.runbook.name, seed);
        let run = match out {
            Some(folder) => RunFolder::at(folder, id),
            None => RunFolder::below(&root.join("executions"), &id),
        }?;
        let file = run.begin_history(HistoryForm::Plain)?;
        let folder = run.path;
        keep_texts(&plan.sources, &root, &folder).map_err(|source| cannot_make(&folder, source))?;
        let started = ExecutionStarted {
            format: crate::history::FORMAT,
            lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
            execution: folder.file_name().map_or_else(|| "execution".to_owned(), |name| name.to_string_lossy().into_owned()),
            seed,
            wall_clock: wall_clock(),
            origin: RunOrigin { user: Some(host::user()), host: host::host_name(), reason, files: Vec::new(), proof: None },
            root: root.display().to_string(),
            plan,
        };
        Ok(Self { folder, file, started, past: Vec::new() })
    }

    /// One that was interrupted. A torn last line is cut off: what it would have told is not known.
    pub(super) fn open(folder: &Path) -> Result<Self, ExecutionError> {
        let path = RunFile::History.within(folder);
        let wrong = |source| wrong(folder, source, "name the folder that `lifeboat execute` made; it was printed at the start");
        let mut file = open_history(folder).map_err(|error| match error {
            RunFolderError::Io { source, .. } => wrong(source),
            other => other.into(),
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(wrong)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).and_then(|()| file.sync_data()).map_err(wrong)?;
        }
        file.seek(SeekFrom::End(0)).map_err(wrong)?;
        let mut reader = Reader::new(BufReader::new(&bytes[..whole]));
        let mut past = Vec::new();
        loop {
            match reader.next_event() {
                Ok(Some(stamped)) => past.push(stamped),
                Ok(None) => break,
                Err(source) => return Err(ExecutionError::History { path, source }),
            }
        }
        let Some(Event::ExecutionStarted(started)) = past.first().map(|stamped| &stamped.event) else {
            return Err(ExecutionError::Other { path });
        };
        let mut started = (**started).clone();
        let mended = past.iter().rev().find_map(|stamped| match &stamped.event {
            Event::Mended(mended) => Some(&mended.plan),
            _ => None,
        });
        started.plan = mended.cloned().unwrap_or(started.plan);
        // Whoever asked for it has it now, or is gone.
        let _ = std::fs::remove_file(RunFile::TakeOver.within(folder));
        // What is written on would no longer be what it lists; it is made again at the end.
        let _ = std::fs::remove_file(RunFile::Manifest.within(folder));
        Ok(Self { folder: folder.to_owned(), file, started, past })
    }

    /// What the journal shows of what is there already.
    pub(super) fn live(&self) -> Live {
        let mut live = Live::default();
        self.past.iter().for_each(|stamped| live.apply(stamped));
        live.finished = false;
        live
    }

    /// The clock that shows how long ago it began: by the wall's, since no other survives a reboot, and never before what is recorded.
    pub(super) fn clock(&self) -> Clock {
        let now = HostTime::now();
        let began = chrono::DateTime::parse_from_rfc3339(&self.started.wall_clock).ok().and_then(|began| began.timestamp_nanos_opt());
        let passed = began.and_then(|began| u64::try_from(Wall::read().at(now) - began).ok()).unwrap_or(0);
        Clock::resume_at(now, passed.max(self.past.last().map_or(0, |last| last.t + 1)))
    }
}

/// Takes away the folder of an execution that was never begun.
pub(super) fn forget(folder: &Path) {
    for file in [RunFile::History, RunFile::Salt, RunFile::RunbookTexts] {
        let _ = std::fs::remove_file(file.within(folder));
    }
    // Where somebody else keeps something in it, it stays.
    let _ = std::fs::remove_dir(folder);
}

/// By which this execution names keys, in a file for its owner alone: who goes on after a crash must know the new key by the name that it had.
/// It is there only as long as the execution may go on ([`forget_salt`]); what is taken back after that names keys by another.
pub(super) fn salt(folder: &Path) -> std::io::Result<Salt> {
    let path = RunFile::Salt.within(folder);
    match private::read_own(&path).map(<[u8; 16]>::try_from) {
        Ok(Ok(bytes)) => return Ok(Salt::of(bytes)),
        // It was torn when it was written, before anything was named by it.
        Ok(Err(_)) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        // Another salt would give the new key another name, and it would be taken for lost.
        Err(error) => return Err(error),
    }
    let bytes = random()?;
    let mut file = private::create(&path)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(Salt::of(bytes))
}

/// Takes it away once the execution is over: with it, whoever has the history could find out which key it names, by trying.
pub(super) fn forget_salt(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(RunFile::Salt.within(folder)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Now, as it stands in a history.
pub(super) fn wall_clock() -> String {
    Wall::read().told_at(HostTime::now())
}

impl From<RunFolderError> for ExecutionError {
    fn from(error: RunFolderError) -> Self {
        match error {
            RunFolderError::Taken { path } => Self::Taken { path },
            RunFolderError::Locked { path } => Self::Locked { path },
            RunFolderError::Io { path, source } => cannot_make(&path, source),
        }
    }
}

/// A folder of an earlier run that is not to be gone on with. What its history says would be done in this user's name.
pub(super) fn wrong(folder: &Path, source: std::io::Error, hint: &'static str) -> ExecutionError {
    // The operating system's own refusal has a number.
    let others = source.kind() == std::io::ErrorKind::PermissionDenied && source.raw_os_error().is_none();
    let hint =
        if others { "what is written there would be done in your name; if it is your own, read it, then `chmod go-w` it" } else { hint };
    ExecutionError::Folder { path: RunFile::History.within(folder), source, hint }
}

pub(super) fn cannot_make(path: &Path, source: std::io::Error) -> ExecutionError {
    ExecutionError::Folder { path: path.to_owned(), source, hint: "choose another folder with --out" }
}
