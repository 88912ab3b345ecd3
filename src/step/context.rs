//! What steps need to know: variables, secrets, who answers questions, where commands run.

use super::attendance::{Attendance, StandIn};
use super::before::Before;
use super::board::{Board, LinkPurpose};
use super::directory::Directory;
use super::error::StepError;
use super::interview::Interview;
use super::keyring::Keyring;
use super::select;
use super::variables::Variables;
use crate::history::Live;
use crate::journal::Clock;
use crate::model::SecretStore;
use crate::process::CUT;
use crate::redact::Redactor;
use crate::units::{Secret, Seed};
use std::collections::BTreeMap;
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
    /// Where questions are answered from elsewhere; `None` where nobody listens.
    pub board: Option<Board>,
    /// What is said to the step that runs; `None` outside a walk.
    pub interview: Option<Interview>,
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

impl Context {
    /// A text with the values of its variables.
    ///
    /// # Errors
    /// Where one has none.
    pub fn expand(&self, text: &str) -> Result<String, StepError> {
        crate::units::expand(text, |name| self.value(name)).map_err(|unknown| StepError::Variable { name: unknown.name })
    }

    fn value(&self, name: &str) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.to_owned());
        }
        if let Some(contact) = name.strip_prefix("answer_url.") {
            let link = self.board.as_ref().and_then(|board| board.link(Some(contact), LinkPurpose::Answer(None)).ok());
            return Some(link.unwrap_or_else(|| "(no link, because nobody listens; see --listen)".to_owned()));
        }
        if let Some(credential) = name.strip_prefix("new_key.") {
            return self.keyring.new_key(credential).map(|key| key.expose().to_owned());
        }
        let (output, path) = name.strip_prefix("steps.")?.split_once(".json.")?;
        select::select(self.variables.get(&format!("steps.{output}"))?, path)
    }

    /// What is said to the step that runs.
    ///
    /// # Errors
    /// Where no step does.
    pub(super) fn interview(&self) -> Result<Interview, StepError> {
        self.interview.clone().ok_or_else(|| StepError::failed("nobody can be asked here"))
    }

    /// The same for the step that people talk to with `interview`.
    #[must_use]
    pub(super) fn heard_by(self, interview: Interview) -> Self {
        Self { interview: Some(interview), ..self }
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

/// True for a variable that gets its value while the runbook is walked: from an earlier step's output, from the one that minted a key, or
/// where it is used.
pub fn comes_from_a_step(name: &str) -> bool {
    ["steps.", "new_key.", "answer_url."].iter().any(|prefix| name.starts_with(prefix))
}
