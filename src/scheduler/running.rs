//! The drills that this process runs now. Each has a task of its own; whoever wants to look at one, answer its questions or stop it asks here.

use crate::exercise::{
    self, DrillOrders, DrillTurn, Exercise, ExerciseError, FinishedDrill, Observer, ReadScenario, drawn_seed, take_approvals,
};
use crate::history::Live;
use crate::model::DrillPlan;
use crate::permission::LockTable;
use crate::project::Findings;
use crate::step::{Attendance, Prompt};
use crate::units::{Duration, Explained, Problem, Seed, explained};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// What is to be begun, and for whom.
#[derive(Debug, Clone, Default)]
pub struct DrillStart {
    /// The scenario's file, from the project's root.
    pub scenario: PathBuf,
    /// Where it runs.
    pub environment: String,
    /// Where its randomness comes from; drawn where nothing is said.
    pub seed: Option<Seed>,
    /// Why, and for whom: kept in its history.
    pub reason: Option<String>,
    /// Files of approvals.
    pub approvals: Vec<PathBuf>,
    /// Whether somebody answers the questions of its runbook; else they are answered with yes.
    pub attended: bool,
    /// How long it waits for what another drill holds.
    pub wait: Option<Duration>,
}

/// Why a drill did not begin.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// There is no project around the scenario.
    #[error(transparent)]
    Project(#[from] crate::project::ProjectError),
    /// Its files are not valid.
    #[error("{}", first(findings))]
    Invalid {
        /// What is wrong.
        findings: Box<Findings>,
    },
    /// It could cost more than its environment allows.
    #[error(transparent)]
    Unaffordable(Problem),
    /// An approval is none of it.
    #[error(transparent)]
    Approval(#[from] crate::permission::ApprovalProblem),
    /// It may not begin now, or could not.
    #[error(transparent)]
    Exercise(#[from] ExerciseError),
    /// This process is about to end.
    #[error("lifeboat is about to stop, and begins no drill any more")]
    Stopping,
}

fn first(findings: &Findings) -> String {
    findings.into_iter().next().map_or_else(|| "the files are not valid".to_owned(), ToString::to_string)
}

impl Explained for NotBegun {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Invalid { .. } => Some("`lifeboat check` tells all of it".into()),
            Self::Unaffordable(problem) => problem.hint(),
            Self::Approval(problem) => problem.hint(),
            Self::Exercise(error) => error.hint(),
            Self::Project(_) | Self::Stopping => None,
        }
    }
}

/// How a drill of this process ended.
#[derive(Debug)]
pub struct EndedDrill {
    /// Its verdict and where everything is; else why there is none, in words.
    pub finished: Result<FinishedDrill, String>,
}

/// A drill that this process runs or ran.
#[derive(Debug)]
pub struct RunningDrill {
    /// What it is called.
    pub id: String,
    /// Where its folder is.
    pub folder: PathBuf,
    /// What is done.
    pub plan: Arc<DrillPlan>,
    /// What is known of it so far.
    pub live: watch::Receiver<Arc<Live>>,
    /// Becomes `Some` once it has ended and was judged.
    pub ended: watch::Receiver<Option<Arc<EndedDrill>>>,
    stop: watch::Sender<bool>,
    /// The questions of its runbook that nobody has taken up yet.
    questions: Mutex<Option<mpsc::Receiver<Prompt>>>,
}

impl RunningDrill {
    /// Stops it: every fault is healed, then it ends.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Its questions, for whoever asks first.
    pub fn questions(&self) -> Option<mpsc::Receiver<Prompt>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until it has ended and was judged.
    pub async fn ended(&self) -> Option<Arc<EndedDrill>> {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok()?.clone()
    }
}

/// The drills of this process. Clones are the same.
#[derive(Debug, Clone)]
pub struct RunningDrills {
    root: PathBuf,
    supervisor: PathBuf,
    /// Where drills on other hosts keep their locks.
    locks: Option<Arc<dyn LockTable>>,
    known: Arc<Mutex<KnownDrills>>,
}

#[derive(Debug, Default)]
struct KnownDrills {
    drills: BTreeMap<String, Arc<RunningDrill>>,
    stopping: bool,
}

impl RunningDrills {
    /// Of a project. `supervisor` is the binary whose command `keep` supervises what drills start.
    pub fn new(root: PathBuf, supervisor: PathBuf) -> Self {
        Self { root, supervisor, locks: None, known: Arc::default() }
    }

    /// With one place more for locks, which drills on other hosts share.
    #[must_use]
    pub fn with_locks(self, locks: Option<Arc<dyn LockTable>>) -> Self {
        Self { locks, ..self }
    }

    /// Where drills on other hosts keep their locks.
    pub fn locks(&self) -> Option<Arc<dyn LockTable>> {
        self.locks.clone()
    }

    /// The project's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Those that run now, oldest first.
    pub fn all(&self) -> Vec<Arc<RunningDrill>> {
        self.known().drills.values().cloned().collect()
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<Arc<RunningDrill>> {
        self.known().drills.get(id).cloned()
    }

    /// Begins a drill in a task of its own; returns once it has its folder and its history.
    ///
    /// # Errors
    /// Why it did not begin.
    pub async fn start(&self, start: DrillStart) -> Result<Arc<RunningDrill>, NotBegun> {
        if self.known().stopping {
            return Err(NotBegun::Stopping);
        }
        let read = ReadScenario::of(&self.root.join(&start.scenario), &start.environment)?;
        if let Some(problem) = read.unaffordable {
            return Err(NotBegun::Unaffordable(problem));
        }
        let Some(planned) = read.planned.filter(|_| !read.findings.has_errors()) else {
            return Err(NotBegun::Invalid { findings: Box::new(read.findings) });
        };
        let mut drills = vec![planned];
        take_approvals(&mut drills, &start.approvals, chrono::Utc::now())?;
        let (stop, stopped) = watch::channel(false);
        let orders = DrillOrders {
            drills,
            repeat: 1,
            until_known: false,
            seed: start.seed.unwrap_or_else(drawn_seed),
            reason: start.reason,
            out: None,
            sign: None,
            supervisor: self.supervisor.clone(),
            wait: start.wait,
            locks: self.locks.clone(),
            stop: stopped,
        };
        let (begun, has_begun) = oneshot::channel();
        let observer = QuietObserver {
            drills: self.clone(),
            attended: start.attended,
            questions: None,
            plan: None,
            stop,
            begun: Some(begun),
            ended: None,
        };
        tokio::spawn(self.clone().conduct(orders, observer));
        has_begun.await.unwrap_or(Err(NotBegun::Stopping))
    }

    /// Stops all of them, begins no more, and returns once they have ended.
    pub async fn stop_all(&self) {
        loop {
            let drills = {
                let mut known = self.known();
                known.stopping = true;
                known.drills.values().cloned().collect::<Vec<_>>()
            };
            if drills.is_empty() {
                return;
            }
            drills.iter().for_each(|drill| drill.stop());
            for drill in drills {
                drill.ended().await;
                // One whose task was lost says nothing.
                self.known().drills.remove(&drill.id);
            }
        }
    }

    /// Whether all of them are being stopped, and none begins any more.
    pub fn are_stopping(&self) -> bool {
        self.known().stopping
    }

    async fn conduct(self, orders: DrillOrders, mut observer: QuietObserver) {
        let done = exercise::run(&orders, &mut observer).await;
        if let (Err(error), Some(begun)) = (done, observer.begun.take()) {
            let _ = begun.send(Err(error.into()));
        }
    }

    fn known(&self) -> MutexGuard<'_, KnownDrills> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks on for [`RunningDrills`].
struct QuietObserver {
    drills: RunningDrills,
    attended: bool,
    questions: Option<mpsc::Receiver<Prompt>>,
    plan: Option<Arc<DrillPlan>>,
    stop: watch::Sender<bool>,
    begun: Option<oneshot::Sender<Result<Arc<RunningDrill>, NotBegun>>>,
    ended: Option<(String, watch::Sender<Option<Arc<EndedDrill>>>)>,
}

impl Observer for QuietObserver {
    type Error = ExerciseError;

    fn attendance(&mut self) -> Attendance {
        if !self.attended {
            return Attendance::Unattended;
        }
        let (sender, questions) = mpsc::channel(1);
        self.questions = Some(questions);
        Attendance::Attended(sender)
    }

    async fn begins(&mut self, _turn: DrillTurn, plan: &DrillPlan) -> Result<(), ExerciseError> {
        self.plan = Some(Arc::new(plan.clone()));
        Ok(())
    }

    fn begun(&mut self, exercise: &Exercise) -> Result<(), ExerciseError> {
        let live = exercise.live();
        // Its first event may not be written yet.
        let id = exercise.folder().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plan = self.plan.take().unwrap_or_else(|| unreachable!("each drill is told of before it begins"));
        let (ended, is_ended) = watch::channel(None);
        let drill = Arc::new(RunningDrill {
            id: id.clone(),
            folder: exercise.folder().to_owned(),
            plan,
            live,
            ended: is_ended,
            stop: self.stop.clone(),
            questions: Mutex::new(self.questions.take()),
        });
        self.ended = Some((id.clone(), ended));
        let is_stopping = {
            let mut known = self.drills.known();
            known.drills.insert(id, Arc::clone(&drill));
            known.stopping
        };
        // All others were told while this one was on its way.
        if is_stopping {
            drill.stop();
        }
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(Ok(drill));
        }
        Ok(())
    }

    async fn ended(&mut self, _plan: &DrillPlan, finished: Result<FinishedDrill, ExerciseError>) -> Result<(), ExerciseError> {
        if let Some((id, ended)) = self.ended.take() {
            let finished = finished.map_err(|error| explained(&error));
            self.drills.known().drills.remove(&id);
            ended.send_replace(Some(Arc::new(EndedDrill { finished })));
        }
        Ok(())
    }

    fn failed(&mut self, _plan: &DrillPlan, _error: ExerciseError) {}

    fn left_out(&mut self, _plan: &DrillPlan) {}
}
