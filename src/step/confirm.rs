//! `confirm`: a person says yes.

use super::{Context, StepError};
use tokio::sync::{mpsc, oneshot};

/// Who answers questions.
#[derive(Debug, Clone)]
pub enum Attendance {
    /// Nobody is there; every question was answered with yes beforehand (`--yes`).
    Unattended,
    /// A person at a terminal, reached over this queue.
    Attended(mpsc::Sender<Question>),
}

/// A question on its way to a person.
#[derive(Debug)]
pub struct Question {
    /// The question.
    pub text: String,
    /// True for yes.
    pub answer: oneshot::Sender<bool>,
}

pub(super) async fn ask(question: &str, context: &Context) -> Result<String, StepError> {
    let text = context.expand(question)?;
    match &context.attendance {
        Attendance::Unattended => Ok(format!("{text} yes, by --yes: nobody was asked")),
        Attendance::Attended(queue) => {
            let (answer, answered) = oneshot::channel();
            let nobody = || StepError::Failed("nobody is at the terminal".into());
            queue.send(Question { text: text.clone(), answer }).await.map_err(|_| nobody())?;
            if answered.await.map_err(|_| nobody())? { Ok(format!("{text} yes")) } else { Err(StepError::Failed(format!("{text} no"))) }
        }
    }
}
