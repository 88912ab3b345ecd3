//! What people say to one run of a step: written down as they say it, so that after a crash only the rest is asked.

use super::attendance::{Attendance, PromptAnswer};
use super::board::{Board, Posting};
use super::error::StepError;
use super::question::{FAILED, Question, Said};
use crate::history::{Answered, Event, Ticked};
use crate::journal::Recorder;
use std::sync::{Arc, Mutex};

/// What was said to a step so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// In order.
    pub answers: Vec<Answered>,
    /// In order.
    pub ticks: Vec<Ticked>,
}

/// The conversation of one run of a step, over all its tries.
#[derive(Debug, Clone)]
pub struct Interview {
    step: u32,
    undo: bool,
    recorder: Recorder,
    heard: Arc<Mutex<Heard>>,
    /// Where it can be answered from elsewhere, once it was asked.
    posting: Arc<tokio::sync::Mutex<Option<Posting>>>,
}

impl Heard {
    /// A try begins: what refused the one before is over, and whoever said so is asked again.
    pub(super) fn begin(&mut self) {
        if self.answers.iter().any(|said| said.answer == "no" || said.answer == FAILED) {
            self.answers.clear();
        }
    }

    /// In one line.
    pub(super) fn told(&self) -> String {
        let ticks = self.ticks.iter().map(Ticked::to_string);
        ticks.chain(self.answers.iter().map(Answered::to_string)).collect::<Vec<_>>().join("; ")
    }
}

impl Interview {
    /// Of the step at this place, or of its undo, to which this was said before.
    pub fn new(step: u32, undo: bool, heard: Heard, recorder: Recorder) -> Self {
        Self { step, undo, recorder, heard: Arc::new(Mutex::new(heard)), posting: Arc::default() }
    }

    /// The step's place.
    pub const fn step(&self) -> u32 {
        self.step
    }

    /// A try of it begins.
    pub(super) fn begin(&self) {
        self.heard.lock().expect("nothing panics while it holds this").begin();
    }

    /// What was said so far.
    pub fn heard(&self) -> Heard {
        self.heard.lock().expect("nothing panics while it holds this").clone()
    }

    /// Puts the question to the terminal and to whoever may answer from elsewhere; `None` where there is neither.
    pub(super) async fn put(&self, question: Question, attendance: &Attendance, board: Option<&Board>) -> Option<PromptAnswer> {
        let Some(board) = board else { return attendance.put(question).await };
        let mut posting = self.posting.lock().await;
        let posting = match &mut *posting {
            Some(posting) => {
                posting.update(&question);
                posting
            }
            none => none.insert(board.post(&question)),
        };
        put_to_both(posting, question, board, attendance).await
    }

    /// Writes an answer down, and says so to whoever gave it. `text` and `comment` are what is kept of it.
    pub(super) async fn answered(&self, answer: PromptAnswer, text: String, comment: String) -> Result<(), StepError> {
        let PromptAnswer { said: _, speaker, comment: _, taken } = answer;
        let answered = Answered { step: self.step, undo: self.undo, answer: text, speaker, comment };
        self.recorder.record_durably(Event::Answered(answered.clone())).await.map_err(|error| StepError::failed(error.to_string()))?;
        self.told(answered.to_string()).await;
        self.heard.lock().expect("nothing panics while it holds this").answers.push(answered);
        taken.map(|taken| taken.send(Ok(())));
        Ok(())
    }

    /// Writes ticks down, each of them, and says so to whoever gave them.
    pub(super) async fn ticked(&self, answer: PromptAnswer, items: &[String], comment: &str) -> Result<(), StepError> {
        let PromptAnswer { said, speaker, comment: _, taken } = answer;
        let Said::Ticks(places) = said else { return Ok(()) };
        for item in places {
            let text = items.get(item as usize).cloned().unwrap_or_default();
            let ticked = Ticked { step: self.step, undo: self.undo, item, text, speaker: speaker.clone(), comment: comment.to_owned() };
            self.recorder.record_durably(Event::Ticked(ticked.clone())).await.map_err(|error| StepError::failed(error.to_string()))?;
            self.told(ticked.to_string()).await;
            self.heard.lock().expect("nothing panics while it holds this").ticks.push(ticked);
        }
        taken.map(|taken| taken.send(Ok(())));
        Ok(())
    }

    async fn told(&self, what: String) {
        if let Some(posting) = &mut *self.posting.lock().await {
            posting.told(what);
        }
    }
}

/// Puts a question that no step asks to the terminal and to whoever may answer from elsewhere; `None` where there is neither.
pub async fn put_aside(question: Question, attendance: &Attendance, board: Option<&Board>) -> Option<PromptAnswer> {
    let Some(board) = board else { return attendance.put(question).await };
    let mut posting = board.post(&question);
    let mut answer = put_to_both(&mut posting, question, board, attendance).await?;
    // Whoever asks writes it down at once, or says that it could not be.
    answer.taken.take().map(|taken| taken.send(Ok(())));
    Some(answer)
}

async fn put_to_both(posting: &mut Posting, question: Question, board: &Board, attendance: &Attendance) -> Option<PromptAnswer> {
    let links = posting.links(&question, board);
    tokio::select! {
        biased;
        answer = posting.next(&question) => Some(answer),
        // With nobody at the terminal, somebody elsewhere may still answer.
        Some(answer) = attendance.put_with(question.clone(), links) => Some(answer),
    }
}
