//! A drill that this process runs or ran: what is known of it, its questions, and its end.

use super::drill_curve::DrillCurve;
use crate::exercise::FinishedDrill;
use crate::history::{Live, Speaker};
use crate::model::DrillPlan;
use crate::step::{AnswerRefusal, Board, OpenQuestion, Said};
use chrono::{DateTime, Utc};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// How a drill of this process ended.
#[derive(Debug)]
pub struct EndedDrill {
    /// Its verdict and where everything is; else why there is none, in words.
    pub finished: Result<FinishedDrill, String>,
    /// When it had been judged.
    pub at: DateTime<Utc>,
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
    /// When it began.
    pub since: DateTime<Utc>,
    /// Who began it, where that is known.
    pub by: Option<String>,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Whether somebody answers its questions; else they are answered with yes.
    pub attended: bool,
    /// What is known of it so far.
    pub live: watch::Receiver<Arc<Live>>,
    /// Becomes `Some` once it has ended and was judged.
    pub ended: watch::Receiver<Option<Arc<EndedDrill>>>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) board: Board,
    pub(super) curve: Arc<Mutex<DrillCurve>>,
}

impl RunningDrill {
    /// Stops it: every fault is healed, then it ends.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether somebody has stopped it here.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// The questions that are open, each with an identifier of its own.
    pub fn questions(&self) -> Vec<OpenQuestion> {
        self.board.open()
    }

    /// Hands in an answer to one of them, and waits until it is written down. Who the speaker is was verified before.
    ///
    /// # Errors
    /// Where it does not count, because somebody was faster, or it is none of the answers that are allowed.
    pub async fn answer(&self, id: &str, said: Said, speaker: Speaker, comment: String) -> Result<(), AnswerRefusal> {
        self.board.answer(id, said, speaker, comment).await
    }

    /// Its requests over time, up to now.
    pub fn curve(&self) -> DrillCurve {
        let now = Arc::clone(&self.live.borrow());
        let mut curve = self.curve.lock().unwrap_or_else(PoisonError::into_inner);
        curve.take(&now);
        curve.clone()
    }

    /// How it ended, where it has.
    pub fn end(&self) -> Option<Arc<EndedDrill>> {
        self.ended.borrow().clone()
    }

    /// Waits until it has ended and was judged.
    pub async fn ended(&self) -> Option<Arc<EndedDrill>> {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok()?.clone()
    }
}
