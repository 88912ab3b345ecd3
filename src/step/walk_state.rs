//! Where a walk stands: which steps come next, which were begun, what is to be taken back. Pure: it is told what happened, by the walk as
//! by a history that is read back, so that a walk which is resumed stands where the other was interrupted.

mod mending;

use crate::history::{Event, StepFinished};
use crate::model::{OnFailure, Runbook, StepEnd};
use crate::units::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The stage of a walk: what it does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalkStage {
    /// These steps run, at the same time where there are several.
    Steps(Range<usize>),
    /// What was done is taken back, last first.
    Undo,
    /// Nothing more.
    Ended(WalkEnd),
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkEnd {
    /// The last step was passed.
    Done,
    /// A step failed, and what was done stays.
    Failed,
    /// What was done was taken back.
    Undone,
    /// Something could not be taken back; that may be tried again.
    PartlyUndone,
    /// It was stopped while a step ran.
    Stopped,
}

/// The state of a walk through a runbook: pure, so that a resumed walk stands where the interrupted one did.
#[derive(Debug, Clone)]
pub struct WalkState {
    runbook: Runbook,
    stage: WalkStage,
    /// Those of this turn that have ended.
    ended: BTreeMap<usize, StepEnd>,
    /// Begun and not ended, with the number of the try.
    open: BTreeMap<usize, u32>,
    /// Those that were stopped before they were begun, as far as a history tells.
    unbegun: BTreeSet<usize>,
    /// How each step ended, the last time that it ran.
    last: BTreeMap<usize, StepEnd>,
    /// How often each step's failure led somewhere else.
    jumps: BTreeMap<usize, u32>,
    /// Steps that were done (or whose outcome is unknown) and have an undo, in order.
    to_undo: Vec<usize>,
    /// Those whose undo was begun and of which it is not known how that ended.
    undo_unknown: BTreeSet<usize>,
    values: BTreeMap<String, Secret>,
    /// Those that could not be taken back, in the order in which they were done.
    left: Vec<usize>,
    /// Those of them whose undo may have done its work all the same.
    left_unsure: BTreeSet<usize>,
    /// Those that are known to have failed and come again, unless a person says otherwise.
    failed: BTreeSet<usize>,
    /// Those that are known to have failed, maybe half-way, and whose undo is left out.
    not_taken_back: BTreeSet<usize>,
    /// Those that were passed before the runbook was mended, and do not come again.
    passed: BTreeSet<usize>,
    /// The number under which each step's old value is kept: its place when it was first known.
    numbers: Vec<usize>,
}

impl WalkState {
    /// Before the first step.
    pub fn new(runbook: Runbook) -> Self {
        let numbers = (0..runbook.steps.len()).collect();
        let mut state = Self {
            runbook,
            stage: WalkStage::Undo,
            ended: BTreeMap::new(),
            open: BTreeMap::new(),
            unbegun: BTreeSet::new(),
            last: BTreeMap::new(),
            jumps: BTreeMap::new(),
            to_undo: Vec::new(),
            undo_unknown: BTreeSet::new(),
            values: BTreeMap::new(),
            left: Vec::new(),
            left_unsure: BTreeSet::new(),
            failed: BTreeSet::new(),
            not_taken_back: BTreeSet::new(),
            passed: BTreeSet::new(),
            numbers,
        };
        state.stage = state.from(0);
        state
    }

    /// What is walked.
    pub const fn runbook(&self) -> &Runbook {
        &self.runbook
    }

    /// What comes next.
    pub const fn stage(&self) -> &WalkStage {
        &self.stage
    }

    /// Steps of this turn that have not ended.
    pub fn waiting(&self) -> Vec<usize> {
        match &self.stage {
            WalkStage::Steps(steps) => steps.clone().filter(|step| !self.ended.contains_key(step)).collect(),
            WalkStage::Undo | WalkStage::Ended(_) => Vec::new(),
        }
    }

    /// Steps that were begun and of which it is not known how they ended.
    pub fn unknown(&self) -> Vec<usize> {
        self.open.keys().copied().collect()
    }

    /// Steps that are known to have failed and come again now that the walk is resumed, unless a person says otherwise.
    pub fn failed(&self) -> Vec<usize> {
        self.failed.iter().copied().collect()
    }

    /// Steps whose undo was begun and of which it is not known how that ended, in the order in which they are taken back.
    pub fn undo_unknown(&self) -> Vec<usize> {
        self.to_undo.iter().rev().copied().filter(|step| self.undo_unknown.contains(step)).collect()
    }

    /// Steps that are to be taken back, in that order.
    pub fn to_undo(&self) -> Vec<usize> {
        self.to_undo.iter().rev().copied().collect()
    }

    /// The number under which a step's old value is kept.
    pub fn number(&self, place: usize) -> usize {
        self.numbers.get(place).copied().unwrap_or(place)
    }

    /// How many tries of a step were begun since it last ended.
    pub fn tries(&self, step: usize) -> u32 {
        self.open.get(&step).copied().unwrap_or(0)
    }

    /// How an earlier step ended, the last time that it ran.
    pub fn last(&self, name: &str) -> Option<StepEnd> {
        let step = self.runbook.steps.iter().position(|step| step.name == name)?;
        self.last.get(&step).copied()
    }

    /// Outputs of steps, by the names that they were given. Any of them may be a secret.
    pub const fn values(&self) -> &BTreeMap<String, Secret> {
        &self.values
    }

    /// Keeps a step's output that is in no history, for it holds a secret.
    pub fn keep(&mut self, place: usize, value: Secret) {
        if let Some(name) = self.runbook.steps.get(place).and_then(|step| step.output.as_ref()) {
            self.values.insert(name.clone(), value);
        }
    }

    /// Steps that could not be taken back, in the order in which they were done.
    pub fn left(&self) -> &[usize] {
        &self.left
    }

    /// Steps that failed and whose own undo was left out, although they may have done half their work.
    pub fn not_taken_back(&self) -> Vec<usize> {
        self.not_taken_back.iter().copied().collect()
    }

    /// The step that is taken back next.
    pub fn next_undo(&self) -> Option<usize> {
        self.to_undo.last().copied()
    }

    /// Ends a turn of taking back.
    pub fn taken_back(&mut self) {
        self.stage = WalkStage::Ended(if self.left.is_empty() { WalkEnd::Undone } else { WalkEnd::PartlyUndone });
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::StepStarted(step) => {
                self.failed.remove(&(step.step as usize));
                self.open.insert(step.step as usize, step.attempt);
            }
            Event::StepFinished(finished) => self.finished(finished),
            Event::UndoStarted(undo) => {
                self.stage = WalkStage::Undo;
                self.undo_unknown.insert(undo.step as usize);
            }
            Event::StepUndone(undone) => {
                self.undone(undone.step as usize, undone.end);
            }
            Event::Resumed(resumed) => self.resumed(resumed.undo),
            Event::Mended(mended) => self.mended(&mended.plan.runbook),
            _ => {}
        }
    }

    fn finished(&mut self, finished: &StepFinished) {
        let place = finished.step as usize;
        let Some(step) = self.runbook.steps.get(place) else { return };
        let begun = self.open.remove(&place).is_some();
        if finished.end == StepEnd::Cancelled && !begun {
            self.unbegun.insert(place);
        }
        self.ended.insert(place, finished.end);
        self.last.insert(place, finished.end);
        if let (Some(name), Some(value)) = (&step.output, &finished.value) {
            self.values.insert(name.clone(), value.as_str().into());
        }
        self.failed.remove(&place);
        let failed = finished.end == StepEnd::Failed && !finished.unsure;
        let nothing_done = match finished.end {
            StepEnd::Done => false,
            StepEnd::Skipped => !finished.unsure,
            StepEnd::Failed if failed => !(step.undo_on_failure && begun),
            // A step of which any try timed out, or that was cancelled, may have done its work, unless it only reads: its undo must be able to
            // bear that.
            StepEnd::Failed | StepEnd::TimedOut | StepEnd::Cancelled => step.changes_nothing(),
        };
        if failed && begun && step.may_leave_half() && !self.to_undo.contains(&place) {
            self.not_taken_back.insert(place);
        } else {
            self.not_taken_back.remove(&place);
        }
        if step.undo.is_some() && !nothing_done && !self.to_undo.contains(&place) {
            self.to_undo.push(place);
        }
        if let WalkStage::Steps(steps) = self.stage.clone()
            && steps.clone().all(|step| self.ended.contains_key(&step))
        {
            self.stage = self.after(steps);
        }
    }

    fn undone(&mut self, place: usize, end: StepEnd) {
        self.left.retain(|step| *step != place);
        self.left_unsure.remove(&place);
        self.undo_unknown.remove(&place);
        if end != StepEnd::Done {
            self.left.insert(0, place);
        }
        if matches!(end, StepEnd::TimedOut | StepEnd::Cancelled) {
            self.left_unsure.insert(place);
        }
        self.stage = WalkStage::Undo;
        // A failure is recorded and does not hold up the rest.
        self.to_undo.retain(|step| *step != place);
        if self.to_undo.is_empty() {
            self.taken_back();
        }
    }

    /// Goes on where it was interrupted: a step that was stopped is one whose outcome is unknown, and one that is known to have failed, and
    /// ended the walk so, is tried again.
    fn resumed(&mut self, undo: bool) {
        if undo {
            self.failed.clear();
            // What could not be taken back is tried again.
            self.to_undo.splice(0..0, std::mem::take(&mut self.left));
            self.undo_unknown.append(&mut self.left_unsure);
            // What is unknown may have been done.
            for step in std::mem::take(&mut self.open).into_keys() {
                let known = &self.runbook.steps[step];
                if known.undo.is_some() && !known.changes_nothing() && !self.to_undo.contains(&step) {
                    self.to_undo.push(step);
                }
            }
            self.stage = WalkStage::Undo;
            return;
        }
        let WalkStage::Ended(WalkEnd::Stopped | WalkEnd::Failed) = self.stage else { return };
        let Some(last) = self.ended.keys().next_back().copied() else { return };
        let steps = self.together(last);
        for step in steps.clone() {
            match self.ended.get(&step) {
                Some(StepEnd::Failed) => {
                    self.ended.remove(&step);
                    self.failed.insert(step);
                }
                Some(StepEnd::Cancelled | StepEnd::TimedOut) => {
                    self.ended.remove(&step);
                    // What only reads may come again, and nobody is asked.
                    if !self.unbegun.remove(&step) && !self.runbook.steps[step].changes_nothing() {
                        self.open.insert(step, 0);
                    }
                }
                _ => {}
            }
        }
        self.stage = WalkStage::Steps(steps);
    }

    /// What follows when all of a turn have ended.
    fn after(&mut self, steps: Range<usize>) -> WalkStage {
        let ends = |wanted: &[StepEnd]| steps.clone().find(|step| self.ended.get(step).is_some_and(|end| wanted.contains(end)));
        if ends(&[StepEnd::Cancelled]).is_some() {
            return WalkStage::Ended(WalkEnd::Stopped);
        }
        let failed = steps.clone().find(|step| {
            let failed = matches!(self.ended.get(step), Some(StepEnd::Failed | StepEnd::TimedOut));
            failed && self.runbook.steps[*step].on_failure != OnFailure::Continue
        });
        let Some(failed) = failed else { return self.from(steps.end) };
        match &self.runbook.steps[failed].on_failure {
            OnFailure::Stop => WalkStage::Ended(WalkEnd::Failed),
            OnFailure::Goto { step, at_most } => {
                let jumps = self.jumps.entry(failed).or_default();
                let target = self.runbook.steps.iter().position(|other| other.name == *step);
                match target.filter(|_| *jumps < *at_most) {
                    Some(target) => {
                        *jumps += 1;
                        self.passed.retain(|step| *step < target);
                        self.from(target)
                    }
                    None => self.back(),
                }
            }
            OnFailure::Undo | OnFailure::Continue => self.back(),
        }
    }

    fn back(&self) -> WalkStage {
        if self.to_undo.is_empty() { WalkStage::Ended(WalkEnd::Failed) } else { WalkStage::Undo }
    }

    /// The turn that begins with a step, or with the first after it that was not passed before.
    fn from(&mut self, mut place: usize) -> WalkStage {
        self.ended.clear();
        while place < self.runbook.steps.len() {
            let steps = self.together(place);
            if !steps.clone().all(|step| self.passed.contains(&step)) {
                let passed = steps.clone().filter(|step| self.passed.contains(step));
                self.ended = passed.map(|step| (step, self.last.get(&step).copied().unwrap_or(StepEnd::Skipped))).collect();
                return WalkStage::Steps(steps);
            }
            place = steps.end;
        }
        WalkStage::Ended(WalkEnd::Done)
    }

    /// A step with those that run at the same time.
    fn together(&self, place: usize) -> Range<usize> {
        let steps = &self.runbook.steps;
        let name = &steps[place].together;
        if name.is_none() {
            return place..place + 1;
        }
        let same = |step: &usize| steps[*step].together == *name;
        let first = (0..=place).rev().take_while(same).last().unwrap_or(place);
        let end = (place..steps.len()).take_while(same).last().unwrap_or(place) + 1;
        first..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Resumed, StepStarted, StepUndone};
    use crate::model::{Action, Condition, Goal, Rotate, RotationPart, StartMode, Step};
    use crate::units::Duration;

    /// Something that changes the world.
    fn works() -> Action {
        Action::Rotate(Rotate { part: RotationPart::Mint, credential: "c".into(), from: None })
    }

    fn walk_of(steps: usize, change: impl Fn(usize, &mut Step)) -> WalkState {
        let step = |place: usize| {
            let mut step = Step::new(format!("s{place}"), works(), Duration::from_secs(2));
            step.undo = Some(works());
            change(place, &mut step);
            step
        };
        WalkState::new(Runbook {
            name: "r".into(),
            owner: None,
            reviewed: None,
            start: StartMode::ByHand,
            detect: Condition { request: None, goal: Goal::Fails(3) },
            reaction: None,
            escalate: Vec::new(),
            steps: (0..steps).map(step).collect(),
        })
    }

    fn began(step: u32) -> Event {
        Event::StepStarted(StepStarted { step, name: String::new(), attempt: 1 })
    }

    fn ended(step: u32, end: StepEnd) -> Event {
        Event::StepFinished(StepFinished { step, end, output: String::new(), unsure: false, value: None })
    }

    fn resumed(undo: bool) -> Event {
        Event::Resumed(Resumed { wall_clock: String::new(), undo })
    }

    fn after(mut state: WalkState, events: &[Event]) -> WalkState {
        events.iter().for_each(|event| state.apply(event));
        state
    }

    #[test]
    fn what_was_begun_and_has_no_end_is_unknown_and_what_was_stopped_is_so_once_it_is_resumed() {
        let killed = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Done), began(1), resumed(false)]);
        assert_eq!((killed.stage(), killed.unknown(), killed.tries(1)), (&WalkStage::Steps(1..2), vec![1], 1));
        let stopped = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Cancelled)]);
        assert_eq!((stopped.stage(), stopped.unknown()), (&WalkStage::Ended(WalkEnd::Stopped), vec![]));
        let stopped = after(stopped, &[resumed(false)]);
        assert_eq!((stopped.stage(), stopped.unknown()), (&WalkStage::Steps(0..1), vec![0]));
        let never = after(walk_of(3, |_, _| {}), &[ended(0, StepEnd::Cancelled), resumed(false)]);
        assert_eq!((never.stage(), never.unknown()), (&WalkStage::Steps(0..1), vec![]), "it was never begun, so nobody is asked");
        let back = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Done), began(1), resumed(true)]);
        assert_eq!(
            (back.stage(), back.next_undo(), back.unknown()),
            (&WalkStage::Undo, Some(1), vec![]),
            "what is unknown may have been done"
        );
    }

    #[test]
    fn failures_lead_where_they_say_and_what_was_done_is_taken_back_once() {
        let failing = |on_failure: OnFailure| {
            let state = walk_of(3, |place, step| {
                if place == 1 {
                    step.on_failure = on_failure.clone();
                }
            });
            after(state, &[began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Failed)])
        };
        assert_eq!(failing(OnFailure::Continue).stage(), &WalkStage::Steps(2..3));
        let stopped = failing(OnFailure::Stop);
        assert_eq!(stopped.stage(), &WalkStage::Ended(WalkEnd::Failed));
        assert_eq!(after(stopped, &[resumed(false)]).stage(), &WalkStage::Steps(1..2), "what is known to have failed is tried again");
        let round = OnFailure::Goto { step: "s0".into(), at_most: 1 };
        let once = failing(round);
        assert_eq!(once.stage(), &WalkStage::Steps(0..1));
        let twice = after(once, &[began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Failed)]);
        assert_eq!((twice.stage(), twice.next_undo()), (&WalkStage::Undo, Some(0)), "only so often");
        let undone = Event::StepUndone(StepUndone { step: 0, end: StepEnd::Done, output: String::new() });
        assert_eq!(after(twice, &[undone]).stage(), &WalkStage::Ended(WalkEnd::Undone));
    }

    #[test]
    fn steps_together_end_together() {
        let both = || walk_of(3, |place, step| step.together = (place < 2).then(|| "both".into()));
        assert_eq!(both().stage(), &WalkStage::Steps(0..2));
        let half = after(both(), &[began(0), began(1), ended(1, StepEnd::Failed)]);
        assert_eq!((half.stage(), half.waiting()), (&WalkStage::Steps(0..2), vec![0]), "the other runs to its end");
        let failed = after(half, &[ended(0, StepEnd::Done)]);
        assert_eq!((failed.stage(), failed.next_undo()), (&WalkStage::Undo, Some(0)));
        let killed = after(both(), &[began(0), began(1), ended(0, StepEnd::Done), resumed(false)]);
        assert_eq!((killed.waiting(), killed.unknown()), (vec![1], vec![1]), "the one that is done is not done again");
    }

    fn undone(step: u32, end: StepEnd) -> Event {
        Event::StepUndone(StepUndone { step, end, output: String::new() })
    }

    #[test]
    fn what_could_not_be_taken_back_is_tried_again_and_nobody_guesses_about_an_undo_that_timed_out() {
        let done = [began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Done), began(2), ended(2, StepEnd::Failed)];
        let failed = after(after(walk_of(3, |_, _| {}), &done), &[undone(1, StepEnd::Failed), undone(0, StepEnd::Done)]);
        assert_eq!((failed.stage(), failed.left()), (&WalkStage::Ended(WalkEnd::PartlyUndone), &[1][..]));
        let again = after(failed, &[resumed(true)]);
        assert_eq!((again.stage(), again.to_undo(), again.undo_unknown()), (&WalkStage::Undo, vec![1], vec![]));
        let over = after(again, &[undone(1, StepEnd::Done)]);
        assert_eq!((over.stage(), over.left()), (&WalkStage::Ended(WalkEnd::Undone), &[][..]));

        let late = after(after(walk_of(3, |_, _| {}), &done), &[undone(1, StepEnd::TimedOut), undone(0, StepEnd::TimedOut)]);
        let again = after(late, &[resumed(true)]);
        assert_eq!((again.to_undo(), again.undo_unknown()), (vec![1, 0], vec![1, 0]), "both may have been taken back");
    }

    #[test]
    fn a_step_that_failed_is_taken_back_where_it_says_so_and_what_reads_never_is() {
        let end = |change: fn(&mut Step), end: StepEnd| after(walk_of(1, |_, step| change(step)), &[began(0), ended(0, end)]);
        let plain = end(|_| {}, StepEnd::Failed);
        assert_eq!((plain.stage(), plain.to_undo(), plain.not_taken_back()), (&WalkStage::Ended(WalkEnd::Failed), vec![], vec![0]));
        let told = end(|step| step.undo_on_failure = true, StepEnd::Failed);
        assert_eq!((told.stage(), told.to_undo(), told.not_taken_back()), (&WalkStage::Undo, vec![0], vec![]));
        let reads = |step: &mut Step| step.action = Action::Pause(Duration::from_secs(1));
        let late = end(reads, StepEnd::TimedOut);
        assert_eq!((late.to_undo(), late.not_taken_back()), (vec![], vec![]));
        assert_eq!(after(late, &[resumed(true)]).to_undo(), [0; 0]);
        assert_eq!(end(reads, StepEnd::Done).to_undo(), [0], "what it says to do on the way back is done");
        let stopping = |step: &mut Step| {
            step.action = Action::Pause(Duration::from_secs(1));
            step.on_failure = OnFailure::Stop;
        };
        let again = after(end(stopping, StepEnd::TimedOut), &[resumed(false)]);
        assert_eq!((again.waiting(), again.unknown()), (vec![0], vec![]), "nobody is asked about it");
    }

    fn mended(state: &WalkState, change: impl Fn(&mut Vec<Step>)) -> Event {
        let mut runbook = state.runbook().clone();
        change(&mut runbook.steps);
        let plan = crate::model::ExecutionPlan {
            runbook,
            environment_name: None,
            environment: crate::model::Environment::default(),
            service_name: None,
            service: None,
            providers: BTreeMap::new(),
            credentials: BTreeMap::new(),
            stores: BTreeMap::new(),
            contacts: BTreeMap::new(),
            mail: None,
            sources: Vec::new(),
        };
        Event::Mended(Box::new(crate::history::Mended { plan, difference: String::new(), by: "me".into() }))
    }

    #[test]
    fn a_mended_runbook_goes_on_at_the_first_step_that_is_not_done() {
        let state = || {
            let state = walk_of(3, |place, step| step.on_failure = if place == 2 { OnFailure::Stop } else { OnFailure::Continue });
            let past = [began(0), ended(0, StepEnd::Done), began(1), ended(1, StepEnd::Failed), began(2), ended(2, StepEnd::Failed)];
            after(after(state, &past), &[resumed(false)])
        };
        let new = || Step::new("new", works(), Duration::from_secs(2));
        assert_eq!(state().failed(), [2]);
        let same = after(state(), &[mended(&state(), |_| {})]);
        assert_eq!((same.waiting(), same.failed(), same.to_undo()), (vec![2], vec![2], vec![0]));
        // A step is put in the middle: it comes first, and what was passed after it stays so.
        let longer = after(state(), &[mended(&state(), |steps| steps.insert(1, new()))]);
        assert_eq!((longer.waiting(), longer.to_undo(), longer.number(2)), (vec![1], vec![0], 1), "old values stay where they were");
        assert_eq!(after(longer.clone(), &[began(1), ended(1, StepEnd::Done)]).waiting(), [3]);
        assert_eq!(longer.number(1), 3, "and no two are kept in one place");
        // The one that had failed, and was passed, is another now: it is tried again.
        let passed = after(state(), &[mended(&state(), |steps| steps[1].retries = 5)]);
        assert_eq!(passed.waiting(), [1]);
        // The one that failed is mended: nobody is asked whether it comes again.
        let repaired = after(state(), &[mended(&state(), |steps| steps[2].retries = 5)]);
        assert_eq!((repaired.waiting(), repaired.failed()), (vec![2], vec![]));
        // In the middle of taking back, only how that is done changes.
        let back = after(after(walk_of(2, |_, _| {}), &[began(0), ended(0, StepEnd::Done)]), &[resumed(true)]);
        let first = after(back.clone(), &[mended(&back, |steps| steps.insert(0, new()))]);
        assert_eq!((first.stage(), first.to_undo()), (&WalkStage::Undo, vec![1]));
    }

    #[test]
    fn no_mended_runbook_forgets_what_was_done() {
        use crate::step::cannot_mend;
        let state = after(walk_of(3, |_, _| {}), &[began(0), ended(0, StepEnd::Done), began(1), resumed(false)]);
        let why = |change: &dyn Fn(&mut Vec<Step>)| {
            let Event::Mended(mended) = mended(&state, change) else { unreachable!() };
            cannot_mend(&state, &mended.plan.runbook).unwrap_or_default()
        };
        assert_eq!(why(&|steps| steps[2].name = "another".into()), "");
        assert!(
            why(&|steps| steps[0].name = "another".into()).contains("`s0` was done and can be undone, and the mended runbook has no step")
        );
        assert!(why(&|steps| steps[0].undo = None).contains("the mended one cannot be undone"));
        assert!(why(&|steps| drop(steps.remove(1))).contains("`s1` was started, and it is not known how it ended"));
    }
}
