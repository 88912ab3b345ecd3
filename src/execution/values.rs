//! What variables stand for outside a drill, and which of a runbook's have no value here.

use crate::journal::Recorder;
use crate::model::{Action, ExecutionPlan, Provider, When};
use crate::redact::Redactor;
use crate::secret;
use crate::step::{Keyring, Variables, comes_from_a_step, declared};
use crate::units::Secret;
use std::cell::RefCell;
use std::path::Path;

/// Values of variables, and who knows what of them no output may show.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) variables: Variables,
    pub(super) redactor: Redactor,
}

impl Values {
    pub(super) async fn of(plan: &ExecutionPlan, root: &Path, redactor: Redactor) -> Self {
        let mut values = Self { variables: Variables::default(), redactor };
        let Self { variables, redactor } = &mut values;
        variables.set("root", root.display().to_string());
        if let Some(service) = &plan.service {
            variables.set("primary", service.primary());
            if let Some(standby) = service.standbys().first() {
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
                if let Some(key) = binding.key_from.as_ref().and_then(|variable| std::env::var(variable).ok()).map(Secret::new) {
                    redactor.learn(&format!("clients of {name}"), &key);
                    variables.set("service.key", key);
                }
            }
        }
        for (name, provider) in &plan.providers {
            if let Some(key) = stored_key(plan, provider, root).await {
                redactor.learn(name, &key);
                variables.set(format!("credential.{name}"), key);
            }
        }
        values
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
                When::Ended { .. } => None,
            });
            let undo = step.undo.iter().flat_map(Action::texts);
            let mut names: Vec<String> =
                step.action.texts().into_iter().chain(undo).chain(when).flat_map(|text| self.unknown(text)).collect();
            names.sort();
            names.dedup();
            if !names.is_empty() {
                missing.push((step.name.clone(), names));
            }
        }
        missing
    }

    /// Variables of a text that have no value; those that an earlier step gives are left out.
    fn unknown(&self, text: &str) -> Vec<String> {
        let unknown = RefCell::new(Vec::new());
        // Each that is missing gets a value, so that the next is found as well.
        let _ = crate::spec::expand(text, |name| {
            if !comes_from_a_step(name) && !self.variables.has(name) {
                unknown.borrow_mut().push(name.to_owned());
            }
            Some(String::new())
        });
        unknown.into_inner()
    }
}

/// Steps whose variables have no value in this environment, each with their names. A runbook like this would stop half-way.
pub async fn missing(plan: &ExecutionPlan, root: &Path) -> Vec<(String, Vec<String>)> {
    Values::of(plan, root, Redactor::default()).await.missing(plan)
}

/// A provider's credential from where the inventory says, where it is there.
async fn stored_key(plan: &ExecutionPlan, provider: &Provider, root: &Path) -> Option<Secret> {
    let source = &plan.credentials.get(provider.credential.as_ref()?)?.from;
    secret::current(source, secret::Site { stores: &plan.stores, root }).await
}
