//! What steps need to know: variables, secrets, who answers questions, where commands run.

use super::attendance::{Attendance, StandIn};
use super::before::Before;
use super::board::{Board, LinkPurpose};
use super::directory::Directory;
use super::error::StepError;
use super::interview::Interview;
use super::keyring::Keyring;
use super::outbox::Outbox;
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
    /// What leaves this host: the names of messages, and what they left open elsewhere.
    pub outbox: Outbox,
    /// The inventory's stores, whose clusters a `switch` may change something in.
    pub stores: Arc<BTreeMap<String, SecretStore>>,
    /// Why outputs of steps have no value, by the outputs' names.
    pub lacking: BTreeMap<String, String>,
}

impl Context {
    /// A text with the values of its variables.
    ///
    /// # Errors
    /// Where one has none.
    pub fn expand(&self, text: &str) -> Result<String, StepError> {
        crate::units::expand(text, |name| self.value(name)).map_err(|unknown| {
            let why = self.why_not(&unknown.name);
            StepError::Variable { name: unknown.name, why }
        })
    }

    /// Why a variable that a step gives has no value.
    fn why_not(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix("steps.")?;
        let (output, path) = name.split_once(".json.").map_or((name, None), |(output, path)| (output, Some(path)));
        match (self.variables.get(&format!("steps.{output}")), path) {
            (Some(text), Some(_)) if text.contains(CUT) => Some(format!(
                "the output of {output} was cut, for it was longer than what is kept: 128 KiB of a program, 1 MiB of an answer"
            )),
            (Some(text), Some(path)) if select::is_json(text) => Some(format!("the output of {output} has nothing at `{path}`")),
            (Some(_), Some(_)) => Some(format!("the output of {output} is not JSON")),
            _ => self.lacking.get(output).cloned(),
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.to_owned());
        }
        let linked = [("answer_url.", LinkPurpose::Answer(None)), ("acknowledge_url.", LinkPurpose::Acknowledge)];
        let linked = linked.into_iter().find_map(|(prefix, purpose)| Some((name.strip_prefix(prefix)?, purpose)));
        if let Some((contact, purpose)) = linked {
            let link = self.board.as_ref().and_then(|board| board.link(Some(contact), purpose).ok());
            return Some(link.unwrap_or_else(|| "(no link, because nobody listens; see --listen)".to_owned()));
        }
        if let Some(credential) = name.strip_prefix("new_key.") {
            return self.keyring.new_key(credential).map(|key| key.expose().to_owned());
        }
        if let Some(value) = self.of_now(name) {
            return Some(value);
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

    /// What changes while the runbook is walked.
    fn of_now(&self, name: &str) -> Option<String> {
        match name {
            "since" => {
                let seconds = self.clock.now() / 1_000_000_000;
                // Of what takes minutes nobody counts the seconds.
                let told = if seconds < 60 { seconds } else { seconds / 60 * 60 };
                Some(crate::units::Duration::from_secs(told).to_string())
            }
            "step" => self.live.borrow().step.as_ref().map(|step| step.name.clone()),
            "updates.last" => self.outbox.last_update(),
            _ => None,
        }
    }

    /// A text for a message that no step sends: what is not known yet is said to be so.
    ///
    /// # Errors
    /// Where a variable has no value that could still come.
    pub fn expand_so_far(&self, text: &str) -> Result<String, StepError> {
        let known = self.knowing(&self.outbox.outputs());
        let value = |name: &str| known.value(name).or_else(|| comes_from_a_step(name).then(|| "(not known yet)".to_owned()));
        crate::units::expand(text, value).map_err(|unknown| StepError::Variable { name: unknown.name, why: None })
    }

    /// The same, knowing why outputs of steps have no value.
    #[must_use]
    pub fn lacking(mut self, lacking: BTreeMap<String, String>) -> Self {
        self.lacking = lacking;
        self
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

/// True for a variable that gets its value while the runbook is walked: from an earlier step's output, from the one that minted a key, from where
/// the walk stands, or where it is used.
pub fn comes_from_a_step(name: &str) -> bool {
    ["steps.", "new_key.", "answer_url.", "acknowledge_url."].iter().any(|prefix| name.starts_with(prefix))
        || matches!(name, "since" | "step" | "updates.last")
}
