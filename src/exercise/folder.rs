//! A drill's folder: made before the drill, filled by it, completed by judgement and report.

use super::attest::{Attested, Attesting};
use super::judge::{JudgeError, Judged, judge_counting};
use super::proven::known_proof;
use super::provenance::Provenance;
use super::review::{ReviewProblem, keep_findings, review_of};
use crate::console::WorkProgress;
use crate::drill::{Drill, DrillStop, Ended, Order};
use crate::evidence::ManifestError;
use crate::history::{Live, RunOrigin};
use crate::host::{self, private};
use crate::journal::JournalError;
use crate::model::{DrillPlan, HistoryForm, ReadFile, SecretSource, SourceFile};
use crate::permission::{Approval, NotPermitted};
use crate::permission::{LockRefusal, Permit, PulledLever, RegisterEntry, Registered, enter};
use crate::report::{DrillContext, drill, html, markdown, markdown_beside, svg};
use crate::run_folder::{RunFile, RunFolder, RunFolderError, identifier};
use crate::step::Attendance;
use crate::units::{Explained, Problem, Seed, explained};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// A request for a drill: its plan and seed, and where its folder goes.
#[derive(Debug)]
pub struct DrillRequest {
    /// What is done.
    pub plan: DrillPlan,
    /// Where all its randomness comes from.
    pub seed: Seed,
    /// Why, in the words of whoever wants it.
    pub reason: Option<String>,
    /// The files that the plan was read from, as they were read.
    pub files: Vec<ReadFile>,
    /// The project's root.
    pub root: PathBuf,
    /// The binary whose command `keep` supervises what a drill starts: see [`crate::process::supervise`].
    pub supervisor: PathBuf,
    /// What the inventory names as secret besides the plan.
    pub secrets: BTreeSet<SecretSource>,
    /// Who has approved it.
    pub approvals: Vec<Approval>,
    /// The drill's folder; `None` makes one under `drills/` of the project.
    pub out: Option<PathBuf>,
    /// How its history is kept; `None` where nobody says.
    pub history: Option<HistoryForm>,
    /// Who signs and witnesses it, and where it is kept.
    pub attesting: Attesting,
    /// Who answers questions.
    pub attendance: Attendance,
    /// Becomes true when a person wants it to stop.
    pub stop: watch::Receiver<bool>,
    /// What it holds while it runs, and what else may stop it.
    pub permit: Permit,
}

/// Why a drill could not begin or be judged.
#[derive(Debug, thiserror::Error)]
pub enum ExerciseError {
    /// The folder cannot be made.
    #[error("cannot make the drill's folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The folder holds a drill already.
    #[error("{} already holds a drill", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody pulled a lever, and no drill begins.
    #[error("drills are stopped: {0}")]
    Stopped(Box<PulledLever>),
    /// Another drill holds what this one would touch.
    #[error(transparent)]
    Locked(#[from] LockRefusal),
    /// The operating system gave no thread.
    #[error("cannot start the journal")]
    Thread(#[from] std::io::Error),
    /// It may not begin here and now.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
    /// The history cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// Not even the first event could be written.
    #[error("{source}")]
    Journal {
        /// The drill's folder.
        folder: PathBuf,
        /// Why.
        source: JournalError,
    },
    /// What it is to be signed or witnessed by cannot be read.
    #[error(transparent)]
    Evidence(Problem),
    /// The report or the verdict could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
}

impl Explained for ExerciseError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Folder { .. } => Some("choose another with `--out`".into()),
            Self::Taken { .. } => Some("choose another folder with `--out`; a history is never overwritten".into()),
            Self::Stopped(pulled) => pulled.hint(),
            Self::Locked(refusal) => refusal.hint(),
            Self::Thread(_) => None,
            Self::Evidence(problem) => problem.hint(),
            Self::NotPermitted(refused) => refused.hint(),
            Self::Judge(error) => error.hint(),
            Self::Journal { folder, .. } => {
                let folder = folder.display();
                Some(format!("make room on the disk, or choose another folder with `--out`; nothing could be written to {folder}").into())
            }
            Self::Write { .. } => Some("make room on the disk; then `lifeboat report` writes it again from the history".into()),
        }
    }
}

/// A drill with its folder, about to run.
#[derive(Debug)]
pub struct Exercise {
    drill: Drill,
    id: String,
    folder: PathBuf,
    form: HistoryForm,
    provenance: Provenance,
    work: Arc<WorkProgress>,
    attesting: Attesting,
    files: Vec<SourceFile>,
    /// Says to others that it runs, until it has ended and was judged.
    registered: Option<Registered>,
}

/// A finished drill: its judgement, how it ended, and where everything is.
#[derive(Debug)]
pub struct FinishedDrill {
    /// Its judgement and what its report shows.
    pub judged: Judged,
    /// Why it ended before its time.
    pub stopped: Option<DrillStop>,
    /// Whether the history is whole on disk.
    pub journal: Result<(), JournalError>,
    /// Whether its findings are kept: `findings.yaml` is not written where that of the drill before cannot be read.
    pub review: Result<(), ReviewProblem>,
    /// By whom it was signed and witnessed, and where it is kept.
    pub attested: Attested,
    /// Where everything is.
    pub folder: PathBuf,
}

impl Exercise {
    /// Makes the folder and opens the history in it.
    ///
    /// # Errors
    /// Where the folder cannot be made or holds a drill already.
    pub fn begin(orders: DrillRequest) -> Result<Self, ExerciseError> {
        let DrillRequest {
            plan,
            seed,
            reason,
            files,
            root,
            supervisor,
            secrets,
            approvals,
            out,
            history,
            attesting,
            attendance,
            stop,
            permit,
        } = orders;
        let id = identifier(&plan.scenario.name, seed);
        let run = match out {
            Some(folder) => RunFolder::at(folder, id),
            None => RunFolder::below(&root.join("drills"), &id),
        }?;
        let registered = enter(&RegisterEntry::now(&run.id, &run.path, &root, &plan.environment_name));
        // Whoever would take back what a killed drill left sees by the history's lock that this one still runs.
        let form = history.unwrap_or(HistoryForm::usual(plan.requests()));
        let file = run.begin_history(form)?;
        let RunFolder { path: folder, id } = run;
        let provenance = Provenance::of_drill(&folder, &id, &plan, &files, &root, &secrets)
            .map_err(|error| ExerciseError::Journal { folder: folder.clone(), source: JournalError { problem: error.to_string() } })?;
        let files: Vec<SourceFile> = files.into_iter().map(|read| read.file).collect();
        let (kept, witness) = (files.clone(), attesting.witness());
        let proof = plan.sabotage.is_none().then(|| known_proof(&plan, &root));
        let origin = RunOrigin { user: Some(host::user()), host: host::host_name(), reason, files, proof };
        let order = Order {
            plan,
            seed,
            id: id.clone(),
            origin,
            root,
            supervisor,
            secrets,
            approvals,
            folder: folder.clone(),
            attendance,
            witness,
            stop,
            permit,
        };
        Ok(Self {
            drill: Drill::begin(order, form, file)?,
            id,
            folder,
            form,
            provenance,
            work: Arc::default(),
            attesting,
            files: kept,
            registered,
        })
    }

    /// What it is called.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is known of the drill while it runs. Before it runs, nothing is.
    pub fn live(&self) -> watch::Receiver<Arc<Live>> {
        self.drill.live()
    }

    /// How far the judging is, once the drill has ended.
    pub fn work(&self) -> Arc<WorkProgress> {
        Arc::clone(&self.work)
    }

    /// Where everything will be.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs the drill, judges what it recorded, writes verdict and report.
    ///
    /// # Errors
    /// Where the history cannot be judged, or verdict and report not be written though the history could.
    pub async fn run(self) -> Result<FinishedDrill, ExerciseError> {
        let Self { drill, id: _, folder, form, provenance, work, attesting, files, registered } = self;
        // What a drill remembers while it waits is large: it lies in one place, and not in that of whoever waits for it.
        let Ended { stopped, unwitnessed, journal } = Box::pin(drill.run()).await;
        // The file that was written, whatever else stands beside it by now.
        let history = RunFile::of_history(form).within(&folder);
        let judged = match (judge_counting(&history, &work), &journal) {
            (Err(_), Err(error)) => return Err(ExerciseError::Journal { folder, source: error.clone() }),
            (judged, _) => judged?,
        };
        work.begin("writing the report", 0);
        let written = write_all(&folder, &judged);
        let review = if journal.is_ok() { keep_findings(&folder, &judged.verdict, &judged.digest) } else { Ok(()) };
        work.end();
        // A disk that could not take the history cannot be expected to take the report.
        if journal.is_ok() {
            written?;
            work.begin("writing the manifest", 0);
            let made = provenance.write_manifest(&folder);
            work.end();
            made?;
        }
        if attesting.is_asked() {
            work.begin("signing and keeping the record", 0);
        }
        let mut attested = match &journal {
            Ok(()) => attesting.attest(&folder, &judged, &files).await,
            Err(_) => Attested::default(),
        };
        work.end();
        attested.problems.extend(unwitnessed.map(|error| explained(&error)));
        if let Some(registered) = registered {
            registered.ended();
        }
        Ok(FinishedDrill { judged, stopped, journal, review, attested, folder })
    }
}

fn write_all(folder: &Path, judged: &Judged) -> Result<(), ExerciseError> {
    // What cannot be read is told of once the report is written; it stands without it.
    let kept = review_of(folder, &judged.digest).ok().flatten().map(|file| file.kept().clone());
    let context = DrillContext { kept, ..DrillContext::default() };
    let report = drill(&judged.verdict, &judged.digest, &judged.hash, &context);
    // Where nothing was sent there is no picture.
    let picture = svg(&report);
    let text = if picture.is_some() { markdown_beside(&report, &RunFile::Picture.name()) } else { markdown(&report) };
    let written = [(RunFile::Verdict, judged.json()), (RunFile::Report, text), (RunFile::Page, html(&report))];
    for (file, text) in written.into_iter().chain(picture.map(|picture| (RunFile::Picture, picture))) {
        let path = file.within(folder);
        private::write(&path, text.as_bytes()).map_err(|source| ExerciseError::Write { path, source })?;
    }
    Ok(())
}

impl From<ManifestError> for ExerciseError {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::File { path, source } | ManifestError::Write { path, source } => Self::Write { path, source },
            other => Self::Write { path: RunFile::Manifest.name().as_ref().into(), source: std::io::Error::other(other) },
        }
    }
}

impl From<RunFolderError> for ExerciseError {
    fn from(error: RunFolderError) -> Self {
        match error {
            RunFolderError::Taken { path } => Self::Taken { path },
            RunFolderError::Locked { path } => Self::Folder { path, source: std::io::ErrorKind::WouldBlock.into() },
            RunFolderError::Io { path, source } => Self::Folder { path, source },
        }
    }
}
