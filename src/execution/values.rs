//! What variables stand for outside a drill, and which of a runbook's have no value here.

use super::roles::{NOT_NAMED, holder};
use crate::journal::Recorder;
use crate::model::{Action, ExecutionPlan, NotifySeverity, Provider, SecretSource, When};
use crate::redact::Redactor;
use crate::secret::{self, SecretError, Unread};
use crate::step::{Keyring, Variables, comes_from_a_step, declared};
use crate::units::Secret;
use std::cell::RefCell;
use std::path::Path;

/// Values of variables, and who knows what of them no output may show.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) variables: Variables,
    pub(super) redactor: Redactor,
    /// What is secret and could not be read: nobody knows it when it is printed.
    pub(super) unread: Vec<Unread>,
}

/// The values that a runbook needs and that are not there: it would stop half-way, or show what nobody may see.
#[derive(Debug, Clone, Default)]
pub struct MissingValues {
    /// Steps whose variables have no value here, each with the variables' names.
    pub variables: Vec<(String, Vec<String>)>,
    /// Secrets that could not be read.
    pub unread: Vec<Unread>,
}

impl Values {
    pub(super) async fn of(plan: &ExecutionPlan, root: &Path, redactor: Redactor) -> Self {
        let mut values = Self { variables: Variables::default(), redactor, unread: Vec::new() };
        let Self { variables, redactor, unread } = &mut values;
        variables.set("root", root.display().to_string());
        if let Some(name) = &plan.environment_name {
            variables.set("env", name.as_str());
        }
        variables.set_prometheus(&plan.environment, redactor);
        variables.set("severity", plan.runbook.severity.unwrap_or(NotifySeverity::Error).word());
        for (role, declared) in &plan.runbook.roles {
            variables.set(format!("role.{role}"), holder(role, declared, &[]).unwrap_or(NOT_NAMED));
        }
        of_service(plan, variables, redactor);
        for (name, provider) in &plan.providers {
            match stored_key(plan, provider, root).await {
                Ok(Some(key)) => {
                    redactor.learn(name, &key);
                    variables.set(format!("credential.{name}"), key);
                }
                Ok(None) => {}
                Err(error) => {
                    let whose = provider.credential.clone().unwrap_or_else(|| name.clone());
                    let new = Unread::of(whose, &error);
                    // Providers may share a credential.
                    unread.extend(Some(new).filter(|new| !unread.contains(new)));
                }
            }
        }
        let site = secret::SecretContext { stores: &plan.stores, root };
        values.read_secrets(plan, site).await;
        let Self { redactor, unread, .. } = &mut values;
        secret::learn(&SecretSource::of_execution(plan), site, redactor, unread);
        values
    }

    /// Tokens that the inventory names, by reference.
    async fn read_secrets(&mut self, plan: &ExecutionPlan, site: secret::SecretContext<'_>) {
        for (name, from) in &plan.secrets {
            match secret::held(from, site).await {
                Ok(value) => {
                    self.redactor.learn(name, &value);
                    self.variables.set(format!("secret.{name}"), value);
                }
                Err(error) => self.unread.push(Unread::of(format!("secret.{name}"), &error)),
            }
        }
    }

    /// The credentials that steps may rotate.
    pub(super) fn keyring(&self, plan: &ExecutionPlan, root: &Path, recorder: Recorder) -> Keyring {
        let keepings = declared(&plan.credentials, &plan.providers, &plan.stores, root);
        Keyring::new(keepings, plan.stores.clone(), root.to_owned(), recorder, self.redactor.clone())
    }

    /// Steps with variables that have no value here, each with the variables' names.
    pub(super) fn missing(&self, plan: &ExecutionPlan) -> Vec<(String, Vec<String>)> {
        let steps = plan.runbook.steps.iter();
        let mut missing = Vec::new();
        for step in steps {
            let when = step.when.iter().filter_map(|when| match when {
                When::Is { value, .. } | When::IsNot { value, .. } => Some(value.as_str()),
                // What an expression lacks, its step says.
                When::Ended { .. } | When::Holds { .. } => None,
            });
            let undo = step.undo.iter().flat_map(Action::texts).chain(step.description.as_deref());
            let mut names: Vec<String> =
                step.action.texts().into_iter().chain(undo).chain(when).flat_map(|text| self.unknown(text)).collect();
            names.sort();
            names.dedup();
            if !names.is_empty() {
                missing.push((step.name.clone(), names));
            }
        }
        for update in &plan.runbook.updates {
            let names: Vec<String> = self.unknown(&update.message).into_iter().filter(|name| name != "end").collect();
            if !names.is_empty() {
                missing.push((format!("update to {}", update.to), names));
            }
        }
        missing
    }

    /// Variables of a text that have no value; those that an earlier step gives are left out.
    fn unknown(&self, text: &str) -> Vec<String> {
        let unknown = RefCell::new(Vec::new());
        // Each that is missing gets a value, so that the next is found as well.
        let _ = crate::units::expand(text, |name| {
            if !comes_from_a_step(name) && !self.variables.has(name) {
                unknown.borrow_mut().push(name.to_owned());
            }
            Some(String::new())
        });
        unknown.into_inner()
    }
}

/// Values that come from the service, and from where it is found in this environment.
fn of_service(plan: &ExecutionPlan, variables: &mut Variables, redactor: &Redactor) {
    if let Some(service) = &plan.service {
        variables.set("primary", service.primary());
        if let Some(standby) = service.providers.get(1) {
            variables.set("standby", standby.as_str());
        }
    }
    if let Some(name) = &plan.service_name {
        variables.set("service.name", name.as_str());
        if let Some(binding) = plan.environment.services.get(name) {
            // What an environment starts itself, and on which port, only a drill of it knows.
            if !binding.url.contains("${") {
                variables.set("service.url", binding.url.as_str());
                variables.set("gateway.url", binding.url.as_str());
            }
            if let Some(key) = binding.key_from.as_ref().and_then(|variable| secret::variable(variable)) {
                redactor.learn(&format!("clients of {name}"), &key);
                variables.set("service.key", key);
            }
        }
    }
}

/// What to type that would give these variables values, where that is a flag which was left out.
pub fn flags_for(plan: &ExecutionPlan, names: &[String]) -> Option<&'static str> {
    let by_flag =
        |name: &String| matches!(name.as_str(), "primary" | "standby") || name.starts_with("service.") || name.starts_with("gateway.");
    match (&plan.environment_name, &plan.service_name) {
        _ if !names.iter().any(by_flag) => None,
        (None, None) => Some("name environment and service with `--env NAME --service NAME`"),
        (None, Some(_)) => Some("name the environment with `--env NAME`"),
        (Some(_), None) => Some("name the service with `--service NAME`"),
        (Some(_), Some(_)) => None,
    }
}

/// What is missing in this environment. A runbook like this would stop half-way.
pub async fn missing(plan: &ExecutionPlan, root: &Path) -> MissingValues {
    let values = Values::of(plan, root, Redactor::default()).await;
    MissingValues { variables: values.missing(plan), unread: values.unread }
}

/// A provider's credential from where the inventory says, where it is there.
async fn stored_key(plan: &ExecutionPlan, provider: &Provider, root: &Path) -> Result<Option<Secret>, SecretError> {
    let declared = provider.credential.as_ref().and_then(|name| plan.credentials.get(name));
    match declared {
        Some(credential) => secret::current(&credential.from, secret::SecretContext { stores: &plan.stores, root }).await,
        None => Ok(None),
    }
}
