//! What a runbook does: one file a kind of step, and the walk that puts them in order, tries again, and takes back.
//!
//! A step ends in one of three ways: it did what it should, it is known not to have, or its timeout came first and what it did is
//! unknown. Commands are lists of arguments, never a shell line; a variable's value stays one argument. What a step printed goes into the
//! history cut and with every known secret replaced.
//!
//! What this room does not do: decide when a runbook starts (`drill`), read files (`project`), or ask on the terminal itself: a question is
//! handed to whoever owns the terminal.

mod backend;
mod before;
mod canary;
mod command;
mod confirm;
mod contact;
mod error;
mod http;
mod keyring;
mod last_seen;
mod mail;
mod notify;
mod rotating;
mod rotation;
mod select;
mod switch;
mod variables;
mod wait;
mod walk;
mod walk_state;

pub use backend::declared;
pub use before::{Before, Changed, Notes};
pub use confirm::{Attendance, Prompt, PromptAnswer, StandIn};
pub use contact::{ContactOutcome, Directory, Message, tell, way_to};
pub use error::StepError;
pub use http::client;
pub use keyring::Keyring;
pub use notify::destination;
pub use rotating::CredentialBackend;
pub use rotation::can_rotate;
pub use switch::can_switch;
pub use variables::{Value, Variables};
pub use wait::{answers, detected};
pub use walk::{undo, walk};
pub use walk_state::{WalkEnd, WalkStage, WalkState};

use crate::history::Live;
use crate::journal::Clock;
use crate::model::{Action, SecretStore};
use crate::process::CUT;
use crate::redact::Redactor;
use crate::units::{Secret, Seed};
use last_seen::LastSeen;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// The longest output that goes into a history, in characters.
const OUTPUT: usize = 2000;

/// What steps need to know. Cheap enough to clone once a drill.
#[derive(Debug, Clone)]
pub struct Context {
    /// Values of `${…}`.
    pub variables: Variables,
    /// Knows what no output may show.
    pub redactor: Redactor,
    /// The drill's live view.
    pub live: watch::Receiver<Arc<Live>>,
    /// The drill's clock.
    pub clock: Clock,
    /// Who answers questions.
    pub attendance: Attendance,
    /// Who stands in for people, in a drill that has none; `None` where it is for real, or somebody is there.
    pub stand_in: Option<StandIn>,
    /// Who can be told something, and how.
    pub directory: Arc<Directory>,
    /// Where commands run: the project's root.
    pub folder: PathBuf,
    /// For probes and `http` steps.
    pub http: reqwest::Client,
    /// Where jitter comes from.
    pub seed: Seed,
    /// The binary whose command `keep` ends what it started when this process is gone; `None` starts programs without it.
    pub supervisor: Option<PathBuf>,
    /// Where the old values of what is changed are kept.
    pub before: Before,
    /// The credentials that may be rotated.
    pub keyring: Keyring,
    /// The inventory's stores, whose clusters a `switch` may change something in.
    pub stores: Arc<BTreeMap<String, SecretStore>>,
}

/// What a step saw or printed, as it was: nothing of it may be kept or shown before it was made [`presentable`](Context::presentable).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// For people.
    pub shown: String,
    /// For later steps: the program's stdout, or the answer's body, or the answer of a person.
    pub value: Secret,
}

impl Output {
    /// The same for people and for later steps.
    pub fn of(text: impl Into<String>) -> Self {
        let shown = text.into();
        Self { value: shown.as_str().into(), shown }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({} bytes, {} for later steps)", self.shown.len(), self.value.expose().len())
    }
}

/// True for a variable that gets its value while the runbook is walked: from an earlier step's output, or from the one that minted a key.
pub fn comes_from_a_step(name: &str) -> bool {
    name.starts_with("steps.") || name.starts_with("new_key.")
}

/// Does it once, without a timeout; dropping the future ends whatever it started. Returns what it saw or printed.
///
/// # Errors
/// See [`StepError`].
pub async fn perform(action: &Action, place: usize, context: &Context) -> Result<Output, StepError> {
    perform_watched(action, place, context, &LastSeen::default()).await
}

/// The same, and `last` has what was seen last where it is ended before it is over.
async fn perform_watched(action: &Action, place: usize, context: &Context, last: &LastSeen) -> Result<Output, StepError> {
    match action {
        Action::WaitUntil(condition) => wait::wait(condition, context, last).await.map(Output::of),
        Action::Http(call) => http::call(call, context).await,
        Action::Run(command) => command::run(command, context, last).await,
        Action::Confirm(confirm) => confirm::ask(confirm, context).await,
        Action::Switch(step) => switch::switch(step, place, context).await,
        Action::SwitchBack(step) => switch::back(step, place, context).await,
        Action::Notify(message) => notify::notify(message, context).await,
        Action::Canary(step) => canary::canary(step, place, context).await,
        Action::Rotate(part) => rotation::rotate(part, context).await,
        Action::Pause(length) => {
            tokio::time::sleep(length.std()).await;
            Ok(Output::of(format!("waited {length}")))
        }
    }
}

impl Context {
    /// A text with the values of its variables.
    ///
    /// # Errors
    /// Where one has none.
    pub fn expand(&self, text: &str) -> Result<String, StepError> {
        crate::project::expand(text, |name| self.value(name)).map_err(|unknown| StepError::Variable { name: unknown.name })
    }

    fn value(&self, name: &str) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.to_owned());
        }
        if let Some(credential) = name.strip_prefix("new_key.") {
            return self.keyring.new_key(credential).map(|key| key.expose().to_owned());
        }
        let (output, path) = name.strip_prefix("steps.")?.split_once(".json.")?;
        select::select(self.variables.get(&format!("steps.{output}"))?, path)
    }

    /// The same with the outputs of steps as variables.
    #[must_use]
    pub fn knowing(&self, values: &BTreeMap<String, Secret>) -> Self {
        let mut context = self.clone();
        for (name, value) in values {
            context.variables.set(format!("steps.{name}"), value.clone());
        }
        context
    }

    /// Output as it may be kept: secrets replaced, and cut in the middle where it is long.
    pub fn presentable(&self, output: &str) -> String {
        let text = self.redactor.redact(output.trim());
        let count = text.chars().count();
        if count <= OUTPUT {
            return text;
        }
        let head: String = text.chars().take(OUTPUT / 2).collect();
        let tail: String = text.chars().skip(count - OUTPUT / 2).collect();
        format!("{head}\n{CUT}\n{tail}")
    }
}
