//! What a runbook does: one file a kind of step, and the walk that puts them in order, tries again, and takes back.
//!
//! A step ends in one of three ways: it did what it should, it is known not to have, or its timeout came first and what it did is
//! unknown. Commands are lists of arguments, never a shell line; a variable's value stays one argument. What a step printed goes into the
//! history cut and with every known secret replaced.
//!
//! What this room does not do: decide when a runbook starts (`drill`), read files (`spec`), or ask on the terminal itself: a question is
//! handed to whoever owns the terminal.

mod command;
mod confirm;
mod http;
mod wait;
mod walk;

pub use confirm::{Attendance, Question};
pub use wait::detected;
pub use walk::{Walk, walk};

use crate::history::Live;
use crate::journal::Clock;
use crate::model::Action;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// The longest output that goes into a history, in characters.
const OUTPUT: usize = 2000;
/// Stands where a long output was cut.
const CUT: &str = "… the middle is left out …";

/// What steps need to know. Cheap enough to clone once a drill.
#[derive(Debug, Clone)]
pub struct Context {
    /// Values of `${…}`.
    pub variables: BTreeMap<String, String>,
    /// Values that no output may show, with what stands for each.
    pub secrets: Vec<(String, String)>,
    /// The drill's live view.
    pub live: watch::Receiver<Arc<Live>>,
    /// The drill's clock.
    pub clock: Clock,
    /// Who answers questions.
    pub attendance: Attendance,
    /// Where commands run: the project's root.
    pub folder: PathBuf,
    /// For probes and `http` steps.
    pub http: reqwest::Client,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It is known not to have done what it should.
    #[error("{0}")]
    Failed(String),
    /// A variable has no value here.
    #[error("`${{{name}}}` has no value in this environment")]
    Variable {
        /// Its name.
        name: String,
    },
}

/// A text with every secret replaced by what stands for it.
pub fn without_secrets(mut text: String, secrets: &[(String, String)]) -> String {
    let mut secrets: Vec<_> = secrets.iter().filter(|(secret, _)| !secret.is_empty()).collect();
    // One may be the beginning of another.
    secrets.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
    for (secret, stands_for) in secrets {
        text = text.replace(secret.as_str(), stands_for);
    }
    text
}

/// Does it once, without a timeout; dropping the future ends whatever it started. Returns what it saw or printed.
///
/// # Errors
/// See [`StepError`].
pub async fn perform(action: &Action, context: &Context) -> Result<String, StepError> {
    match action {
        Action::WaitUntil(condition) => wait::wait(condition, context).await,
        Action::Http(call) => http::call(call, context).await,
        Action::Run(command) => command::run(command, context).await,
        Action::Confirm { question } => confirm::ask(question, context).await,
        Action::Pause(length) => {
            tokio::time::sleep(length.std()).await;
            Ok(format!("waited {length}"))
        }
    }
}

impl Context {
    fn expand(&self, text: &str) -> Result<String, StepError> {
        crate::spec::expand(text, |name| self.variables.get(name).cloned()).map_err(|unknown| StepError::Variable { name: unknown.name })
    }

    /// Output as it may be kept: secrets replaced, and cut in the middle where it is long.
    fn presentable(&self, output: &str) -> String {
        let text = without_secrets(output.trim().to_owned(), &self.secrets);
        let count = text.chars().count();
        if count <= OUTPUT {
            return text;
        }
        let head: String = text.chars().take(OUTPUT / 2).collect();
        let tail: String = text.chars().skip(count - OUTPUT / 2).collect();
        format!("{head}\n{CUT}\n{tail}")
    }
}
