//! Where a walk stands: which steps come next, which were begun, what is to be taken back. Pure: it is told what happened, by the walk as
//! by a history that is read back, so that a walk which is resumed stands where the other was interrupted.

use super::interview::Heard;
use crate::history::{Event, StepFinished};
use crate::model::{Action, OnFailure, OnSuccess, Runbook, Step, StepEnd};
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
    /// How often each step's success led back.
    returns: BTreeMap<usize, u32>,
    /// Steps that were done (or whose outcome is unknown) and have an undo, in order.
    to_undo: Vec<usize>,
    /// The step whose undo was begun and has not ended.
    undoing: Option<usize>,
    values: BTreeMap<String, Secret>,
    /// What was said to steps of this turn, and to their undos (true).
    heard: BTreeMap<(usize, bool), Heard>,
    /// Those that could not be taken back, in the order in which they were done.
    left: Vec<usize>,
}

impl WalkState {
    /// Before the first step.
    pub fn new(runbook: Runbook) -> Self {
        let mut state = Self {
            runbook,
            stage: WalkStage::Undo,
            ended: BTreeMap::new(),
            open: BTreeMap::new(),
            unbegun: BTreeSet::new(),
            last: BTreeMap::new(),
            jumps: BTreeMap::new(),
            returns: BTreeMap::new(),
            to_undo: Vec::new(),
            undoing: None,
            values: BTreeMap::new(),
            heard: BTreeMap::new(),
            left: Vec::new(),
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

    /// The step whose undo was begun and of which it is not known how it ended.
    pub const fn undo_unknown(&self) -> Option<usize> {
        self.undoing
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

    /// What was said to a step that has not ended.
    pub fn heard(&self, place: usize) -> Heard {
        self.heard.get(&(place, false)).cloned().unwrap_or_default()
    }

    /// What was said to the undo of a step, which has not ended.
    pub fn heard_undoing(&self, place: usize) -> Heard {
        self.heard.get(&(place, true)).cloned().unwrap_or_default()
    }

    /// The step that stopped the walk because people were asked and too few answered.
    pub fn unanswered(&self) -> Option<&Step> {
        let place = self.ended.keys().copied().find(|place| self.is_unanswered(*place))?;
        self.runbook.steps.get(place).filter(|_| self.stage == WalkStage::Ended(WalkEnd::Stopped))
    }

    fn is_unanswered(&self, place: usize) -> bool {
        self.ended.get(&place) == Some(&StepEnd::TimedOut) && self.runbook.steps[place].action.asks_people()
    }

    /// Why outputs of steps have no value, by the outputs' names: what became of the step.
    pub fn lacking(&self) -> BTreeMap<String, String> {
        let steps = self.runbook.steps.iter().enumerate();
        let outputs = steps.filter_map(|(place, step)| Some((step.output.as_ref()?, step, self.last.get(&place))));
        let mut lacking = BTreeMap::new();
        for (output, step, end) in outputs.filter(|(output, ..)| !self.values.contains_key(*output)) {
            let became = match end {
                None if lacking.contains_key(output) => continue,
                None => "has not run",
                Some(StepEnd::Done) => {
                    "is done, and what it gave is secret: it stands in no history, and only the process that ran it knew it"
                }
                Some(StepEnd::Failed) => "failed",
                Some(StepEnd::TimedOut) => "was not done in time",
                Some(StepEnd::Cancelled) => "was stopped",
                Some(StepEnd::Skipped) => "was skipped",
            };
            lacking.insert(output.clone(), format!("the step {} {became}", step.name));
        }
        lacking
    }

    /// Keeps a step's output that is in no history, for it holds a secret.
    pub fn keep(&mut self, place: usize, value: Secret) {
        if let Some(name) = self.runbook.steps.get(place).and_then(|step| step.output.as_ref()) {
            self.values.insert(name.clone(), value);
        }
    }

    /// How many steps could not be taken back.
    pub const fn left(&self) -> usize {
        self.left.len()
    }

    /// The step that is taken back next.
    pub fn next_undo(&self) -> Option<usize> {
        self.to_undo.last().copied()
    }

    /// Ends a turn of taking back.
    pub fn taken_back(&mut self) {
        self.stage = WalkStage::Ended(WalkEnd::Undone);
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::StepStarted(step) => {
                self.open.insert(step.step as usize, step.attempt);
                self.heard.entry((step.step as usize, false)).or_default().begin();
            }
            Event::StepFinished(finished) => self.finished(finished),
            Event::UndoStarted(undo) => {
                self.stage = WalkStage::Undo;
                self.undoing = Some(undo.step as usize);
            }
            Event::StepUndone(undone) => {
                self.undone(undone.step as usize, undone.end);
            }
            Event::Resumed(resumed) => self.resumed(resumed.undo),
            Event::Answered(answered) => {
                self.heard.entry((answered.step as usize, answered.undo)).or_default().answers.push(answered.clone());
            }
            Event::Ticked(ticked) => self.heard.entry((ticked.step as usize, ticked.undo)).or_default().ticks.push(ticked.clone()),
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
        // A step of which any try timed out, or that was cancelled, may have done its work: its undo must be able to bear that.
        let nothing_done = finished.end == StepEnd::Skipped || finished.end == StepEnd::Failed && !finished.unsure;
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
        if end != StepEnd::Done {
            self.left.insert(0, place);
        }
        self.undoing = None;
        self.heard.remove(&(place, true));
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
            // What could not be taken back is tried again.
            self.to_undo.splice(0..0, std::mem::take(&mut self.left));
            // What is unknown may have been done.
            for step in std::mem::take(&mut self.open).into_keys() {
                if self.runbook.steps[step].undo.is_some() && !self.to_undo.contains(&step) {
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
                }
                Some(StepEnd::Cancelled | StepEnd::TimedOut) => {
                    self.ended.remove(&step);
                    if !self.unbegun.remove(&step) {
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
        let Some(failed) = failed else { return self.after_success(steps) };
        match &self.runbook.steps[failed].on_failure {
            OnFailure::Stop => WalkStage::Ended(WalkEnd::Failed),
            OnFailure::Goto { step, at_most } => {
                let jumps = self.jumps.entry(failed).or_default();
                let target = self.runbook.steps.iter().position(|other| other.name == *step);
                match target.filter(|_| *jumps < *at_most) {
                    Some(target) => {
                        *jumps += 1;
                        self.from(target)
                    }
                    None => self.back(failed),
                }
            }
            OnFailure::Undo | OnFailure::Continue => self.back(failed),
        }
    }

    /// What follows when none of a turn has failed.
    fn after_success(&mut self, steps: Range<usize>) -> WalkStage {
        let place = steps.start;
        let (is_alone, step) = (steps.len() == 1, &self.runbook.steps[place]);
        if !is_alone || self.ended.get(&place) != Some(&StepEnd::Done) {
            return self.from(steps.end);
        }
        if matches!(step.action, Action::StopHere(_)) {
            return WalkStage::Ended(WalkEnd::Done);
        }
        let Some(OnSuccess { step: target, at_most }) = &step.on_success else { return self.from(steps.end) };
        let Some(target) = self.runbook.steps.iter().position(|other| other.name == *target) else { return self.from(steps.end) };
        if target <= place {
            let returns = self.returns.entry(place).or_default();
            if *returns >= *at_most {
                return self.from(steps.end);
            }
            *returns += 1;
        }
        self.from(target)
    }

    /// What was done is taken back because a step failed. That nobody answered is no reason to: somebody may yet.
    fn back(&self, failed: usize) -> WalkStage {
        if self.is_unanswered(failed) {
            return WalkStage::Ended(WalkEnd::Stopped);
        }
        if self.to_undo.is_empty() { WalkStage::Ended(WalkEnd::Failed) } else { WalkStage::Undo }
    }

    /// The turn that begins with a step.
    fn from(&mut self, place: usize) -> WalkStage {
        self.ended.clear();
        self.heard.clear();
        if place < self.runbook.steps.len() { WalkStage::Steps(self.together(place)) } else { WalkStage::Ended(WalkEnd::Done) }
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
    use crate::history::{Answered, Speaker};
    use crate::history::{Resumed, StepStarted, StepUndone};
    use crate::model::{Action, Condition, Confirm, Goal, StartMode};
    use crate::units::Duration;

    fn walk_of(steps: usize, change: impl Fn(usize, &mut Step)) -> WalkState {
        let step = |place: usize| {
            let mut step = Step::new(format!("s{place}"), Action::Pause(Duration::from_secs(1)), Duration::from_secs(2));
            step.undo = Some(Action::Pause(Duration::from_secs(1)));
            change(place, &mut step);
            step
        };
        WalkState::new(Runbook {
            name: "r".into(),
            owner: None,
            reviewed: None,
            start: StartMode::ByHand,
            detect: Condition::of(Goal::Fails(3)),
            reaction: None,
            severity: None,
            roles: std::collections::BTreeMap::new(),
            escalate: Vec::new(),
            updates: Vec::new(),
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
    fn a_success_leads_on_and_back_so_often_and_an_end_is_the_end() {
        let to = |step: &str, at_most| Some(OnSuccess { step: step.into(), at_most });
        let done = |state, step| after(state, &[began(step), ended(step, StepEnd::Done)]);
        let on = walk_of(4, |place, step| step.on_success = (place == 0).then(|| to("s2", 1)).flatten());
        assert_eq!(done(on.clone(), 0).stage(), &WalkStage::Steps(2..3));
        let skipped = after(on, &[ended(0, StepEnd::Skipped)]);
        assert_eq!(skipped.stage(), &WalkStage::Steps(1..2), "what was skipped was no success");
        let mut state = walk_of(2, |place, step| step.on_success = (place == 1).then(|| to("s0", 2)).flatten());
        for _ in 0..2 {
            state = done(done(state, 0), 1);
            assert_eq!(state.stage(), &WalkStage::Steps(0..1));
        }
        assert_eq!(done(done(state, 0), 1).stage(), &WalkStage::Ended(WalkEnd::Done), "only so often");
        let end = crate::model::StopHere { end: crate::model::WalkResult::Well, message: None };
        let stops = walk_of(3, |place, step| {
            if place == 1 {
                step.action = Action::StopHere(end.clone());
            }
        });
        assert_eq!(done(done(stops.clone(), 0), 1).stage(), &WalkStage::Ended(WalkEnd::Done), "the third is never begun");
        assert_eq!(after(done(stops.clone(), 0), &[ended(1, StepEnd::Skipped)]).stage(), &WalkStage::Steps(2..3));
        let failed = after(done(stops, 0), &[began(1), ended(1, StepEnd::Failed)]);
        assert_eq!((failed.stage(), failed.next_undo()), (&WalkStage::Undo, Some(0)), "as a failure of any other step");
    }

    #[test]
    fn a_question_that_nobody_answers_takes_nothing_back_and_is_asked_again_with_what_was_said() {
        let asking = || {
            walk_of(3, |place, step| {
                if place == 1 {
                    step.action = Action::Confirm(Confirm { question: "Go on?".into(), needed: 2, ..Confirm::default() });
                }
            })
        };
        let speaker = Speaker::typed(Some("alice".into()), "op".into());
        let yes = Answered { step: 1, undo: false, answer: "yes".into(), speaker, comment: String::new() };
        let answered = || Event::Answered(yes.clone());
        let silent = after(asking(), &[began(0), ended(0, StepEnd::Done), began(1), answered(), ended(1, StepEnd::TimedOut)]);
        assert_eq!(silent.stage(), &WalkStage::Ended(WalkEnd::Stopped));
        assert_eq!(silent.unanswered().map(|step| step.name.as_str()), Some("s1"));
        let again = after(silent, &[resumed(false)]);
        assert_eq!((again.stage(), again.heard(1).answers), (&WalkStage::Steps(1..2), vec![yes.clone()]));
        let killed = after(asking(), &[began(0), ended(0, StepEnd::Done), began(1), answered(), resumed(false)]);
        assert_eq!(killed.heard(1).answers, [yes.clone()], "one is left to ask");
        let refused = Event::Answered(Answered { answer: "no".into(), ..yes.clone() });
        let refused = after(asking(), &[began(0), ended(0, StepEnd::Done), began(1), refused, ended(1, StepEnd::Failed)]);
        assert_eq!(refused.stage(), &WalkStage::Undo, "who says no means it");
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
}
