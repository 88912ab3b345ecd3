//! The drills of one occurrence, one after the other, by the replica that holds its claim: begun, the claim renewed while they run, ended with what
//! became of them.
//!
//! A database that goes away meanwhile takes nothing from a drill: it runs to its end, and that is recorded once the database is back. Whoever hears
//! that another has taken the claim over stops its drill: it is not the one who runs it any more.

use super::drill_start::DrillStart;
use super::hindrance::Hindrance;
use super::not_begun::NotBegun;
use super::replica::{BusyWith, SchedulerReplica, named, reason_of};
use super::running_drill::{EndedDrill, RunningDrill};
use crate::exercise::Consent;
use crate::model::DrillSchedule;
use crate::schedule::OccurrenceEnd;
use crate::store::{ClaimClose, OccurrenceClaim};
use crate::units::{explained, with_causes};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A claim is renewed so many times in the length of its lease.
const RENEWALS: u32 = 3;
/// How often it is tried to record an end, first and at last.
const AGAIN: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];
/// For so long a process that is to end tries to record what it did.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// One occurrence that this replica runs.
#[derive(Debug)]
pub(super) struct Attended {
    pub(super) replica: SchedulerReplica,
    pub(super) claim: OccurrenceClaim,
    pub(super) schedule: DrillSchedule,
    /// Whether somebody said that it is to run late.
    pub(super) wanted_late: bool,
    pub(super) end: OccurrenceEnd,
    /// The files of the approvals of each scenario.
    pub(super) approvals: Vec<Vec<PathBuf>>,
    pub(super) _busy: BusyWith,
}

/// What became of it so far.
#[derive(Debug, Default)]
struct Course {
    drills: Vec<String>,
    told: Vec<String>,
    interrupted: bool,
    /// Whether the drills are to be noted once the database can be written.
    unnoted: bool,
}

/// Whether the claim is this replica's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Ours,
    Lost,
    /// The database cannot be asked.
    Unknown,
}

impl Attended {
    /// Runs it to its end.
    pub(super) async fn run(self) {
        let (mut course, began) = (Course::default(), Instant::now());
        for (place, scenario) in self.schedule.scenarios.iter().enumerate() {
            if place > 0 && !self.may_go_on(&mut course, scenario).await {
                break;
            }
            let start = DrillStart {
                scenario: scenario.into(),
                environment: self.schedule.environment.clone(),
                reason: Some(reason_of(&self.claim.schedule, self.claim.due)),
                approvals: self.approvals.get(place).cloned().unwrap_or_default(),
                // The first waits by being due; those after it wait as long as the window lasts.
                wait: (place > 0).then(|| left_of(&self.schedule, began)),
                // Whoever wrote the schedule wants these drills, within what the environment allows them to cost and to write.
                agreed: vec![Consent::Presence, Consent::Spending, Consent::Writing],
                ..DrillStart::default()
            };
            match self.replica.running.start(start).await {
                Ok(drill) => {
                    if self.drill(&drill, &mut course).await == Held::Lost {
                        return;
                    }
                }
                Err(error) if course.drills.is_empty() && place == 0 => return self.give_back(&error).await,
                Err(error) => self.left_out(scenario, &error, &mut course),
            }
        }
        self.close(course).await;
    }

    /// A drill until it has ended.
    async fn drill(&self, drill: &Arc<RunningDrill>, course: &mut Course) -> Held {
        course.drills.push(drill.id.clone());
        course.unnoted = true;
        let late = if self.end == OccurrenceEnd::Late { " late" } else { "" };
        self.tell(&format!("began{late}: {}", drill.id));
        let mut held = self.hold(course).await;
        let (mut ended, mut has_stopped) = (std::pin::pin!(drill.ended()), false);
        let mut renewal = tokio::time::interval(self.replica.lease / RENEWALS);
        renewal.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        renewal.reset();
        let end = loop {
            if held == Held::Lost && !has_stopped {
                has_stopped = true;
                self.tell("another replica has taken it over, so its drill is stopped here");
                drill.stop();
            }
            tokio::select! {
                biased;
                end = &mut ended => break end,
                _ = renewal.tick(), if held != Held::Lost => held = self.hold(course).await,
            }
        };
        let (told, interrupted) = self.told(drill, end.as_deref());
        course.interrupted |= interrupted;
        self.tell(&told);
        course.told.push(told);
        held
    }

    /// Renews the claim, and notes what could not be noted before.
    async fn hold(&self, course: &mut Course) -> Held {
        let store = &self.replica.store;
        let ours = match course.unnoted {
            true => match store.note_drills(&self.claim, &course.drills).await {
                Ok(true) => {
                    course.unnoted = false;
                    store.renew(&self.claim, self.replica.lease).await
                }
                other => other,
            },
            false => store.renew(&self.claim, self.replica.lease).await,
        };
        match ours {
            Ok(true) => Held::Ours,
            Ok(false) => Held::Lost,
            Err(error) => {
                tracing::debug!(%error, "a claim was not renewed");
                Held::Unknown
            }
        }
    }

    /// Whether the next scenario may begin: the claim must be this replica's for certain.
    async fn may_go_on(&self, course: &mut Course, scenario: &str) -> bool {
        let mut pause = AGAIN[0];
        loop {
            if self.replica.is_stopping() {
                course.interrupted = true;
                course.told.push(format!("{scenario} was not begun, because lifeboat was stopped"));
                return false;
            }
            match self.hold(course).await {
                Held::Ours => return true,
                Held::Lost => return false,
                Held::Unknown => self.pause(&mut pause).await,
            }
        }
    }

    /// One of several that did not begin; the others do.
    fn left_out(&self, scenario: &str, error: &NotBegun, course: &mut Course) {
        course.interrupted |= matches!(error, NotBegun::Stopping);
        let told = format!("{scenario} did not begin: {}", with_causes(error));
        self.tell(&told);
        course.told.push(told);
    }

    /// Nothing was begun: it is due as before, and says why.
    async fn give_back(&self, error: &NotBegun) {
        let store = &self.replica.store;
        let given = store.give_back(&self.claim, self.wanted_late).await;
        if matches!(error, NotBegun::Stopping) || !matches!(given, Ok(true)) {
            return;
        }
        let hindrance = Hindrance::from(error);
        self.tell(&format!("does not begin yet: {}", hindrance.told));
        let _ = store.stands_in_the_way(&self.claim.schedule, self.claim.due, hindrance.reason, &hindrance.told).await;
    }

    /// Records the end, however long the database is away.
    async fn close(&self, mut course: Course) {
        if course.drills.len() + course.told.len() == 0 {
            course.told.push("no drill was begun".to_owned());
        }
        let close = ClaimClose { drills: course.drills, told: course.told.join("; "), interrupted: course.interrupted };
        let (mut pause, mut said, mut asked_to_end) = (AGAIN[0], false, None::<Instant>);
        loop {
            match self.replica.store.close_claimed(&self.claim, &close).await {
                Ok(true) => return,
                Ok(false) => {
                    let told = "another replica has taken it over meanwhile, and has recorded it as interrupted";
                    return self.tell(told);
                }
                Err(error) if !said => {
                    said = true;
                    self.tell(&format!("its end is recorded when the store is back: {}", explained(&error).replace("\n\n", "; ")));
                }
                Err(_) => {}
            }
            if self.replica.is_stopping() && asked_to_end.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES {
                self.tell("its end could not be recorded; the next start finds it in the drill's folder");
                return;
            }
            self.pause(&mut pause).await;
        }
    }

    /// How a drill ended, and whether that was before its time because this process ends.
    fn told(&self, drill: &RunningDrill, end: Option<&EndedDrill>) -> (String, bool) {
        let is_stopping = self.replica.is_stopping();
        match end.map(|end| &end.finished) {
            Some(Ok(finished)) => {
                let verdict = finished.judged.verdict.verdict;
                match &finished.stopped {
                    Some(_) if is_stopping => (format!("{} was stopped with lifeboat: {verdict}", drill.id), true),
                    Some(stop) => (format!("{} was stopped ({stop}): {verdict}", drill.id), false),
                    None => (format!("{}: {verdict}", drill.id), false),
                }
            }
            Some(Err(problem)) => (format!("{} ended without a verdict: {}", drill.id, problem.replace("\n\n", "; ")), is_stopping),
            None => (format!("{} was lost", drill.id), true),
        }
    }

    async fn pause(&self, pause: &mut Duration) {
        let mut stop = self.replica.stop.clone();
        let wait = if self.replica.is_stopping() { AGAIN[0] } else { *pause };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.changed(), if !self.replica.is_stopping() => {}
        }
        *pause = (*pause * 2).min(AGAIN[1]);
    }

    fn tell(&self, what: &str) {
        self.replica.tell(format!("{}: {what}", named(&self.claim.schedule, self.claim.due)));
    }
}

/// What is left of a window, for a scenario that waits for another drill; a minute at least.
fn left_of(schedule: &DrillSchedule, began: Instant) -> crate::units::Duration {
    let left = schedule.window.std().saturating_sub(began.elapsed()).max(Duration::from_secs(60));
    crate::units::Duration::from_secs(left.as_secs())
}
