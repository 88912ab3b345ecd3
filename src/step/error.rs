//! Why a step was not done.

use crate::process::ProcessError;
use crate::secret::SecretError;
use crate::units::{Explained, Problem};
use std::borrow::Cow;

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It is known not to have done what it should.
    #[error("{0}")]
    Failed(Problem),
    /// It is known to have failed, and what it did is still there.
    #[error("{0}")]
    Left(Problem),
    /// It is for a person to do, who is told so here: nothing was done.
    #[error("{0}")]
    ByHand(String),
    /// A variable has no value here.
    #[error("`${{{name}}}` has no value{}", why.as_ref().map_or_else(|| " in this environment".to_owned(), |why| format!(": {why}")))]
    Variable {
        /// Its name.
        name: String,
        /// Why not, where that is known.
        why: Option<String>,
    },
}

impl StepError {
    /// A failure that nothing can be advised on.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Problem::new(message))
    }
}

impl Explained for StepError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Failed(problem) | Self::Left(problem) => problem.hint.as_deref().map(Cow::Borrowed),
            Self::ByHand(_) | Self::Variable { .. } => None,
        }
    }
}

impl From<Problem> for StepError {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

impl From<SecretError> for StepError {
    fn from(error: SecretError) -> Self {
        Self::Failed(problem_of(&error))
    }
}

impl From<ProcessError> for StepError {
    fn from(error: ProcessError) -> Self {
        Self::failed(error.to_string())
    }
}

/// The message and the hint of another room's error.
pub(super) fn problem_of(error: &impl Explained) -> Problem {
    let problem = Problem::new(error.to_string());
    match error.hint() {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
