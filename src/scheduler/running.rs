//! The drills that this process runs now. Each has a task of its own; whoever wants to look at one, answer its questions or stop it asks here. Those
//! that ended lately, and those that did not begin, are kept for a while, so that whoever looks can be told.

use super::drill_start::DrillStart;
use super::followed::FollowedDrill;
use super::not_begun::NotBegun;
use super::question_desk::attend;
use super::running_drill::{EndedDrill, RunningDrill};
use crate::exercise::{self, DrillOrders, DrillTurn, Exercise, ExerciseError, FinishedDrill, Observer, PlannedDrill};
use crate::model::DrillPlan;
use crate::permission::{LockTable, RegisterEntry, registered};
use crate::redact::Redactor;
use crate::step::{Attendance, Board, Prompt};
use crate::units::explained;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Drills that ended, and such that did not begin, of which so many are known.
const KEPT: usize = 32;
/// So long drills that ended are known.
const KEPT_FOR: TimeDelta = TimeDelta::hours(2);
/// Drills of other processes that are followed at once.
const FOLLOWED: usize = 16;

/// A drill that is about to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillOnItsWay {
    /// The scenario's file, from the project's root.
    pub scenario: PathBuf,
    /// Where it is to run.
    pub environment: String,
    /// What it waits for, or took over from a drill that is gone.
    pub holds: Option<String>,
}

/// A drill that did not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillNotBegun {
    /// The scenario's file, from the project's root.
    pub scenario: PathBuf,
    /// Where it was to run.
    pub environment: String,
    /// Who wanted it, where that is known.
    pub by: Option<String>,
    /// When that was known.
    pub at: DateTime<Utc>,
    /// Why, in words, and what to do about it.
    pub why: String,
}

/// The drills of this process. Clones are the same.
#[derive(Debug, Clone)]
pub struct RunningDrills {
    root: PathBuf,
    supervisor: PathBuf,
    /// Where drills on other hosts keep their locks.
    locks: Option<Arc<dyn LockTable>>,
    known: Arc<Mutex<KnownDrills>>,
    /// How many tasks of drills there are.
    tasks: watch::Sender<usize>,
    /// Tells of each drill that begins.
    begun: broadcast::Sender<Arc<RunningDrill>>,
}

#[derive(Debug, Default)]
struct KnownDrills {
    drills: BTreeMap<String, Arc<RunningDrill>>,
    ended: VecDeque<Arc<RunningDrill>>,
    starting: BTreeMap<u64, (DrillOnItsWay, watch::Sender<bool>)>,
    not_begun: VecDeque<DrillNotBegun>,
    followed: BTreeMap<String, Weak<FollowedDrill>>,
    next: u64,
    stopping: bool,
}

impl RunningDrills {
    /// Of a project. `supervisor` is the binary whose command `keep` supervises what drills start.
    pub fn new(root: PathBuf, supervisor: PathBuf) -> Self {
        Self { root, supervisor, locks: None, known: Arc::default(), tasks: watch::channel(0).0, begun: broadcast::channel(256).0 }
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

    /// Those that ended lately, the newest first.
    pub fn lately(&self) -> Vec<Arc<RunningDrill>> {
        let mut known = self.known();
        known.forget(Utc::now());
        known.ended.iter().rev().cloned().collect()
    }

    /// Those that are about to begin, and what each waits for.
    pub fn on_their_way(&self) -> Vec<DrillOnItsWay> {
        self.known().starting.values().map(|(drill, _)| drill.clone()).collect()
    }

    /// Those that did not begin, the newest first.
    pub fn not_begun(&self) -> Vec<DrillNotBegun> {
        self.known().not_begun.iter().rev().cloned().collect()
    }

    /// Each drill that begins from now on.
    pub fn begun(&self) -> broadcast::Receiver<Arc<RunningDrill>> {
        self.begun.subscribe()
    }

    /// One of those that run or ended lately.
    pub fn get(&self, id: &str) -> Option<Arc<RunningDrill>> {
        let known = self.known();
        known.drills.get(id).or_else(|| known.ended.iter().find(|drill| drill.id == id)).cloned()
    }

    /// Drills of this project that other processes of this user and host run now.
    pub fn of_others(&self) -> Vec<RegisterEntry> {
        let own = self.known().drills.keys().cloned().collect::<Vec<_>>();
        let is_other = |entry: &RegisterEntry| entry.root == self.root && entry.runs() && !own.contains(&entry.drill);
        registered().into_iter().map(|(_, entry)| entry).filter(is_other).collect()
    }

    /// A drill that another process runs, from its history; `None` where there is none of this name that runs, or too many are followed already.
    pub fn follow(&self, id: &str) -> Option<Arc<FollowedDrill>> {
        let is_name = !id.is_empty() && !id.starts_with('.') && !id.contains(['/', '\\', '\0']);
        if !is_name {
            return None;
        }
        let mut known = self.known();
        known.followed.retain(|_, drill| drill.strong_count() > 0);
        if let Some(drill) = known.followed.get(id).and_then(Weak::upgrade) {
            return Some(drill);
        }
        if known.followed.len() >= FOLLOWED {
            return None;
        }
        let usual = self.root.join("drills").join(id);
        let chosen =
            || registered().into_iter().find(|(_, entry)| entry.drill == id && entry.root == self.root).map(|(_, entry)| entry.folder);
        let folder = if usual.is_dir() { usual } else { chosen()? };
        let drill = Arc::new(FollowedDrill::begin(id, folder)?);
        known.followed.insert(id.to_owned(), Arc::downgrade(&drill));
        Some(drill)
    }

    /// Begins a drill in a task of its own; returns once it has its folder and its history.
    ///
    /// # Errors
    /// Why it did not begin.
    pub async fn start(&self, start: DrillStart) -> Result<Arc<RunningDrill>, NotBegun> {
        let begun = self.begin(&start).await;
        if let Err(error) = &begun {
            let mut known = self.known();
            let why = explained(error);
            let DrillStart { scenario, environment, by, .. } = start;
            known.not_begun.push_back(DrillNotBegun { scenario, environment, by, at: Utc::now(), why });
            while known.not_begun.len() > KEPT {
                known.not_begun.pop_front();
            }
        }
        begun
    }

    /// The drill that would begin, where its files are valid and its commands are trusted. Nothing is begun, and nobody asked.
    ///
    /// # Errors
    /// Why it would not.
    pub async fn looked_at(&self, start: &DrillStart) -> Result<PlannedDrill, NotBegun> {
        let (root, asked) = (self.root.clone(), start.clone());
        // Reading files takes its time, which is not the runtime's.
        tokio::task::spawn_blocking(move || asked.planned(&root)).await.map_err(|_| NotBegun::Broken)?
    }

    async fn begin(&self, start: &DrillStart) -> Result<Arc<RunningDrill>, NotBegun> {
        if self.known().stopping {
            return Err(NotBegun::Stopping);
        }
        let planned = self.looked_at(start).await?;
        let plan = Arc::new(planned.plan.clone());
        let (stop, stopped) = watch::channel(false);
        let orders = DrillOrders { locks: self.locks.clone(), ..start.orders(planned, &self.supervisor, stopped)? };
        let (begun, has_begun) = oneshot::channel();
        let place = self.enter(start, stop.clone())?;
        let observer = QuietObserver {
            drills: self.clone(),
            place,
            start: start.clone(),
            plan,
            questions: None,
            stop,
            begun: Some(begun),
            ended: None,
        };
        tokio::spawn(self.clone().conduct(orders, observer));
        has_begun.await.unwrap_or(Err(NotBegun::Broken))
    }

    fn enter(&self, start: &DrillStart, stop: watch::Sender<bool>) -> Result<u64, NotBegun> {
        let mut known = self.known();
        if known.stopping {
            return Err(NotBegun::Stopping);
        }
        let place = known.next;
        known.next += 1;
        let drill = DrillOnItsWay { scenario: start.scenario.clone(), environment: start.environment.clone(), holds: None };
        known.starting.insert(place, (drill, stop));
        self.tasks.send_modify(|count| *count += 1);
        Ok(place)
    }

    /// Stops all of them, begins no more, and returns once they have ended.
    pub async fn stop_all(&self) {
        {
            let mut known = self.known();
            known.stopping = true;
            known.drills.values().for_each(|drill| drill.stop());
            for (_, stop) in known.starting.values() {
                stop.send_replace(true);
            }
        }
        // The sender is in `self`.
        let _ = self.tasks.subscribe().wait_for(|count| *count == 0).await;
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

impl KnownDrills {
    /// Moves a drill to those that ended.
    fn over(&mut self, id: &str) {
        self.forget(Utc::now());
        self.ended.extend(self.drills.remove(id));
        while self.ended.len() > KEPT {
            self.ended.pop_front();
        }
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        self.ended.retain(|drill| drill.end().is_none_or(|end| end.at + KEPT_FOR > now));
    }
}

/// Looks on for [`RunningDrills`].
struct QuietObserver {
    drills: RunningDrills,
    /// Among those that are about to begin.
    place: u64,
    start: DrillStart,
    plan: Arc<DrillPlan>,
    questions: Option<mpsc::Receiver<Prompt>>,
    stop: watch::Sender<bool>,
    begun: Option<oneshot::Sender<Result<Arc<RunningDrill>, NotBegun>>>,
    ended: Option<(String, watch::Sender<Option<Arc<EndedDrill>>>)>,
}

impl QuietObserver {
    fn end(&mut self, finished: Result<FinishedDrill, String>) {
        if let Some((id, ended)) = self.ended.take() {
            ended.send_replace(Some(Arc::new(EndedDrill { finished, at: Utc::now() })));
            self.drills.known().over(&id);
        }
    }
}

impl Observer for QuietObserver {
    type Error = ExerciseError;

    fn attendance(&mut self) -> Attendance {
        if !self.start.attended {
            return Attendance::Unattended;
        }
        let (sender, questions) = mpsc::channel(1);
        self.questions = Some(questions);
        Attendance::Attended(sender)
    }

    fn holds(&mut self, what: &str) {
        if let Some((drill, _)) = self.drills.known().starting.get_mut(&self.place) {
            drill.holds = Some(what.to_owned());
        }
    }

    async fn begins(&mut self, _turn: DrillTurn, _plan: &DrillPlan) -> Result<(), ExerciseError> {
        Ok(())
    }

    fn begun(&mut self, exercise: &Exercise) -> Result<(), ExerciseError> {
        let (live, id) = (exercise.live(), exercise.id().to_owned());
        let (ended, is_ended) = watch::channel(None);
        let drill = Arc::new(RunningDrill {
            id: id.clone(),
            folder: exercise.folder().to_owned(),
            plan: Arc::clone(&self.plan),
            since: Utc::now(),
            by: self.start.by.clone(),
            reason: self.start.reason.clone(),
            attended: self.start.attended,
            live: live.clone(),
            ended: is_ended.clone(),
            stop: self.stop.clone(),
            board: Board::new("", Redactor::default()),
            curve: Arc::default(),
        });
        tokio::spawn(attend(self.questions.take(), drill.board.clone(), Arc::clone(&drill.curve), live, is_ended));
        self.ended = Some((id.clone(), ended));
        let mut known = self.drills.known();
        known.starting.remove(&self.place);
        known.drills.insert(id, Arc::clone(&drill));
        drop(known);
        let _ = self.drills.begun.send(Arc::clone(&drill));
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(Ok(drill));
        }
        Ok(())
    }

    async fn ended(&mut self, _plan: &DrillPlan, finished: Result<FinishedDrill, ExerciseError>) -> Result<(), ExerciseError> {
        self.end(finished.map_err(|error| explained(&error)));
        Ok(())
    }

    fn failed(&mut self, _plan: &DrillPlan, _error: ExerciseError) {}

    fn left_out(&mut self, _plan: &DrillPlan) {
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(Err(NotBegun::Stopping));
        }
    }
}

impl Drop for QuietObserver {
    /// However its task ends, nobody waits for it any more.
    fn drop(&mut self) {
        self.end(Err("the task that ran it has ended by a fault of Lifeboat's own".to_owned()));
        self.drills.known().starting.remove(&self.place);
        self.drills.tasks.send_modify(|count| *count -= 1);
    }
}
