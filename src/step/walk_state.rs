//! Where a walk stands: which steps come next, which were begun, what is to be taken back. Pure: it is told what happened, by the walk as
//! by a history that is read back, so that a walk which is resumed stands where the other was interrupted.

mod mending;
#[cfg(test)]
mod tests;

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
    /// How often each step's success led back.
    returns: BTreeMap<usize, u32>,
    /// Steps that were done (or whose outcome is unknown) and have an undo, in order.
    to_undo: Vec<usize>,
    /// Those whose undo was begun and of which it is not known how that ended.
    undo_unknown: BTreeSet<usize>,
    values: BTreeMap<String, Secret>,
    /// What was said to steps of this turn, and to their undos (true).
    heard: BTreeMap<(usize, bool), Heard>,
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
            returns: BTreeMap::new(),
            to_undo: Vec::new(),
            undo_unknown: BTreeSet::new(),
            values: BTreeMap::new(),
            heard: BTreeMap::new(),
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
                self.heard.entry((step.step as usize, false)).or_default().begin();
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
        let Some(failed) = failed else { return self.after_success(steps) };
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
            self.passed.retain(|step| *step < target);
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

    /// The turn that begins with a step, or with the first after it that was not passed before.
    fn from(&mut self, mut place: usize) -> WalkStage {
        self.ended.clear();
        self.heard.clear();
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
