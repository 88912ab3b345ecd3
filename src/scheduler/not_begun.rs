//! Why a drill did not begin, and what to do about it.

use crate::exercise::{Consent, ExerciseError};
use crate::permission::ApprovalProblem;
use crate::permission::trust::{TRUSTED, TrustError};
use crate::project::{Findings, ProjectError};
use crate::units::{Explained, Problem};
use std::borrow::Cow;

/// Why a drill did not begin.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// There is no project around the scenario.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// Its files are not valid.
    #[error("{}", first(findings))]
    Invalid {
        /// What is wrong.
        findings: Box<Findings>,
    },
    /// It could cost more than its environment allows.
    #[error(transparent)]
    Unaffordable(Problem),
    /// It starts commands on this host that nobody agreed to.
    #[error("this drill starts commands on this host that nobody has trusted: {}", commands.join(", "))]
    Untrusted {
        /// As one would type them.
        commands: Vec<String>,
    },
    /// What is trusted cannot be told.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Something that somebody must agree to beforehand.
    #[error("{}", unagreed(*consent))]
    Unagreed {
        /// What.
        consent: Consent,
    },
    /// An approval is none of it.
    #[error(transparent)]
    Approval(#[from] ApprovalProblem),
    /// It may not begin now, or could not.
    #[error(transparent)]
    Exercise(#[from] ExerciseError),
    /// This process is about to end, or the drill was stopped before it had begun.
    #[error("lifeboat is about to stop, and begins no drill any more")]
    Stopping,
    /// The task that was to run it has ended without a word.
    #[error("the task that was to run this drill has ended by a fault of Lifeboat's own")]
    Broken,
}

fn first(findings: &Findings) -> String {
    findings.into_iter().next().map_or_else(|| "the files are not valid".to_owned(), ToString::to_string)
}

const fn unagreed(consent: Consent) -> &'static str {
    match consent {
        Consent::Presence => "the runbook of this drill asks people, and nobody said that they will be there",
        Consent::Spending => "this drill uses real providers, which will send a bill, and nobody agreed to that",
        Consent::Writing => "this drill writes keys into stores of the inventory, and nobody agreed to that",
    }
}

impl Explained for NotBegun {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Invalid { .. } => Some("`lifeboat check` tells all of it".into()),
            Self::Unaffordable(problem) => problem.hint(),
            Self::Untrusted { .. } => Some(
                format!(
                    "see that they do what you want, then type `lifeboat trust` in the project as the user who runs this; where every project is \
                     trusted, set {TRUSTED}=1"
                )
                .into(),
            ),
            Self::Trust(error) => error.hint(),
            Self::Unagreed { .. } => Some("see what it may cost and write on the page that begins drills, and agree there".into()),
            Self::Approval(problem) => problem.hint(),
            Self::Exercise(error) => error.hint(),
            Self::Broken => Some("its log says more; `lifeboat heal` shows whether a fault was left".into()),
            Self::Project(_) | Self::Stopping => None,
        }
    }
}
