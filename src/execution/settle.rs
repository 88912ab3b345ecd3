//! What becomes of steps that have failed, or of which it is not known how they ended: as was ordered, or as whoever is there says.
//!
//! What nobody knows is never done again by itself, unless the step says that this does no harm. What is known to have failed is.

use super::folder::ExecutionError;
use crate::history::{Event, Settlement, StepFinished, StepSettled, StepUndone};
use crate::host;
use crate::journal::Recorder;
use crate::model::{Repeat, Step, StepEnd};
use crate::step::{Attendance, Context, Question, WalkStage, WalkState, put_aside};
use std::collections::BTreeSet;
use tokio::sync::watch;

/// What a person ordered beforehand for a step that failed, or of which it is not known how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOrder {
    /// Its name, or its number from 1.
    pub step: String,
    /// What becomes of it.
    pub becomes: Settlement,
    /// Who says so; `None` for the user of this process.
    pub by: Option<String>,
    /// What is to be known besides.
    pub note: String,
}

impl StepOrder {
    fn is_for(&self, place: usize, step: &Step) -> bool {
        self.step == step.name || self.step.parse() == Ok(place + 1)
    }
}

/// An order for a step of which nothing is to be said is a mistake.
pub(super) fn orders_fit(orders: &[StepOrder], state: &WalkState) -> Result<(), ExecutionError> {
    let open = open(state);
    let steps = &state.runbook().steps;
    let wrong = orders.iter().find(|order| !open.iter().any(|place| order.is_for(*place, &steps[*place])));
    match wrong {
        Some(order) => {
            Err(ExecutionError::NotOpen { step: order.step.clone(), open: open.iter().map(|place| steps[*place].name.clone()).collect() })
        }
        None => Ok(()),
    }
}

/// Steps of which something may be said.
fn open(state: &WalkState) -> Vec<usize> {
    match state.stage() {
        WalkStage::Undo => state.to_undo(),
        _ => state.unknown().into_iter().chain(state.failed()).collect::<BTreeSet<usize>>().into_iter().collect(),
    }
}

/// The reason why a walk does not go on.
pub(super) enum Unsettled {
    /// Nobody could be asked about this, or a person wants to leave it so.
    Unanswered(String),
    /// It was stopped, or the history cannot be written.
    Stopped,
}

/// What was said of a step, by whom, and what was said besides.
struct Settled {
    becomes: Settlement,
    by: String,
    note: String,
}

/// Where answers come from, and where they are written down.
pub(super) struct Settling<'a> {
    pub(super) context: &'a Context,
    pub(super) recorder: &'a Recorder,
    pub(super) orders: &'a [StepOrder],
    pub(super) stop: watch::Receiver<bool>,
}

impl Settling<'_> {
    /// Finds out what becomes of each step that has failed or of which it is not known how it ended.
    pub(super) async fn settle(&mut self, state: &mut WalkState) -> Result<(), Unsettled> {
        let is_undo = matches!(state.stage(), WalkStage::Undo);
        for place in open(state) {
            let step = state.runbook().steps[place].clone();
            let said = match self.ordered(place, &step) {
                Some(said) => Some(said),
                None if is_undo => self.of_undo(place, &step, state).await?,
                None => self.of_step(place, &step, state).await?,
            };
            if let Some(said) = said {
                self.record(place, said, is_undo, state).await.ok_or(Unsettled::Stopped)?;
            }
        }
        Ok(())
    }

    fn ordered(&self, place: usize, step: &Step) -> Option<Settled> {
        let order = self.orders.iter().find(|order| order.is_for(place, step))?;
        let by = order.by.as_ref().map(|by| format!("{by} (as typed by the user {}; not verified)", host::user()));
        Some(Settled { becomes: order.becomes, by: by.unwrap_or_else(host::user), note: self.context.presentable(&order.note) })
    }

    async fn of_step(&mut self, place: usize, step: &Step, state: &WalkState) -> Result<Option<Settled>, Unsettled> {
        let number = place + 1;
        if state.unknown().contains(&place) {
            if step.repeat == Repeat::Safe {
                return Ok(None);
            }
            let question =
                format!("Step {number}, {}, was started, and it is not known how it ended. Repeat it, is it done, or skip it?", step.name);
            let answer = self.asked(question, &["repeat", "done", "skip", "stop"]).await?;
            return answer.map(Some).ok_or_else(|| Unsettled::Unanswered(step.name.clone()));
        }
        let question = format!("Step {number}, {}, failed: repeat, done, or skip?", step.name);
        // Where nobody is there, it is done again: nothing came of it before.
        self.asked(question, &["repeat", "done", "skip", "stop"]).await.map_err(|_| Unsettled::Stopped)
    }

    async fn of_undo(&mut self, place: usize, step: &Step, state: &WalkState) -> Result<Option<Settled>, Unsettled> {
        if step.may_undo_twice() || !state.undo_unknown().contains(&place) {
            return Ok(None);
        }
        let question = format!(
            "Undoing step {}, {}, was started, and it is not known how that ended. Repeat it, or is it done?",
            place + 1,
            step.name
        );
        let answer = self.asked(question, &["repeat", "done", "stop"]).await?;
        answer.map(Some).ok_or_else(|| Unsettled::Unanswered(format!("undoing {}", step.name)))
    }

    /// `None` where nobody is there, and an error where whoever is there wants to stop.
    async fn asked(&mut self, question: String, answers: &[&str]) -> Result<Option<Settled>, Unsettled> {
        if matches!(self.context.attendance, Attendance::Unattended) {
            return Ok(None);
        }
        let left = Unsettled::Unanswered(question.split(", ").nth(1).unwrap_or_default().to_owned());
        let answer = tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => return Err(Unsettled::Stopped),
            answer = put_aside(Question::of_words(question, answers), &self.context.attendance, self.context.board.as_ref()) => answer,
        };
        let Some(answer) = answer else { return Ok(None) };
        let told = answer.speaker.to_string();
        let by = told.strip_prefix("says ").or_else(|| told.strip_prefix("by ")).map_or_else(host::user, str::to_owned);
        match Settlement::from_word(answer.word()) {
            Some(becomes) => Ok(Some(Settled { becomes, by, note: self.context.presentable(&answer.comment) })),
            None => Err(left),
        }
    }

    /// Writes it down, and what follows from it. `None` where that cannot be written.
    async fn record(&self, place: usize, said: Settled, undo: bool, state: &mut WalkState) -> Option<()> {
        let Settled { becomes, by, note } = said;
        let step = u32::try_from(place).unwrap_or(u32::MAX);
        let note_of = if note.is_empty() { String::new() } else { format!(": {note}") };
        let output = match becomes {
            Settlement::Repeat => String::new(),
            Settlement::Done => format!("done by hand, says {by}{note_of}"),
            Settlement::Skip => format!("left out, says {by}{note_of}"),
        };
        let settled = Event::StepSettled(StepSettled { step, becomes, undo, by, note });
        self.recorder.record_durably(settled).await.ok()?;
        let end = match becomes {
            Settlement::Repeat => return Some(()),
            Settlement::Done => StepEnd::Done,
            Settlement::Skip => StepEnd::Skipped,
        };
        // One whose end nobody knows may have done its work: leaving it out does not undo that.
        let unsure = becomes == Settlement::Skip && state.unknown().contains(&place);
        let follows = if undo {
            Event::StepUndone(StepUndone { step, end, output })
        } else {
            Event::StepFinished(StepFinished { step, end, output, unsure, value: None })
        };
        self.recorder.record_durably(follows.clone()).await.ok()?;
        state.apply(&follows);
        Some(())
    }
}
