//! The drill as it is, then those of the copies that are broken; several at once where somebody wants that.
//!
//! What this file does not do: print. Whoever wants to be told is told of each drill that begins and ends.

use super::breaking;
use super::control::{NegativeControl, SabotageWay};
use super::controls::ProofPlan;
use super::course::DrillCourse;
use super::outcome::{ControlEnd, ControlResult, ProofOutcome, advice};
use super::reason;
use super::shadow::shadow;
use crate::exercise::{self, DrillOrders, DrillTurn, Exercise, ExerciseError, FinishedDrill, Observer, PROOFS, PlannedDrill, proof_hash};
use crate::model::{DrillPlan, SabotageReason};
use crate::permission::LockTable;
use crate::step::Attendance;
use crate::units::{Duration, Problem, Seed, explained};
use crate::verdict::{Decision, Verdict};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What is told while controls are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofNews {
    /// A drill begins: what the control is called (`None` is the drill as it is), and its folder.
    Begins(Option<String>, PathBuf),
    /// It has ended, with these words.
    Ended(Option<String>, String),
    /// Something else that is to be known.
    Said(String),
}

/// Who is told.
pub type ProofTeller = Arc<dyn Fn(ProofNews) + Send + Sync>;

/// Controls that are to be run.
pub struct ProofOrder {
    /// Which.
    pub plan: ProofPlan,
    /// Of these only the ones of these names; all where there are none.
    pub only: Vec<String>,
    /// The seed of each drill: they are to differ in nothing but what is broken.
    pub seed: Seed,
    /// How many at once.
    pub at_once: usize,
    /// When this began, RFC 3339.
    pub at: String,
    /// The binary whose command `keep` supervises what drills start.
    pub supervisor: PathBuf,
    /// How long each waits for what another drill holds.
    pub wait: Option<Duration>,
    /// Where drills on other hosts keep their locks.
    pub locks: Option<Arc<dyn LockTable>>,
    /// Becomes true when a person wants them to stop.
    pub stop: watch::Receiver<bool>,
    /// Who is told.
    pub tell: ProofTeller,
}

/// A drill that has ended.
struct EndedControl {
    verdict: Verdict,
    stopped: bool,
    course: DrillCourse,
    /// From the project's root.
    drill: String,
}

/// Runs the drill as it is, then the copies.
///
/// # Errors
/// Where something that was broken before cannot be put back.
pub async fn prove(order: ProofOrder) -> Result<ProofOutcome, Problem> {
    let planned = &order.plan.planned;
    if let Some(name) = breaking::put_back_left(planned, &order.supervisor).await? {
        (order.tell)(ProofNews::Said(format!("`{name}`, which was left broken, was put back")));
    }
    let (asked, rest): (Vec<NegativeControl>, Vec<NegativeControl>) =
        order.plan.controls.iter().cloned().partition(|control| order.only.is_empty() || order.only.contains(&control.sabotage.name));
    let mut outcome = order.nothing_yet(rest.into_iter().map(|control| control.sabotage.name).collect());
    // What a command breaks is broken for everybody: those go one after the other, last.
    let (commands, copies): (Vec<_>, Vec<_>) =
        asked.into_iter().enumerate().partition(|(_, control)| matches!(control.way, SabotageWay::Command(_)));
    let (usual, ended) = at_once(&order, copies).await;
    let usual = match usual {
        Ok(usual) => usual,
        Err(why) => {
            let fewer = if order.at_once > 1 { "; with fewer `--at-once` the machine has more room" } else { "" };
            outcome.untold = Some(format!("the drill as it is did not end with a verdict: {why}{fewer}"));
            return Ok(outcome);
        }
    };
    outcome.as_it_is = Some(usual.verdict.verdict);
    outcome.drill = Some(usual.drill.clone());
    if usual.verdict.verdict != Decision::Met {
        let why = "a copy that is broken tells something only where the system itself is well";
        outcome.untold = Some(format!("the drill as it is ended {}, and {why}", usual.verdict.verdict));
        return Ok(outcome);
    }
    let mut results: Vec<_> = ended.into_iter().map(|(place, control, ended)| (place, result(&control, &usual, ended))).collect();
    for (place, control) in commands {
        results.push((place, by_command(&order.site(Some(&control)), control, &usual).await));
    }
    results.sort_by_key(|(place, _)| *place);
    outcome.controls = results.into_iter().map(|(_, result)| result).collect();
    let not_done = |control: &ControlResult| control.seen == NOT_DONE;
    for control in outcome.controls.iter().filter(|control| not_done(control)) {
        let why = "the drill as it is does not do this step either".to_owned();
        outcome.left_out.push(super::LeftOutControl { name: control.name.clone(), why });
    }
    outcome.controls.retain(|control| !not_done(control));
    Ok(outcome)
}

/// What is seen of a step that is not done anyway.
const NOT_DONE: &str = "not done as it is";

/// What one drill is run with.
#[derive(Clone)]
struct DrillSite {
    name: Option<String>,
    seed: Seed,
    /// The project's own root.
    root: PathBuf,
    folder: PathBuf,
    supervisor: PathBuf,
    wait: Option<Duration>,
    locks: Option<Arc<dyn LockTable>>,
    stop: watch::Receiver<bool>,
    tell: ProofTeller,
}

impl ProofOrder {
    /// What is known before anything was run.
    fn nothing_yet(&self, not_asked: Vec<String>) -> ProofOutcome {
        let planned = &self.plan.planned;
        ProofOutcome {
            scenario: planned.plan.scenario.name.clone(),
            environment: planned.plan.environment_name.clone(),
            at: self.at.clone(),
            sha256: proof_hash(&planned.plan, &planned.root),
            as_it_is: None,
            untold: None,
            drill: None,
            controls: Vec::new(),
            not_asked,
            left_out: self.plan.left_out.clone(),
        }
    }

    fn site(&self, control: Option<&NegativeControl>) -> DrillSite {
        let planned = &self.plan.planned;
        let name = control.map(|control| control.sabotage.name.clone());
        let moment: String = self.at.chars().take(19).map(|letter| if letter == ':' { '-' } else { letter }).collect();
        let of = name.as_deref().unwrap_or("as-it-is");
        let (scenario, environment) = (&planned.plan.scenario.name, &planned.plan.environment_name);
        DrillSite {
            seed: self.seed,
            folder: planned.root.join(PROOFS).join(format!("{moment}-{scenario}-{environment}-{of}")),
            root: planned.root.clone(),
            supervisor: self.supervisor.clone(),
            wait: self.wait,
            locks: self.locks.clone(),
            stop: self.stop.clone(),
            tell: Arc::clone(&self.tell),
            name,
        }
    }
}

/// A copy whose drill has ended, by its place among the controls.
type EndedCopy = (usize, NegativeControl, Result<EndedControl, String>);

/// The drill as it is and those of copies, so many at once. Where the first ends otherwise than met, no more of the others begin.
async fn at_once(order: &ProofOrder, copies: Vec<(usize, NegativeControl)>) -> (Result<EndedControl, String>, Vec<EndedCopy>) {
    let (mut usual, mut ended, mut running) = (Err("it has ended by a fault of Lifeboat's own".to_owned()), Vec::new(), JoinSet::new());
    let mut waiting: VecDeque<Option<(usize, NegativeControl)>> = std::iter::once(None).chain(copies.into_iter().map(Some)).collect();
    loop {
        while running.len() < order.at_once.max(1)
            && let Some(next) = waiting.pop_front()
        {
            let (site, planned) = (order.site(next.as_ref().map(|(_, control)| control)), order.plan.planned.clone());
            running.spawn(async move {
                let ended = match &next {
                    None => drilled(&site, planned).await,
                    Some((_, control)) => of_copy(&site, control).await,
                };
                (next, ended)
            });
        }
        match running.join_next().await {
            Some(Ok((None, as_it_is))) => {
                if !as_it_is.as_ref().is_ok_and(|ended| ended.verdict.verdict == Decision::Met) {
                    waiting.clear();
                }
                usual = as_it_is;
            }
            Some(Ok((Some((place, control)), copy))) => ended.push((place, control, copy)),
            // What panics is a fault of Lifeboat's own, and its process ends by it.
            Some(Err(_)) => {}
            None => return (usual, ended),
        }
    }
}

/// The drill of one copy.
async fn of_copy(site: &DrillSite, control: &NegativeControl) -> Result<EndedControl, String> {
    let mut planned = control.planned.clone();
    let mut copy = None;
    if let SabotageWay::File { path, text } = &control.way {
        let place = site.folder.with_extension("project");
        shadow(&site.root, &place, path, text).map_err(|error| format!("the copy cannot be made in {}: {error}", place.display()))?;
        planned = elsewhere(planned, &site.root, &place, path);
        copy = Some(place);
    }
    let ended = drilled(site, planned).await;
    if let Some(place) = copy {
        // Links and one file; what they lead to stays.
        let _ = std::fs::remove_dir_all(place);
    }
    ended
}

/// The same drill with the copy as its root, and with the copy's file where a command names the original in full.
fn elsewhere(mut planned: PlannedDrill, root: &Path, place: &Path, path: &str) -> PlannedDrill {
    let (old, new) = (root.join(path).display().to_string(), place.join(path).display().to_string());
    if let Some(start) = &mut planned.plan.environment.start {
        start.run.iter_mut().chain(start.env.values_mut()).for_each(|text| *text = text.replace(&old, &new));
    }
    PlannedDrill { root: place.to_owned(), ..planned }
}

/// The drill of a system that a command breaks, and another puts back.
async fn by_command(site: &DrillSite, control: NegativeControl, usual: &EndedControl) -> ControlResult {
    let SabotageWay::Command(command) = &control.way else { return untold(&control, "it has no command".to_owned()) };
    if *site.stop.borrow() {
        return untold(&control, "it was not run".to_owned());
    }
    let planned = control.planned.clone();
    let broken = breaking::broken(&planned, &site.supervisor, command).await;
    let ended = match broken {
        Ok(()) => drilled(site, planned.clone()).await,
        Err(problem) => Err(explained(&problem)),
    };
    let back = breaking::put_back(&planned, &site.supervisor, command).await;
    let result = result(&control, usual, ended);
    match back {
        Ok(()) => result,
        Err(problem) => {
            let told = explained(&problem);
            (site.tell)(ProofNews::Said(format!(
                "warning: {told}\n\nThe system is still broken; the next `lifeboat prove` tries again to put it back."
            )));
            ControlResult { end: ControlEnd::Untold, seen: format!("{}; it is still broken: {told}", result.seen), ..result }
        }
    }
}

async fn drilled(site: &DrillSite, planned: PlannedDrill) -> Result<EndedControl, String> {
    if *site.stop.borrow() {
        return Err("it was not run".to_owned());
    }
    let orders = DrillOrders {
        drills: vec![planned],
        repeat: 1,
        until_known: false,
        seed: site.seed,
        reason: Some(site.name.as_ref().map_or_else(|| "prove: as it is".to_owned(), |name| format!("prove: {name}"))),
        out: Some(site.folder.clone()),
        history: None,
        sign: None,
        supervisor: site.supervisor.clone(),
        wait: site.wait,
        locks: site.locks.clone(),
        stop: site.stop.clone(),
    };
    let mut observer = ControlObserver { site, finished: None };
    let ran = exercise::run(&orders, &mut observer).await;
    let finished = ran
        .and_then(|()| observer.finished.take().unwrap_or_else(|| Err(ExerciseError::Thread(std::io::Error::other("it did not begin")))));
    let FinishedDrill { judged, stopped, folder, .. } = finished.map_err(|error| explained(&error))?;
    let course = DrillCourse::of(&folder).map_err(|error| explained(&error))?;
    let drill = folder.strip_prefix(&site.root).unwrap_or(&folder).display().to_string();
    (site.tell)(ProofNews::Ended(site.name.clone(), judged.verdict.verdict.to_string()));
    if judged.verdict.verdict != Decision::Missed
        && let Some(stop) = &stopped
    {
        return Err(stop.detail.clone());
    }
    Ok(EndedControl { verdict: judged.verdict, stopped: stopped.is_some(), course, drill })
}

fn untold(control: &NegativeControl, seen: String) -> ControlResult {
    ControlResult {
        name: control.sabotage.name.clone(),
        kind: control.sabotage.kind,
        what: control.sabotage.what.clone(),
        expected: control.expects,
        end: ControlEnd::Untold,
        verdict: None,
        missed: Vec::new(),
        seen,
        advice: String::new(),
        drill: None,
    }
}

fn result(control: &NegativeControl, usual: &EndedControl, ended: Result<EndedControl, String>) -> ControlResult {
    let step = control.sabotage.on.as_deref().unwrap_or_default();
    if control.expects == SabotageReason::StepMissing && !usual.course.steps.contains(step) {
        return untold(control, NOT_DONE.to_owned());
    }
    let ended = match ended {
        Ok(ended) => ended,
        Err(why) => return untold(control, why),
    };
    let seen = reason::seen(control.expects, &control.sabotage, &usual.course, &ended.course);
    let decision = ended.verdict.verdict;
    let end = match decision {
        Decision::Missed if seen.is_there => ControlEnd::Red,
        Decision::Missed => ControlEnd::OtherReason,
        Decision::Met => ControlEnd::Green,
        Decision::Inconclusive | Decision::Void | Decision::InvalidPlan => ControlEnd::Untold,
    };
    let told = if ended.stopped { format!("{}; a guard stopped it", seen.told) } else { seen.told };
    ControlResult {
        end,
        verdict: Some(decision),
        missed: missed(&ended.verdict),
        seen: told,
        advice: if end == ControlEnd::Green { advice(control.sabotage.kind).to_owned() } else { String::new() },
        drill: Some(ended.drill),
        ..untold(control, String::new())
    }
}

/// The objectives that were missed, of all workloads, each once.
fn missed(verdict: &Verdict) -> Vec<String> {
    let each = verdict.workloads.iter().flat_map(|of| &of.verdict.objectives);
    let mut names: Vec<String> = Vec::new();
    for objective in verdict.objectives.iter().chain(each).filter(|objective| objective.verdict == Decision::Missed) {
        let name = objective.name.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Looks on for one of them.
struct ControlObserver<'s> {
    site: &'s DrillSite,
    finished: Option<Result<FinishedDrill, ExerciseError>>,
}

impl Observer for ControlObserver<'_> {
    type Error = ExerciseError;

    fn attendance(&mut self) -> Attendance {
        Attendance::Unattended
    }

    fn holds(&mut self, what: &str) {
        (self.site.tell)(ProofNews::Said(what.to_owned()));
    }

    async fn begins(&mut self, _turn: DrillTurn, _plan: &DrillPlan) -> Result<(), ExerciseError> {
        Ok(())
    }

    fn begun(&mut self, exercise: &Exercise) -> Result<(), ExerciseError> {
        (self.site.tell)(ProofNews::Begins(self.site.name.clone(), exercise.folder().to_owned()));
        Ok(())
    }

    async fn ended(&mut self, _plan: &DrillPlan, finished: Result<FinishedDrill, ExerciseError>) -> Result<(), ExerciseError> {
        self.finished = Some(finished);
        Ok(())
    }

    fn failed(&mut self, _plan: &DrillPlan, error: ExerciseError) {
        self.finished = Some(Err(error));
    }

    fn left_out(&mut self, _plan: &DrillPlan) {}
}
